#include "evaluator/manifest.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "evaluator/json_fields.h"
#include "support/error.h"
#include "support/hash.h"
#include "support/json.h"

namespace stylus::evaluator {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::array<std::pair<const char*, MethodKind>, 6> kKinds = {
    {{"base", MethodKind::kBase},
     {"random", MethodKind::kRandom},
     {"top-k", MethodKind::kTopK},
     {"stylus", MethodKind::kStylus},
     {"llm", MethodKind::kLlm},
     {"plans", MethodKind::kPlans}}};

fs::path path_in(const std::string& text, const fs::path& folder) {
  return text.empty() ? fs::path() : (folder / text).lexically_normal();
}

Method method_of(const json& value, const fs::path& folder, const std::string& what) {
  Method method;
  const json object = value.is_string() ? json{{"name", value}} : value;
  JsonFields fields(object, what + ": methods");
  method.name = fields.text("name", "");
  require(!method.name.empty(), ErrorCode::kCorruptData, what,
          ": a method has no name; write {\"name\": …, \"kind\": …} or the kind alone");
  const std::string kind = fields.text("kind", method.name);
  const auto known =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& k) { return k.first == kind; });
  require(known != kKinds.end(), ErrorCode::kInvalidArgument, what, ": '", kind,
          "' is no kind of method; use base, random, top-k, stylus, llm or plans");
  method.kind = known->second;
  method.adapters = static_cast<int>(fields.count("adapters", 2, 0, 16));
  method.as_many_as = fields.text("as_many_as", "");
  method.plans = path_in(fields.text("file", ""), folder);
  require(method.kind != MethodKind::kPlans || !method.plans.empty(), ErrorCode::kInvalidArgument,
          what, ": method '", method.name, "' needs \"file\": plans, one JSON object a line");
  method.threshold = fields.number("threshold", -1, -1, 1);
  method.weights = fields.text("weights", "budget");
  require(method.weights == "budget" || method.weights == "paper", ErrorCode::kInvalidArgument,
          what, ": weights must be budget or paper, not '", method.weights, "'");
  method.triggers = fields.flag("triggers", true);
  fields.refuse_unknown();
  return method;
}

std::vector<double> numbers_of(const json& value, const std::string& what) {
  std::vector<double> result;
  const json list = value.is_array() ? value : json::array({value});
  for (const json& entry : list) {
    require(entry.is_number() && entry.get<double>() >= 0 && entry.get<double>() <= 100,
            ErrorCode::kInvalidArgument, what, ": guidance must be numbers from 0 to 100");
    require(std::find(result.begin(), result.end(), entry.get<double>()) == result.end(),
            ErrorCode::kInvalidArgument, what, ": guidance ", entry.dump(),
            " is there twice; leave one out");
    result.push_back(entry.get<double>());
  }
  require(!result.empty(), ErrorCode::kInvalidArgument, what, ": guidance is empty");
  return result;
}

MetricModels metrics_of(const json& value, const fs::path& folder, const std::string& what) {
  MetricModels metrics;
  JsonFields fields(value, what + ": metrics");
  metrics.clip = fields.text("clip", metrics.clip);
  if (!metrics.clip.empty() && metrics.clip != "mini") {
    metrics.clip = path_in(metrics.clip, folder).string();
  }
  metrics.clip_tokenizer = path_in(fields.text("clip_tokenizer", ""), folder);
  metrics.inception = path_in(fields.text("inception", ""), folder);
  metrics.inception_resize = fields.text("inception_resize", metrics.inception_resize);
  require(metrics.inception_resize == "pytorch-fid" || metrics.inception_resize == "clean-fid",
          ErrorCode::kInvalidArgument, what, ": inception_resize must be pytorch-fid or clean-fid");
  metrics.reference = path_in(fields.text("reference", ""), folder);
  fields.refuse_unknown();
  return metrics;
}

void check_methods(const Manifest& manifest, const std::string& what) {
  std::set<std::string> names;
  for (const Method& method : manifest.methods) {
    require(names.insert(method.name).second, ErrorCode::kInvalidArgument, what,
            ": two methods are called '", method.name,
            "'; give them names of their own and a kind");
  }
  for (const Method& method : manifest.methods) {
    require(method.as_many_as.empty() ||
                (method.as_many_as != method.name && names.contains(method.as_many_as)),
            ErrorCode::kInvalidArgument, what, ": method '", method.name, "' takes as many as '",
            method.as_many_as, "', which is no other method of the run; name one that is");
  }
  require(!manifest.methods.empty(), ErrorCode::kInvalidArgument, what,
          ": there are no methods; name some, as \"methods\": [\"base\", \"stylus\"]");
}

}  // namespace

const char* method_kind_name(MethodKind kind) {
  for (const auto& [name, known] : kKinds) {
    if (known == kind) {
      return name;
    }
  }
  return "base";
}

