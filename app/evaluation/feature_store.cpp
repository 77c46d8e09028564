#include "app/evaluation/feature_store.h"

#include <nlohmann/json.hpp>

#include "app/models.h"
#include "app/renderer_process.h"
#include "support/error.h"
#include "support/file.h"
#include "support/hash.h"
#include "support/json.h"

namespace stylus::app {
namespace {

namespace fs = std::filesystem;
using evaluator::Manifest;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t kLargestFacts = std::size_t{1} << 20U;

/// Where the tokenizer of a CLIP or SigLIP folder lies; CLIP's own vocabulary where it has none.
fs::path tokenizer_of(const fs::path& model, const fs::path& fallback) {
  for (const fs::path& folder : {model, model / "tokenizer"}) {
    if (fs::exists(folder / "spiece.model")) {
      return folder / "spiece.model";
    }
    if (fs::exists(folder / "vocab.json")) {
      return folder;
    }
  }
  return fallback;
}

/// Hashes of the small files that decide what a tower answers.
std::string settings_of(const Tower& tower, ContentHashes& hashes) {
  std::string settings;
  for (const fs::path& file :
       {tower.model / "config.json", tower.model / "preprocessor_config.json", tower.tokenizer,
        tower.tokenizer / "vocab.json", tower.tokenizer / "merges.txt"}) {
    if (fs::is_regular_file(file)) {
      settings += hashes.file(file);
    }
  }
  return settings;
}

}  // namespace

Tower clip_tower(const Manifest& run, const Locations& locations, ContentHashes& hashes) {
  Tower tower;
  tower.kind = "clip";
  if (run.metrics.clip == "mini") {
    const fs::path embedded = find_model(locations, "mini").path;
    tower.model = embedded / "mini_clip";
    tower.tokenizer = embedded / "tokenizer";
    tower.content.name = "mini-CLIP";
  } else {
    tower.model = run.metrics.clip;
    tower.tokenizer = tokenizer_of(tower.model, find_clip_vocabulary(locations));
    tower.content.name = tower.model.filename().string();
  }
  if (!run.metrics.clip_tokenizer.empty()) {
    tower.tokenizer = run.metrics.clip_tokenizer;
  }
  const fs::path weights = tower.model / "model.safetensors";
  require(fs::exists(weights), ErrorCode::kNotFound, "the CLIP model '", tower.model.string(),
          "' has no model.safetensors; give the folder of a model that transformers saved");
  tower.content.sha256 = hashes.file(weights);
  tower.settings = settings_of(tower, hashes);
  return tower;
}

Tower inception_tower(const Manifest& run, ContentHashes& hashes) {
  Tower tower;
  tower.kind = "inception";
  tower.model = run.metrics.inception;
  tower.resize = run.metrics.inception_resize;
  tower.content = {"Inception", hashes.file(tower.model)};
  return tower;
}

fs::path FeatureStore::file_of(const std::vector<std::string>& hashes,
                               const std::vector<std::string>& texts) const {
  const json content = {tower_.kind, tower_.content.sha256, tower_.settings, tower_.resize, hashes,
                        texts};
  return fs::absolute(folder_.features()) /
         (tower_.kind + "-" + sha256_hex(content.dump()).substr(0, 24) + ".safetensors");
}

void FeatureStore::look(const fs::path& output, const std::vector<fs::path>& pictures,
                        const std::vector<std::string>& texts,
                        const std::function<void(std::size_t)>& on_step) const {
  ordered_json paths = ordered_json::array();
  for (const fs::path& picture : pictures) {
    paths.push_back(fs::absolute(picture).string());
  }
  const ordered_json job = {{"stylus_feature_job", 1},
                            {"kind", tower_.kind},
                            {"model", fs::absolute(tower_.model).string()},
                            {"tokenizer", tower_.tokenizer.string()},
                            {"resize", tower_.resize},
                            {"pictures", std::move(paths)},
                            {"texts", texts},
                            {"output", output.string()},
                            {"device", command_.device},
                            {"threads", command_.threads}};
  run_helper("stylus-evaluate", "metrics need", job, [&](const json& event) {
    if (json_string(event, "event") == "step") {
      on_step(event.value("done", std::size_t{0}));
    } else if (json_string(event, "event") == "done") {
      write_file_atomically(output.string() + ".json", event.dump() + "\n");
    }
  });
}

Rows FeatureStore::pictures(const std::vector<fs::path>& files,
                            const std::vector<std::string>& hashes,
                            const std::function<void(std::size_t)>& on_step) const {
  const fs::path file = file_of(hashes, {});
  if (!fs::exists(file)) {
    look(file, files, {}, on_step);
  }
  return evaluator::read_feature_file(file).pictures;
}

FeatureStore::Texts FeatureStore::texts(const std::vector<std::string>& texts) const {
  if (texts.empty()) {
    return {};
  }
  const fs::path file = file_of({}, texts);
  const fs::path facts_file = file.string() + ".json";
  // The facts come last: without them the rows are of a program that was stopped between the two.
  if (!fs::exists(file) || !fs::exists(facts_file)) {
    look(file, {}, texts, [](std::size_t) {});
  }
  Texts result;
  result.rows = evaluator::read_feature_file(file).texts;
  const json facts = parse_json(read_file(facts_file, kLargestFacts), facts_file.string());
  result.truncated = facts.value("truncated", std::size_t{0});
  if (facts.contains("sigmoid_scale")) {
    result.sigmoid = {facts.value("sigmoid_scale", 1.0), facts.value("sigmoid_bias", 0.0)};
  }
  return result;
}

}  // namespace stylus::app
