#include "encoder/encoder.h"

#include <nlohmann/json.hpp>

#include "encoder/bert_encoder.h"
#include "encoder/model_file.h"
#include "encoder/use_encoder.h"
#include "support/error.h"
#include "support/file.h"
#include "support/json.h"

namespace stylus::encoder {
namespace {

constexpr std::size_t kMaxDescriptionBytes = std::size_t{1} << 20U;
constexpr const char* kFetchAgain =
    "; delete the folder and run tools/fetch_encoder.py (see docs/formats.md#encoder-folder)";

/// encoder.json, as far as opening needs it.
struct Description {
  std::string architecture;
  std::string id;
  FileFacts model;
  FileFacts tokenizer;
};

FileFacts file_facts(const nlohmann::json& description, const std::filesystem::path& folder,
                     const char* name) {
  const nlohmann::json files = description.value("files", nlohmann::json::object());
  require(files.is_object() && files.contains(name) && files[name].is_object() &&
              files[name].contains("bytes") && files[name]["bytes"].is_number_unsigned(),
          ErrorCode::kCorruptData, (folder / "encoder.json").string(), " does not describe ", name,
          kFetchAgain);
  return {folder / name, files[name]["bytes"].get<std::size_t>(),
          json_string(files[name], "sums_sha256")};
}

Description read_description(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "encoder.json";
  require(std::filesystem::exists(path), ErrorCode::kNotFound, "there is no text encoder in ",
          folder.string(), " (no encoder.json); tools/fetch_encoder.py makes one");
  const nlohmann::json json =
      parse_json(read_file(path, kMaxDescriptionBytes), path.string(), {.max_depth = 8});
  require(json.is_object(), ErrorCode::kCorruptData, path.string(), " is not a JSON object",
          kFetchAgain);
  const auto format = json.find("format");
  require(format != json.end() && format->is_number_integer(), ErrorCode::kCorruptData,
          path.string(), " names no format", kFetchAgain);
  require(*format == 1, ErrorCode::kUnsupported, path.string(), " has format ", format->dump(),
          ", this stylus reads format 1", kFetchAgain);
  return {json_string(json, "architecture"), json_string(json, "id"),
          file_facts(json, folder, "model.safetensors"),
          file_facts(json, folder, "tokenizer.safetensors")};
}

/// Both files say whose they are, so that folders cannot be mixed up.
void require_same_name(const ModelFile& file, const FileFacts& facts, const Description& expected) {
  const auto& metadata = file.content().metadata;
  for (const auto& [key, value] : {std::pair<const char*, const std::string&>{"id", expected.id},
                                   {"architecture", expected.architecture}}) {
    const auto found = metadata.find(key);
    require(found != metadata.end() && found->second == value, ErrorCode::kCorruptData,
            facts.path.string(), " has the ", key, " '",
            found == metadata.end() ? "" : found->second, "', encoder.json says '", value, "'",
            kFetchAgain);
  }
}

ModelFile open_file(const FileFacts& facts, const Description& description,
                    std::string_view late_tensor = {}) {
  ModelFile file(facts, late_tensor);
  require_same_name(file, facts, description);
  return file;
}

}  // namespace

std::unique_ptr<TextEncoder> open_text_encoder(const std::filesystem::path& folder) {
  const Description description = read_description(folder);
  if (description.architecture == "use") {
    return std::make_unique<UseEncoder>(
        description.id, open_file(description.model, description, "embedding.codes"),
        open_file(description.tokenizer, description));
  }
  if (description.architecture == "bert") {
    return std::make_unique<BertEncoder>(
        description.id, open_file(description.model, description, "embedding.words"),
        open_file(description.tokenizer, description));
  }
  fail(ErrorCode::kUnsupported, (folder / "encoder.json").string(), " names the architecture '",
       description.architecture, "'; known: use, bert", kFetchAgain);
}

}  // namespace stylus::encoder
