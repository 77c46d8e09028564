#include "render/series.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "render/infotext.h"
#include "support/error.h"
#include "support/file.h"

namespace stylus::render {
namespace {

using nlohmann::json;

/// Joins the pictures' adapters: each (file, weights) once, and per picture which of them it wears.
void join_pictures(SeriesPass& batch) {
  generator::RenderRequest& request = batch.job.request;
  std::map<std::tuple<std::string, double, double>, std::size_t> places;
  request.adapters.clear();
  request.images.clear();
  for (const Job& picture : batch.pictures) {
    const generator::RenderRequest& own = picture.request;
    require(own.images.size() == 1, ErrorCode::kInvalidArgument, "a batch's plan asks for ",
            own.images.size(), " pictures; it must ask for one");
    require(own.negative_prompt == batch.pictures.front().request.negative_prompt,
            ErrorCode::kInvalidArgument, "the plans of a batch must share their negative prompt");
    for (const generator::RequestAdapter& adapter : own.adapters) {
      const std::tuple key{adapter.file.string(), adapter.weight, adapter.text_encoder_weight};
      if (places.emplace(key, request.adapters.size()).second) {
        request.adapters.push_back(adapter);
      }
    }
  }
  for (const Job& picture : batch.pictures) {
    const generator::RenderRequest& own = picture.request;
    generator::RequestImage image;
    image.seed = own.images[0].seed;
    image.prompt = own.prompt;
    image.mask.assign(request.adapters.size(), 0.0);
    for (std::size_t i = 0; i < own.adapters.size(); ++i) {
      const generator::RequestAdapter& adapter = own.adapters[i];
      const std::tuple key{adapter.file.string(), adapter.weight, adapter.text_encoder_weight};
      image.mask[places.at(key)] = i < own.images[0].mask.size() ? own.images[0].mask[i] : 1.0;
    }
    request.images.push_back(std::move(image));
  }
  request.textual_inversions = batch.pictures.front().request.textual_inversions;
  request.negative_prompt = batch.pictures.front().request.negative_prompt;
  request.batch = static_cast<std::int64_t>(batch.pictures.size());
}

void run_pass(const SeriesPass& batch, generator::Generator& generator, Events& events,
              const std::function<void()>& on_step) {
  generator::RenderRequest request = batch.job.request;
  request.width = request.width > 0 ? request.width : generator.native_size();
  request.height = request.height > 0 ? request.height : generator.native_size();
  const std::string sampler =
      request.sampler.empty() ? generator.default_sampler() : request.sampler;
  generator::RenderHooks hooks;
  hooks.on_step = [&](const generator::RenderStep&) { on_step(); };
  generator.render(
      request,
      [&](std::size_t image, const generator::RenderedPicture& rendered) {
        Job picture = batch.pictures[image];
        picture.request = request;
        picture.request.images = {request.images[image]};
        for (composer::PlanAdapter& adapter : picture.plan.adapters) {
          adapter.file = std::filesystem::path(adapter.file).filename().string();
        }
        write_file_atomically(
            picture.output,
            encode_png(rendered.picture, {{"parameters", infotext(picture, 0, sampler, "")}}));
        events.picture(image, request.images[image].seed, picture.output);
      },
      hooks);
}

}  // namespace

std::vector<SeriesPass> read_batch(const json& settings, const json& stored) {
  require(stored.is_object() && stored.contains("pictures") && stored["pictures"].is_array() &&
              !stored["pictures"].empty(),
          ErrorCode::kCorruptData, "the render job: a batch has no pictures");
  json shared = settings;
  for (const auto& [key, value] : stored.items()) {
    if (key != "pictures") {
      shared[key] = value;
    }
  }
  std::map<std::vector<std::filesystem::path>, SeriesPass> by_words;
  for (const json& picture : stored["pictures"]) {
    require(picture.is_object(), ErrorCode::kCorruptData,
            "the render job: a batch's picture is no object");
    json whole = shared;
    whole.update(picture);
    Job job = read_job(whole.dump());
    by_words[job.request.textual_inversions].pictures.push_back(std::move(job));
  }
  std::vector<SeriesPass> passes;
  for (auto& [words, pass] : by_words) {
    pass.job = pass.pictures.front();
    join_pictures(pass);
    passes.push_back(std::move(pass));
  }
  return passes;
}

Series read_series(const json& root) {
  Series series;
  series.settings = root;
  series.settings.erase("batches");
  json description = series.settings;
  description["describe"] = true;
  series.base = read_job(description.dump());
  series.base.only_describe = false;
  series.batches = root.at("batches");
  require(series.batches.is_array(), ErrorCode::kCorruptData,
          "the render job: batches must be a list");
  return series;
}

void run_series(const Series& series, Events& events, const std::atomic<bool>& cancelled) {
  using Clock = std::chrono::steady_clock;
  generator::Generator generator(series.base.model, series.base.generator);
  events.model(generator.base(), generator.native_size(), generator.factor(),
               generator.default_sampler(), generator.device_text());
  std::size_t pictures = 0;
  for (std::size_t i = 0; i < series.batches.size(); ++i) {
    const auto start = Clock::now();
    // The first step ends the preparation: adapters are on, prompts are encoded.
    std::size_t steps = 0;
    std::size_t pictures_in_batch = 0;
    Clock::time_point first_step;
    Clock::time_point last_step = start;
    std::string code;
    std::string message;
    try {
      const std::vector<SeriesPass> passes = read_batch(series.settings, series.batches[i]);
      const auto on_step = [&] {
        require(!cancelled, ErrorCode::kCancelled, "stopped; pictures that were finished are kept");
        events.step(i, series.batches.size());  // also how a caller that is gone is noticed
        last_step = Clock::now();
        first_step = steps++ == 0 ? last_step : first_step;
      };
      for (const SeriesPass& pass : passes) {
        run_pass(pass, generator, events, on_step);
        pictures_in_batch += pass.pictures.size();
      }
      pictures += pictures_in_batch;
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) {
        throw;
      }
      code = error_name(error.code());
      message = error.what();
    }
    const auto seconds = [](Clock::duration span) {
      return std::chrono::duration<double>(span).count();
    };
    BatchReport report;
    report.pictures = pictures_in_batch;
    report.seconds = seconds(Clock::now() - start);
    if (steps > 1) {
      const double step = seconds(last_step - first_step) / static_cast<double>(steps - 1);
      report.prepare_seconds = std::max(0.0, seconds(first_step - start) - step);
    }
    report.error_code = code;
    report.error = message;
    events.batch(i, report);
  }
  events.done(pictures, generator.warnings(), {});
}

}  // namespace stylus::render
