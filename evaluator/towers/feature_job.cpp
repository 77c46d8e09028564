#include "evaluator/towers/feature_job.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "evaluator/feature_file.h"
#include "evaluator/towers/feature_model.h"
#include "support/error.h"
#include "support/json.h"
#include "support/picture.h"

namespace stylus::evaluator {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::string_view kWhat = "the feature job";
constexpr JsonLimits kLimits = {std::size_t{256} << 20U, 16, false};

std::string text_of(const json& root, const char* key, std::string fallback = {}) {
  const auto found = root.find(key);
  if (found == root.end()) {
    return fallback;
  }
  require(found->is_string(), ErrorCode::kCorruptData, kWhat, ": ", key, " must be a text");
  return found->get<std::string>();
}

std::vector<std::string> texts_of(const json& root, const char* key) {
  std::vector<std::string> result;
  const auto found = root.find(key);
  if (found == root.end()) {
    return result;
  }
  require(found->is_array(), ErrorCode::kCorruptData, kWhat, ": ", key, " must be a list");
  for (const json& entry : *found) {
    require(entry.is_string(), ErrorCode::kCorruptData, kWhat, ": ", key, " must hold texts");
    result.push_back(entry.get<std::string>());
  }
  return result;
}

std::int64_t count_of(const json& root, const char* key, std::int64_t fallback, std::int64_t most) {
  const auto found = root.find(key);
  if (found == root.end()) {
    return fallback;
  }
  require(found->is_number_integer() && found->get<std::int64_t>() >= 0 &&
              found->get<std::int64_t>() <= most,
          ErrorCode::kCorruptData, kWhat, ": ", key, " must be a whole number up to ", most);
  return found->get<std::int64_t>();
}

void say(std::ostream& out, const ordered_json& event) {
  out << event.dump() << '\n' << std::flush;
}

}  // namespace

FeatureJob read_feature_job(std::string_view text) {
  const json root = parse_json(text, kWhat, kLimits);
  require(root.is_object(), ErrorCode::kCorruptData, kWhat, " is no object");
  const std::int64_t version = count_of(root, "stylus_feature_job", 0, 1'000'000);
  require(version == 1, ErrorCode::kUnsupported, kWhat, " has version ", version,
          "; this program reads version 1");
  FeatureJob job;
  job.kind = text_of(root, "kind");
  require(job.kind == "clip" || job.kind == "inception", ErrorCode::kUnsupported, kWhat,
          ": kind is '", job.kind, "'; this program knows clip and inception");
  job.model = text_of(root, "model");
  job.tokenizer = text_of(root, "tokenizer");
  job.resize = text_of(root, "resize", job.resize);
  for (const std::string& picture : texts_of(root, "pictures")) {
    job.pictures.emplace_back(picture);
  }
  job.texts = texts_of(root, "texts");
  job.output = text_of(root, "output");
  require(!job.model.empty() && !job.output.empty(), ErrorCode::kCorruptData, kWhat,
          " names no model or no output");
  job.device = text_of(root, "device", job.device);
  job.threads = static_cast<int>(count_of(root, "threads", 0, 4096));
  job.batch = static_cast<std::size_t>(count_of(root, "batch", 32, 4096));
  require(job.batch > 0, ErrorCode::kCorruptData, kWhat, ": batch must be at least 1");
  return job;
}

void run_feature_job(const FeatureJob& job, std::ostream& events,
                     const std::atomic<bool>& cancelled) {
  const std::unique_ptr<FeatureModel> model = open_feature_model(job);
  const std::size_t total = job.pictures.size() + job.texts.size();
  FeatureFile file;
  for (std::size_t i = 0; i < job.pictures.size(); i += job.batch) {
    require(!cancelled, ErrorCode::kCancelled, "stopped; nothing was written");
    std::vector<Picture> pictures;
    for (std::size_t j = i; j < std::min(i + job.batch, job.pictures.size()); ++j) {
      pictures.push_back(read_picture(job.pictures[j]));
    }
    append_rows(file.pictures, model->picture_rows(pictures));
    say(events, {{"event", "step"}, {"done", i + pictures.size()}, {"total", total}});
  }
  std::size_t truncated = 0;
  for (std::size_t i = 0; i < job.texts.size(); i += job.batch) {
    require(!cancelled, ErrorCode::kCancelled, "stopped; nothing was written");
    const std::size_t end = std::min(i + job.batch, job.texts.size());
    const std::vector<std::string> texts(job.texts.begin() + static_cast<std::ptrdiff_t>(i),
                                         job.texts.begin() + static_cast<std::ptrdiff_t>(end));
    append_rows(file.texts, model->text_rows(texts, truncated));
    say(events, {{"event", "step"}, {"done", job.pictures.size() + end}, {"total", total}});
  }
  write_feature_file(job.output, file);
  ordered_json done = {{"event", "done"},
                       {"width", model->width()},
                       {"pictures", job.pictures.size()},
                       {"texts", job.texts.size()},
                       {"truncated", truncated}};
  if (const std::optional<SigmoidScale> sigmoid = model->sigmoid()) {
    done["sigmoid_scale"] = sigmoid->scale;
    done["sigmoid_bias"] = sigmoid->bias;
  }
  say(events, done);
}

}  // namespace stylus::evaluator