Manifest read_manifest(std::string_view text, const std::string& what, const fs::path& folder) {
  const json root = parse_json(text, what);
  JsonFields fields(root, what);
  const std::int64_t version = fields.count("stylus_run", 0, 0, 1'000'000);
  require(version == 1, ErrorCode::kUnsupported, what, " has \"stylus_run\": ", version,
          "; this program reads version 1");
  Manifest run;
  run.name = fields.text("name", "run");
  const json* prompts = fields.find("prompts");
  require(prompts != nullptr, ErrorCode::kCorruptData, what,
          " has no \"prompts\"; give a list of texts, or {\"file\": …} (docs/evaluation.md)");
  run.prompts = read_run_prompts(*prompts, folder, what);
  run.suffix = fields.text("suffix", "");
  run.negative_prompt = fields.text("negative_prompt", "");
  if (const json* models = fields.find("models")) {
    require(models->is_array() && !models->empty(), ErrorCode::kCorruptData, what,
            ": models must be a list of names or paths");
    for (const json& model : *models) {
      require(model.is_string(), ErrorCode::kCorruptData, what, ": a model is no text");
      run.models.push_back(model.get<std::string>());
    }
  } else {
    run.models = {"mini"};
  }
  const json* methods = fields.find("methods");
  require(methods != nullptr && methods->is_array(), ErrorCode::kCorruptData, what,
          " has no list \"methods\"; give one, as \"methods\": [\"base\", \"stylus\"]");
  for (const json& method : *methods) {
    run.methods.push_back(method_of(method, folder, what));
  }
  check_methods(run, what);
  const json* guidance = fields.find("guidance");
  run.guidance = guidance == nullptr ? std::vector<double>{7.0} : numbers_of(*guidance, what);
  run.pictures = fields.count("pictures", 1, 1, 1000);
  run.run_seed = static_cast<std::uint64_t>(fields.count("seed", 1, 0, 4'294'967'295));
  run.steps = fields.count("steps", 0, 0, 1000);
  run.width = fields.count("width", 0, 0, 8192);
  run.height = fields.count("height", 0, 0, 8192);
  run.sampler = fields.text("sampler", "");
  run.batch = fields.count("batch", 16, 1, 256);
  run.hires_scale = fields.number("hires_scale", 1, 1, 4);
  run.hires_strength = fields.number("hires_strength", 0.7, 0, 1);
  run.base = fields.text("base", "");
  run.allow_nsfw = fields.flag("allow_nsfw", false);
  run.allow_unrated = fields.flag("allow_unrated", false);
  run.allow_people = fields.flag("allow_people", false);
  if (const json* metrics = fields.find("metrics")) {
    run.metrics = metrics_of(*metrics, folder, what);
  }
  run.primary = fields.text("primary", kClipScore);
  require(run.primary == kClipScore || run.primary == kKeywordPresence, ErrorCode::kInvalidArgument,
          what, ": primary is '", run.primary, "'; methods are compared by ", kClipScore, " and ",
          kKeywordPresence);
  run.best_of = static_cast<int>(fields.count("best_of", 0, 0, 1000));
  require(run.best_of <= run.pictures, ErrorCode::kInvalidArgument, what, ": best_of ", run.best_of,
          " needs as many pictures, and there are ", run.pictures, "; raise \"pictures\"");
  run.resamples = static_cast<int>(fields.count("resamples", 2000, 100, 100'000));
  run.retries = static_cast<int>(fields.count("retries", 2, 0, 10));
  fields.refuse_unknown();
  return run;
}

std::string manifest_json(const Manifest& run) {
  ordered_json prompts = ordered_json::array();
  for (const RunPrompt& prompt : run.prompts) {
    prompts.push_back({{"id", prompt.id}, {"prompt", prompt.text}});
  }
  ordered_json methods = ordered_json::array();
  for (const Method& method : run.methods) {
    ordered_json entry = {{"name", method.name}, {"kind", method_kind_name(method.kind)}};
    entry["adapters"] = method.adapters;
    entry["as_many_as"] = method.as_many_as;
    entry["file"] = method.plans.string();
    entry["threshold"] = method.threshold;
    entry["weights"] = method.weights;
    entry["triggers"] = method.triggers;
    methods.push_back(std::move(entry));
  }
  const ordered_json root = {{"stylus_run", 1},
                             {"name", run.name},
                             {"prompts", std::move(prompts)},
                             {"suffix", run.suffix},
                             {"negative_prompt", run.negative_prompt},
                             {"models", run.models},
                             {"methods", std::move(methods)},
                             {"guidance", run.guidance},
                             {"pictures", run.pictures},
                             {"seed", run.run_seed},
                             {"steps", run.steps},
                             {"width", run.width},
                             {"height", run.height},
                             {"sampler", run.sampler},
                             {"batch", run.batch},
                             {"hires_scale", run.hires_scale},
                             {"hires_strength", run.hires_strength},
                             {"base", run.base},
                             {"allow_nsfw", run.allow_nsfw},
                             {"allow_unrated", run.allow_unrated},
                             {"allow_people", run.allow_people},
                             {"metrics",
                              {{"clip", run.metrics.clip},
                               {"clip_tokenizer", run.metrics.clip_tokenizer.string()},
                               {"inception", run.metrics.inception.string()},
                               {"inception_resize", run.metrics.inception_resize},
                               {"reference", run.metrics.reference.string()}}},
                             {"primary", run.primary},
                             {"best_of", run.best_of},
                             {"resamples", run.resamples},
                             {"retries", run.retries}};
  return root.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string run_id(const Manifest& manifest) { return sha256_hex(manifest_json(manifest)); }

std::int64_t picture_seed(const Manifest& manifest, const std::string& prompt_id,
                          std::int64_t image) {
  const std::string digest = sha256_hex(std::to_string(manifest.run_seed) + "\n" + prompt_id +
                                        "\n" + std::to_string(image));
  std::uint64_t value = 0;
  std::from_chars(digest.data(), digest.data() + 8, value, 16);
  return static_cast<std::int64_t>(value);
}

}  // namespace stylus::evaluator
