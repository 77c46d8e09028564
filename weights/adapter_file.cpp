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
  return recognise_adapter(content.tensors, content.metadata,
                           config_inside(content.metadata, what).value_or(beside), what, norms);
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
