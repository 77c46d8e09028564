#include "app/evaluation/measuring.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "app/models.h"
#include "app/renderer_process.h"
#include "app/workspace.h"
#include "evaluator/feature_file.h"
#include "support/error.h"
#include "support/file.h"
#include "support/hash.h"
#include "support/json.h"

namespace stylus::app {
namespace {

namespace fs = std::filesystem;
using evaluator::Manifest;
using evaluator::RunResults;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t kPicturesInFile = 512;
constexpr const char* kReferenceFile = "reference.safetensors";

/// A network and where its rows are kept.
struct Extractor {
  std::string kind;
  fs::path model, tokenizer;
  std::string resize;
  std::string id;  ///< Of weights and preprocessing.
};

std::string file_hash(const fs::path& path) {
  const MappedFile file(path);
  Sha256 hash;
  hash.update(file.bytes());
  return hash.hex();
}

Extractor clip_extractor(const Manifest& run, const Locations& locations) {
  Extractor clip;
  clip.kind = "clip";
  const Model embedded = run.metrics.clip == "mini" ? find_model(locations, "mini") : Model();
  clip.model =
      run.metrics.clip == "mini" ? embedded.path / "mini_clip" : fs::path(run.metrics.clip);
  if (!run.metrics.clip_tokenizer.empty()) {
    clip.tokenizer = run.metrics.clip_tokenizer;
  } else if (fs::exists(clip.model / "vocab.json")) {
    clip.tokenizer = clip.model;
  } else if (fs::exists(clip.model / "tokenizer" / "vocab.json")) {
    clip.tokenizer = clip.model / "tokenizer";
  } else if (run.metrics.clip == "mini") {
    clip.tokenizer = embedded.path / "tokenizer";
  } else {
    clip.tokenizer = find_clip_vocabulary(locations);
  }
  require(fs::exists(clip.model / "model.safetensors"), ErrorCode::kNotFound, "the CLIP model '",
          clip.model.string(),
          "' has no model.safetensors; give the folder of a model that transformers saved");
  clip.id = file_hash(clip.model / "model.safetensors");
  if (fs::exists(clip.model / "preprocessor_config.json")) {
    clip.id += file_hash(clip.model / "preprocessor_config.json");
  }
  return clip;
}

/// The pictures of a folder, in the order of their names.
struct Reference {
  std::vector<fs::path> files;
  std::vector<std::string> hashes;
};

Reference reference_of(const fs::path& folder) {
  require(fs::is_directory(folder), ErrorCode::kNotFound, "the reference '", folder.string(),
          "' is no folder of pictures");
  Reference result;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    std::string ending = entry.path().extension().string();
    std::transform(ending.begin(), ending.end(), ending.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    if (entry.is_regular_file() && (ending == ".png" || ending == ".jpg" || ending == ".jpeg")) {
      result.files.push_back(entry.path());
    }
  }
  require(!result.files.empty(), ErrorCode::kNotFound, "the reference '", folder.string(),
          "' holds no PNG or JPEG file");
  std::sort(result.files.begin(), result.files.end());
  for (const fs::path& file : result.files) {
    result.hashes.push_back(file_hash(file));
  }
  return result;
}

/// Runs `stylus-evaluate` unless its output is there already.
class FeatureStore {
 public:
  FeatureStore(const EvaluateCommand& command, const evaluator::RunFolder& folder, Extractor how)
      : command_(command), folder_(folder), how_(std::move(how)) {}

  /// `names` tell the content of pictures or texts, for the file's name.
  evaluator::FeatureFile rows(const std::vector<fs::path>& pictures,
                              const std::vector<std::string>& texts,
                              const std::vector<std::string>& names,
                              const std::function<void(std::size_t)>& on_step) {
    std::string content = how_.kind + "\n" + how_.id + "\n" + how_.resize + "\n";
    content += json({names, texts}).dump();
    const fs::path file = fs::absolute(folder_.features()) /
                          (how_.kind + "-" + sha256_hex(content).substr(0, 24) + ".safetensors");
    if (!fs::exists(file)) {
      ordered_json paths = ordered_json::array();
      for (const fs::path& picture : pictures) {
        paths.push_back(fs::absolute(picture).string());
      }
      const ordered_json job = {{"stylus_feature_job", 1},
                                {"kind", how_.kind},
                                {"model", fs::absolute(how_.model).string()},
                                {"tokenizer", how_.tokenizer.string()},
                                {"resize", how_.resize},
                                {"pictures", std::move(paths)},
                                {"texts", texts},
                                {"output", file.string()},
                                {"device", command_.device},
                                {"threads", command_.threads}};
      run_helper("stylus-evaluate", "metrics need", job, [&](const json& event) {
        if (json_string(event, "event") == "step") {
          on_step(event.value("done", std::size_t{0}));
        } else if (json_string(event, "event") == "done") {
          write_file_atomically(file.string() + ".json", event.dump() + "\n");
        }
      });
    }
    return evaluator::read_feature_file(file);
  }

