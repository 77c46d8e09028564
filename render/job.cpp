#include "render/job.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "support/error.h"
#include "support/json.h"

namespace stylus::render {
namespace {

using nlohmann::json;

constexpr std::string_view kWhat = "the render job";

/// Typed access to a job's members; a wrong type is named.
class Members {
 public:
  Members(const json& object, std::string where) : object_(object), where_(std::move(where)) {
    require(object.is_object(), ErrorCode::kCorruptData, kWhat, ": ", where_, " is no object");
  }

  [[nodiscard]] std::string text(const char* key, std::string fallback = {}) const {
    const json* value = find(key);
    check(value == nullptr || value->is_string(), key, "a text");
    return value == nullptr ? std::move(fallback) : value->get<std::string>();
  }
  [[nodiscard]] double number(const char* key, double fallback) const {
    const json* value = find(key);
    check(value == nullptr || value->is_number(), key, "a number");
    return value == nullptr ? fallback : value->get<double>();
  }
  /// From 0 to `most`; what sizes, steps and the like may be, the generator knows.
  [[nodiscard]] std::int64_t count(const char* key, std::int64_t fallback,
                                   std::uint64_t most = 1'000'000'000) const {
    const json* value = find(key);
    require(
        value == nullptr || (value->is_number_unsigned() && value->get<std::uint64_t>() <= most),
        ErrorCode::kCorruptData, kWhat, ": ", where_, ".", key,
        " must be a whole number from 0 to ", most);
    return value == nullptr ? fallback : value->get<std::int64_t>();
  }
  [[nodiscard]] bool flag(const char* key) const {
    const json* value = find(key);
    check(value == nullptr || value->is_boolean(), key, "true or false");
    return value != nullptr && value->get<bool>();
  }
  [[nodiscard]] const json* find(const char* key) const {
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }

 private:
  void check(bool good, const char* key, const char* wanted) const {
    require(good, ErrorCode::kCorruptData, kWhat, ": ", where_, ".", key, " must be ", wanted);
  }

  const json& object_;
  std::string where_;
};

generator::Composition composition_of(const std::string& name) {
  if (name == "sum") {
    return generator::Composition::kSum;
  }
  if (name == "switch") {
    return generator::Composition::kSwitch;
  }
  require(name == "composite", ErrorCode::kInvalidArgument, "'", name,
          "' is no composition; use sum, switch or composite");
  return generator::Composition::kComposite;
}

}  // namespace

void take_plan(const composer::Plan& plan, generator::RenderRequest& request) {
  request.prompt = plan.rendered_prompt.empty() ? plan.prompt : plan.rendered_prompt;
  if (!plan.negative_prompt.empty()) {
    request.negative_prompt = plan.negative_prompt;
  }
  std::vector<std::size_t> kept;  // plan adapters that have factors on weights
  for (std::size_t i = 0; i < plan.adapters.size(); ++i) {
    const composer::PlanAdapter& adapter = plan.adapters[i];
    require(!adapter.file.empty() && std::filesystem::exists(adapter.file), ErrorCode::kNotFound,
            "the file of adapter '", adapter.name, "' (", adapter.id, ") ",
            adapter.file.empty() ? "is not on this machine" : "is not at '" + adapter.file + "'",
            "; plan with --only-installed to choose among files that are there");
    if (adapter.kind == "textual_inversion") {
      request.textual_inversions.emplace_back(adapter.file);
      continue;
    }
    generator::RequestAdapter wanted;
    wanted.file = adapter.file;
    wanted.weight = adapter.weight;
    wanted.text_encoder_weight = adapter.text_encoder_weight;
    request.adapters.push_back(std::move(wanted));
    kept.push_back(i);
  }
  for (const composer::PlanImage& image : plan.images) {
    generator::RequestImage wanted;
    wanted.seed = static_cast<std::uint64_t>(image.seed);
    for (const std::size_t i : kept) {
      wanted.mask.push_back(i < image.mask.size() && !image.mask[i] ? 0.0 : 1.0);
    }
    request.images.push_back(std::move(wanted));
  }
  if (request.images.empty()) {
    request.images.push_back({1, {}});
  }
}

Job read_job(std::string_view text) {
  const json root = parse_json(text, kWhat);
  const Members job(root, "job");
  const std::int64_t version = job.count("stylus_render_job", 0);
  require(version == 1, ErrorCode::kUnsupported, kWhat, " has version ", version,
          "; this program reads version 1");
  Job result;
  result.model = job.text("model");
  require(!result.model.empty(), ErrorCode::kCorruptData, kWhat, " names no model");
  result.model_name = job.text("model_name");
  result.only_describe = job.flag("describe");
  result.generator.device = job.text("device", "auto");
  result.generator.dtype = job.text("dtype", "auto");
  result.generator.prediction = job.text("prediction");
  result.generator.clip_vocabulary = job.text("clip_vocabulary");
  result.generator.threads = static_cast<int>(job.count("threads", 0, 4096));
  if (result.only_describe) {
    return result;
  }
  const json* plan = job.find("plan");
  require(plan != nullptr, ErrorCode::kCorruptData, kWhat, " has no plan");
  result.plan = composer::plan_from_json(plan->dump(), "the job's plan");
  result.a1111_prompt = job.text("a1111_prompt");
  take_plan(result.plan, result.request);

  generator::RenderRequest& request = result.request;
  request.width = job.count("width", 0);
  request.height = job.count("height", 0);
  request.steps = job.count("steps", 20);
  request.guidance = job.number("guidance", 7);
  request.guidance_rescale = job.number("guidance_rescale", 0);
  request.sampler = job.text("sampler");
  request.layers_dropped = job.count("clip_skip", 1) - 1;
  request.strength = job.number("strength", 0.6);
  request.tiled_vae = job.flag("tiled_vae");
  request.batch = job.count("batch", 0);
  request.composition = composition_of(job.text("composition", "sum"));
  if (const json* hires = job.find("hires")) {
    const Members members(*hires, "hires");
    request.hires.scale = members.number("scale", 2);
    request.hires.strength = members.number("strength", 0.7);
    request.hires.steps = members.count("steps", 0);
  }
  result.init = job.text("init");
  result.mask = job.text("mask");
  result.output = job.text("output");
  require(!result.output.empty(), ErrorCode::kCorruptData, kWhat, " names no output");
  result.is_sheet = job.flag("sheet");
  result.preview_every = static_cast<std::size_t>(job.count("preview_every", 0));
  result.latents = job.text("latents");
  result.hash_cache = job.text("hash_cache");
  return result;
}

}  // namespace stylus::render
