#include "app/evaluation/measuring.h"

#include <algorithm>
#include <cctype>

#include "app/evaluation/feature_store.h"
#include "support/error.h"

namespace stylus::app {
namespace {

namespace fs = std::filesystem;
using evaluator::Manifest;
using evaluator::RunResults;

constexpr std::size_t kPicturesInFile = 512;
constexpr const char* kReferenceFile = "reference.safetensors";

/// Pictures with the SHA-256 of each.
struct PictureFiles {
  std::vector<fs::path> files;
  std::vector<std::string> hashes;
};

/// The pictures of a folder, in the order of their names.
PictureFiles reference_of(const fs::path& folder, ContentHashes& hashes) {
  require(fs::is_directory(folder), ErrorCode::kNotFound, "the reference '", folder.string(),
          "' is no folder of pictures; name one with metrics.reference in the run file");
  PictureFiles result;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    std::string ending = entry.path().extension().string();
    std::transform(ending.begin(), ending.end(), ending.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    if (entry.is_regular_file() && (ending == ".png" || ending == ".jpg" || ending == ".jpeg")) {
      result.files.push_back(entry.path());
    }
  }
  require(!result.files.empty(), ErrorCode::kNotFound, "the reference '", folder.string(),
          "' holds no PNG or JPEG file; put the real pictures there");
  std::sort(result.files.begin(), result.files.end());
  for (const fs::path& file : result.files) {
    result.hashes.push_back(hashes.file(file));
  }
  return result;
}

/// Rows of many pictures, in files of a fixed number of them.
Rows rows_of(const FeatureStore& store, const PictureFiles& pictures, const char* stage,
             const ProgressFn& progress) {
  Rows rows;
  const std::size_t total = pictures.files.size();
  for (std::size_t i = 0; i < total; i += kPicturesInFile) {
    const std::size_t end = std::min(i + kPicturesInFile, total);
    const auto part = [&](const auto& all) {
      return std::vector(all.begin() + static_cast<std::ptrdiff_t>(i),
                         all.begin() + static_cast<std::ptrdiff_t>(end));
    };
    evaluator::append_rows(
        rows, store.pictures(part(pictures.files), part(pictures.hashes), [&](std::size_t done) {
          progress({stage, i + done, total});
        }));
  }
  return rows;
}

void look_with_clip(const FeatureStore& clip, const PictureFiles& made,
                    const PictureFiles& reference, const ProgressFn& progress,
                    RunResults& results) {
  results.towers.push_back(clip.tower().content);
  results.clip_pictures = rows_of(clip, made, "measuring", progress);
  std::vector<std::string> prompts;
  for (const evaluator::RunPrompt& prompt : results.manifest.prompts) {
    prompts.push_back(prompt.text);
  }
  FeatureStore::Texts texts = clip.texts(prompts);
  results.clip_texts = std::move(texts.rows);
  results.texts_truncated = texts.truncated;
  results.sigmoid = texts.sigmoid;
  results.keyword_texts = clip.texts(results.keywords.texts).rows;
  const fs::path embedded = clip.tower().model / kReferenceFile;
  if (!reference.files.empty()) {
    results.reference = rows_of(clip, reference, "measuring real pictures", progress);
  } else if (results.manifest.metrics.clip == "mini" && fs::exists(embedded)) {
    results.reference = evaluator::read_feature_file(embedded).pictures;
  }
}

}  // namespace

RunResults gather_results(const GlobalOptions& global, const EvaluateCommand& command,
                          const Manifest& run, const evaluator::RunFolder& folder,
                          const evaluator::RunStore& store, const ProgressFn& progress) {
  RunResults results;
  results.manifest = run;
  results.models = evaluator::locked_models(folder.path());
  results.items = store.items();
  results.pictures = store.pictures();
  results.plans = store.plans();
  results.times = store.times();
  results.keywords = evaluator::keywords_of_run(run, results.plans);
  PictureFiles made;
  for (const evaluator::PictureRecord& record : results.pictures) {
    if (record.state == evaluator::PictureState::kDone) {
      results.picture_rows[record.task.key] = made.files.size();
      made.files.push_back(folder.picture(record.sha256));
      made.hashes.push_back(record.sha256);
    }
  }
  const Locations locations = find_locations(global);
  ContentHashes hashes(locations);
  const PictureFiles reference =
      run.metrics.reference.empty() ? PictureFiles() : reference_of(run.metrics.reference, hashes);
  if (!run.metrics.clip.empty()) {
    const FeatureStore clip(command, folder, clip_tower(run, locations, hashes));
    look_with_clip(clip, made, reference, progress, results);
  }
  if (!run.metrics.inception.empty()) {
    const FeatureStore inception(command, folder, inception_tower(run, hashes));
    results.towers.push_back(inception.tower().content);
    results.inception_pictures = rows_of(inception, made, "looking with Inception", progress);
    results.inception_reference =
        rows_of(inception, reference, "looking at real pictures with Inception", progress);
  }
  hashes.save();
  return results;
}

}  // namespace stylus::app