  [[nodiscard]] const fs::path& model() const { return how_.model; }

  /// How many texts of the file of these texts were cut.
  std::size_t truncated(const std::vector<std::string>& texts) const {
    std::string content = how_.kind + "\n" + how_.id + "\n" + how_.resize + "\n";
    content += json({std::vector<std::string>(), texts}).dump();
    const fs::path file =
        folder_.features() /
        (how_.kind + "-" + sha256_hex(content).substr(0, 24) + ".safetensors.json");
    if (!fs::exists(file)) {
      return 0;
    }
    return parse_json(read_file(file, 1 << 20), file.string()).value("truncated", std::size_t{0});
  }

 private:
  const EvaluateCommand& command_;
  const evaluator::RunFolder& folder_;
  Extractor how_;
};

}  // namespace

RunResults gather_results(const GlobalOptions& global, const EvaluateCommand& command,
                          const Manifest& run, const evaluator::RunFolder& folder,
                          const evaluator::RunStore& store, const ProgressFn& progress) {
  RunResults results;
  results.manifest = run;
  results.items = store.items();
  results.pictures = store.pictures();
  results.plans = store.plans();
  results.times = store.times();
  std::vector<fs::path> files;
  std::vector<std::string> hashes;
  for (const evaluator::PictureRecord& record : results.pictures) {
    if (record.state == evaluator::PictureState::kDone) {
      results.picture_rows[record.task.key] = files.size();
      files.push_back(folder.picture(record.sha256));
      hashes.push_back(record.sha256);
    }
  }
  const Reference reference =
      run.metrics.reference.empty() ? Reference() : reference_of(run.metrics.reference);
  // Rows of all pictures, in files of a fixed number of them.
  const auto rows_of_pictures = [&](FeatureStore& store_of, const char* stage) {
    Rows rows;
    for (std::size_t i = 0; i < files.size(); i += kPicturesInFile) {
      const std::size_t end = std::min(i + kPicturesInFile, files.size());
      const auto part = [&](const auto& all) {
        return std::vector(all.begin() + static_cast<std::ptrdiff_t>(i),
                           all.begin() + static_cast<std::ptrdiff_t>(end));
      };
      const auto on_step = [&](std::size_t done) { progress({stage, i + done, files.size()}); };
      evaluator::append_rows(rows, store_of.rows(part(files), {}, part(hashes), on_step).pictures);
    }
    return rows;
  };
  if (!run.metrics.inception.empty()) {
    Extractor how;
    how.kind = "inception";
    how.model = run.metrics.inception;
    how.resize = run.metrics.inception_resize;
    how.id = file_hash(how.model);
    FeatureStore inception(command, folder, how);
    results.inception_pictures = rows_of_pictures(inception, "looking with Inception");
    if (!reference.files.empty()) {
      results.inception_reference =
          inception.rows(reference.files, {}, reference.hashes, [](std::size_t) {}).pictures;
    }
  }
  if (run.metrics.clip.empty()) {
    return results;
  }
  FeatureStore clip(command, folder, clip_extractor(run, find_locations(global)));
  results.clip_pictures = rows_of_pictures(clip, "measuring");
  std::vector<std::string> texts;
  for (const evaluator::RunPrompt& prompt : run.prompts) {
    texts.push_back(prompt.text);
  }
  results.clip_texts = clip.rows({}, texts, {}, [](std::size_t) {}).texts;
  results.texts_truncated = clip.truncated(texts);
  if (!reference.files.empty()) {
    results.reference =
        clip.rows(reference.files, {}, reference.hashes, [](std::size_t) {}).pictures;
  } else if (run.metrics.clip == "mini" && fs::exists(clip.model() / kReferenceFile)) {
    results.reference = evaluator::read_feature_file(clip.model() / kReferenceFile).pictures;
  }
  return results;
}

}  // namespace stylus::app
