#include "app/models.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/error.h"
#include "support/file.h"
#include "support/json.h"
#include "weights/base_family.h"

namespace stylus::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMaxSettingsBytes = std::size_t{1} << 20U;
constexpr const char* kEmbedded = "mini";

template <typename Number>
std::optional<Number> number_in(const json& settings, const char* key, const fs::path& file) {
  const auto found = settings.find(key);
  if (found == settings.end()) {
    return std::nullopt;
  }
  require(found->is_number(), ErrorCode::kCorruptData, "'", file.string(), "': ", key,
          " must be a number");
  return found->get<Number>();
}

Model model_at(const fs::path& path) {
  Model model;
  const fs::path clean = fs::absolute(path).lexically_normal();
  model.path = clean.has_filename() ? clean : clean.parent_path();
  model.name =
      fs::is_directory(model.path) ? model.path.filename().string() : model.path.stem().string();
  const fs::path file = model_settings_file(model.path);
  if (fs::exists(file)) {
    const json settings = parse_json(read_file(file, kMaxSettingsBytes), file.string());
    require(settings.is_object(), ErrorCode::kCorruptData, "'", file.string(),
            "' is no JSON object");
    model.base = weights::base_family(json_string(settings, "base"));
    model.guidance = number_in<double>(settings, "guidance", file);
    model.steps = number_in<std::int64_t>(settings, "steps", file);
    model.width = number_in<std::int64_t>(settings, "width", file);
    model.height = number_in<std::int64_t>(settings, "height", file);
    model.sampler = json_string(settings, "sampler");
  }
  return model;
}

bool is_model(const fs::path& path) {
  return fs::is_directory(path) ? fs::exists(path / "model_index.json")
                                : path.extension() == ".safetensors";
}

/// The embedded model: in a home folder, in the source tree of a build, or installed beside bin/.
fs::path find_embedded(const Locations& locations) {
  std::error_code none;
  const fs::path folder = fs::read_symlink("/proc/self/exe", none).parent_path();
  const std::vector<fs::path> candidates = {
      locations.home / "models" / kEmbedded, locations.default_home / "models" / kEmbedded,
      folder / ".." / "share" / "stylus" / kEmbedded, folder / ".." / ".." / "models" / kEmbedded};
  for (const fs::path& candidate : candidates) {
    if (fs::exists(candidate / "model_index.json", none)) {
      return fs::weakly_canonical(candidate);
    }
  }
  return {};
}

std::vector<fs::path> model_folders(const Locations& locations) {
  std::vector<fs::path> folders = {locations.home / "models" / "checkpoints"};
  if (locations.default_home != locations.home) {
    folders.push_back(locations.default_home / "models" / "checkpoints");
  }
  return folders;
}

}  // namespace

fs::path model_settings_file(const fs::path& model) {
  return fs::is_directory(model) ? model / "stylus.json"
                                 : fs::path(model).replace_extension(".stylus.json");
}

std::vector<Model> list_models(const Locations& locations) {
  std::vector<Model> models;
  for (const fs::path& folder : model_folders(locations)) {
    if (!fs::is_directory(folder)) {
      continue;
    }
    std::vector<fs::path> found;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      if (is_model(entry.path())) {
        found.push_back(entry.path());
      }
    }
    std::sort(found.begin(), found.end());
    for (const fs::path& path : found) {
      models.push_back(model_at(path));
    }
  }
  if (const fs::path embedded = find_embedded(locations); !embedded.empty()) {
    models.push_back(model_at(embedded));
  }
  return models;
}

Model find_model(const Locations& locations, const std::string& wanted) {
  if (!wanted.empty() && wanted.find('/') != std::string::npos) {
    require(fs::exists(wanted), ErrorCode::kNotFound, "there is no model at '", wanted, "'");
    return model_at(wanted);
  }
  const std::vector<Model> models = list_models(locations);
  std::string names;
  for (const Model& model : models) {
    if (wanted.empty() || model.name == wanted) {
      return model;
    }
    names += names.empty() ? "" : ", ";
    names += model.name;
  }
  if (!wanted.empty() && fs::exists(wanted)) {
    return model_at(wanted);
  }
  fail(ErrorCode::kNotFound,
       wanted.empty() ? "there is no model" : "there is no model '" + wanted + "'",
       names.empty() ? "" : "; there are: " + names,
       "; put a checkpoint (a diffusers folder or a .safetensors file) into '",
       model_folders(locations).front().string(), "', or give its path with --model");
}

fs::path find_clip_vocabulary(const Locations& locations) {
  for (const fs::path& home : {locations.home, locations.default_home}) {
    const fs::path file = home / "models" / "clip" / "bpe_simple_vocab_16e6.txt";
    if (fs::exists(file)) {
      return file;
    }
  }
  return {};
}

}  // namespace stylus::app
