#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "nn/tensor_source.h"
#include "support/error.h"
#include "support/file.h"
#include "support/json.h"
#include "weights/safetensors_file.h"
#include "weights/shown_name.h"

namespace stylus::nn {
namespace {

constexpr std::size_t kLongestIndex = std::size_t{64} << 20U;

}  // namespace

void add_stored_tensors(const std::shared_ptr<const weights::SafetensorsFile>& file,
                        const std::string& what, StoredTensors& tensors) {
  for (const weights::Tensor& tensor : file->tensors()) {
    const bool is_new =
        tensors.try_emplace(tensor.name, StoredTensor{tensor, file, 0, 1, false}).second;
    require(is_new, ErrorCode::kCorruptData, what, ": tensor ", weights::shown_name(tensor.name),
            " is in two of the files");
  }
}

namespace {

void add_file(StoredTensors& all, const std::filesystem::path& path) {
  add_stored_tensors(std::make_shared<const weights::SafetensorsFile>(path), path.string(), all);
}

}  // namespace

StoredTensors read_stored_tensors(const std::filesystem::path& path) {
  StoredTensors all;
  if (path.extension() != ".json") {
    add_file(all, path);
    return all;
  }
  const std::string what = path.string();
  const nlohmann::json index = parse_json(read_file(path, kLongestIndex), what);
  const auto map = index.find("weight_map");
  require(index.is_object() && map != index.end() && map->is_object(), ErrorCode::kCorruptData,
          what, " has no weight_map");
  std::set<std::string> files;
  for (const auto& [name, file] : map->items()) {
    require(file.is_string(), ErrorCode::kCorruptData, what, ": the file of ",
            weights::shown_name(name), " is not a text");
    files.insert(file.get<std::string>());
  }
  for (const std::string& file : files) {
    require(!file.empty() && std::filesystem::path(file).filename() == file,
            ErrorCode::kCorruptData, what,
            " names a file in another folder: ", weights::shown_name(file));
    add_file(all, path.parent_path() / file);
  }
  for (const auto& [name, file] : map->items()) {
    require(all.contains(name), ErrorCode::kCorruptData, what, " puts tensor ",
            weights::shown_name(name), " into ", file.get<std::string>(), ", which lacks it");
  }
  return all;
}

}  // namespace stylus::nn
