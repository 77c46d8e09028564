#include "weights/adapter_file.h"

#include "support/file.h"
#include "weights/adapter_config.h"
#include "weights/foreign_format.h"
#include "weights/recogniser.h"
#include "weights/safetensors_file.h"
#include "weights/shown_name.h"

namespace stylus::weights {
namespace {

AdapterFacts read_bytes(std::span<const std::byte> file, const AdapterConfig& beside,
                        std::string_view what, NormMode norms) {
  refuse_foreign_format(file, what);
  const Safetensors content = parse_safetensors(file, what);
  const auto own = content.metadata.find("lora_adapter_metadata");
  if (own == content.metadata.end()) {
    return recognise_adapter(content.tensors, content.metadata, beside, what, norms);
  }
  const AdapterConfig inside =
      parse_adapter_metadata(own->second, std::string(what) + ", lora_adapter_metadata");
  return recognise_adapter(content.tensors, content.metadata, inside, what, norms);
}

/// PEFT saves a folder: the tensors in adapter_model.safetensors, alpha in adapter_config.json.
AdapterConfig config_beside(const std::filesystem::path& path) {
  constexpr std::size_t kLongestConfig = std::size_t{8} << 20U;
  const std::filesystem::path config = path.parent_path() / "adapter_config.json";
  std::error_code ignored;
  if (path.filename() != "adapter_model.safetensors" ||
      !std::filesystem::is_regular_file(config, ignored)) {
    return {};
  }
  return parse_adapter_config(read_file(config, kLongestConfig), shown_name(config.string()));
}

}  // namespace

AdapterFacts read_adapter_file(const std::filesystem::path& path, NormMode norms) {
  const MappedFile file(path);
  return read_bytes(file.bytes(), config_beside(path), shown_name(path.string()), norms);
}

AdapterFacts read_adapter_bytes(std::span<const std::byte> file, std::string_view what,
                                NormMode norms) {
  return read_bytes(file, {}, what, norms);
}

}  // namespace stylus::weights
