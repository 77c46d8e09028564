#include "app/evaluation/rendering.h"

#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "app/content_hash.h"
#include "app/evaluation/planning.h"
#include "app/models.h"
#include "app/renderer_process.h"
#include "app/workspace.h"
#include "composer/plan.h"
#include "support/error.h"
#include "support/file.h"
#include "support/json.h"

namespace stylus::app {
namespace {

namespace fs = std::filesystem;
using evaluator::Manifest;
using evaluator::PictureRecord;
using evaluator::PictureState;
using evaluator::PictureTask;
using nlohmann::json;
using nlohmann::ordered_json;

using Batch = std::vector<PictureTask>;

/// Where the adapters of plans lie on this machine; plans hold names only.
class Places {
 public:
  explicit Places(const Locations& locations) {
    if (fs::exists(locations.catalog_file())) {
      catalog_.emplace(open_catalog(locations, catalog::OpenMode::kReadOnly));
    }
  }
  void fill(composer::Plan& plan) {
    for (composer::PlanAdapter& adapter : plan.adapters) {
      auto known = files_.find(adapter.id);
      if (known == files_.end()) {
        known = files_.emplace(adapter.id, file_of(adapter.id)).first;
      }
      adapter.file = known->second.empty() ? adapter.file : known->second;
    }
  }

 private:
  std::string file_of(const std::string& id) const {
    const std::optional<catalog::Adapter> known =
        catalog_ ? catalog_->find(id) : std::optional<catalog::Adapter>();
    if (known) {
      for (const catalog::Place& place : known->places) {
        if (!place.missing && fs::exists(place.path)) {
          return place.path;
        }
      }
    }
    return {};
  }
  std::optional<catalog::Catalog> catalog_;
  std::map<std::string, std::string> files_;
};

/// Runs batches of one model through one renderer process.
class ModelRenderer {
 public:
  ModelRenderer(const GlobalOptions& global, const EvaluateCommand& command, const Manifest& run,
                const evaluator::RunFolder& folder, evaluator::RunStore& store)
      : locations_(find_locations(global)),
        command_(command),
        run_(run),
        folder_(folder),
        store_(store),
        places_(locations_) {
    for (const evaluator::StoredPlan& plan : store.plans()) {
      plans_[{plan.model, plan.method, plan.prompt}] = plan.plan;
    }
  }

  struct Failure {
    Batch batch;
    std::string message;
  };
  /// Renders the batches in order; returns those that failed. `on_done` hears of every picture.
  std::vector<Failure> render(const std::string& model_name, const std::vector<Batch>& batches,
                              const std::function<void(std::size_t)>& on_done) {
    std::vector<Failure> failures;
    std::size_t next = 0;
    while (next < batches.size()) {
      const std::size_t first = next;
      try {
        run_renderer(job_of(model_name, batches, first), [&](const json& event) {
          if (json_string(event, "event") != "batch") {
            on_done(0);
            return;
          }
          const Batch& batch = batches.at(first + event.at("batch").get<std::size_t>());
          ++next;
          if (event.contains("error")) {
            failures.push_back({batch, json_string(event["error"], "message")});
          } else {
            keep(batch, event);
          }
          on_done(batch.size());
        });
      } catch (const Error& error) {
        // A renderer that died, as by a lack of memory, fails the batch that it was at.
        if (error.code() != ErrorCode::kUnavailable || next >= batches.size() ||
            find_renderer().empty()) {
          throw;
        }
        failures.push_back({batches[next], error.what()});
        on_done(batches[next].size());
        ++next;
      }
    }
    return failures;
  }

 private:
  ordered_json job_of(const std::string& model_name, const std::vector<Batch>& batches,
                      std::size_t first) {
    const Model model = model_of_run(locations_, model_name);
    ordered_json list = ordered_json::array();
    for (std::size_t i = first; i < batches.size(); ++i) {
      ordered_json pictures = ordered_json::array();
      for (const PictureTask& task : batches[i]) {
        pictures.push_back({{"plan", plan_of(task)}, {"output", scratch_file(task).string()}});
      }
      list.push_back(
          {{"guidance", batches[i].front().guidance}, {"pictures", std::move(pictures)}});
    }
    ordered_json job = {{"stylus_render_job", 1},
                        {"model", model.path.string()},
                        {"model_name", model.name},
                        {"steps", run_.steps > 0 ? run_.steps : model.steps.value_or(20)},
                        {"width", run_.width > 0 ? run_.width : model.width.value_or(0)},
                        {"height", run_.height > 0 ? run_.height : model.height.value_or(0)},
                        {"sampler", run_.sampler.empty() ? model.sampler : run_.sampler},
                        {"device", command_.device},
                        {"threads", command_.threads},
                        {"clip_vocabulary", find_clip_vocabulary(locations_).string()},
                        {"batches", std::move(list)}};
    if (run_.hires_scale > 1) {
      job["hires"] = {{"scale", run_.hires_scale}, {"strength", run_.hires_strength}};
    }
    return job;
  }

  ordered_json plan_of(const PictureTask& task) {
    const std::string& text = plans_.at({task.model, task.method, task.prompt});
    composer::Plan plan = composer::plan_from_json(text, "a stored plan");
    places_.fill(plan);
    // A picture needs no reasons.
    plan.keywords.clear();
    for (composer::PlanAdapter& adapter : plan.adapters) {
      adapter.keywords.clear();
    }
    plan.images = {{task.seed, std::vector<bool>(plan.adapters.size(), true), "{}"}};
    return ordered_json::parse(composer::plan_to_json(plan));
  }

  [[nodiscard]] fs::path scratch_file(const PictureTask& task) const {
    return fs::absolute(folder_.scratch()) / (task.key + ".png");
  }

  void keep(const Batch& batch, const json& event) {
    std::vector<evaluator::RunStore::Finished> finished;
    for (const PictureTask& task : batch) {
      finished.push_back({task.key, folder_.keep_picture(scratch_file(task))});
    }
    store_.finish_batch(
        batch.front().batch, finished,
        {batch.size(), event.value("seconds", 0.0), event.value("prepare_seconds", 0.0)});
  }

  Locations locations_;
  const EvaluateCommand& command_;
  const Manifest& run_;
  const evaluator::RunFolder& folder_;
  evaluator::RunStore& store_;
  Places places_;
  std::map<std::tuple<std::string, std::string, std::string>, std::string> plans_;
};

}  // namespace

std::vector<evaluator::ContentId> painting_models(const GlobalOptions& global,
                                                  const Manifest& run) {
  const Locations locations = find_locations(global);
  ContentHashes hashes(locations);
  std::vector<evaluator::ContentId> contents;
  for (const std::string& name : run.models) {
    const fs::path path = find_model(locations, name).path;
    contents.push_back({name, hashes.checkpoint(path)});
    const fs::path settings = model_settings_file(path);
    if (!fs::is_directory(path) && fs::exists(settings)) {
      contents.push_back({name + " settings", hashes.file(settings)});
    }
  }
  hashes.save();
  return contents;
}

void render_run(const GlobalOptions& global, const EvaluateCommand& command, const Manifest& run,
                const evaluator::RunFolder& folder, evaluator::RunStore& store, const Shard& shard,
                const ProgressFn& progress) {
  std::map<std::string, std::map<std::int64_t, Batch>> whole;  // model -> batch
  std::map<std::int64_t, bool> is_open;
  std::size_t total = 0;
  for (const PictureRecord& record : store.pictures()) {
    const std::int64_t number = record.task.batch;
    if (shard.has(number)) {
      whole[record.task.model][number].push_back(record.task);
      is_open[number] = is_open[number] || record.state == PictureState::kOpen;
    }
  }
  for (auto& [model, batches] : whole) {
    std::erase_if(batches, [&](const auto& batch) { return !is_open[batch.first]; });
    for (const auto& [number, batch] : batches) {
      total += batch.size();
    }
  }
  if (total == 0) {
    return;
  }
  ModelRenderer renderer(global, command, run, folder, store);
  std::size_t done = 0;
  const auto on_done = [&](std::size_t pictures) {
    done += pictures;
    progress({"painting", std::min(done, total), total});
  };
  progress({"painting", 0, total});
  for (const auto& [model, batches] : whole) {
    std::vector<Batch> open;
    for (const auto& [number, batch] : batches) {
      open.push_back(batch);
    }
    std::vector<ModelRenderer::Failure> failures = renderer.render(model, open, on_done);
    for (int attempt = 0; attempt < run.retries && !failures.empty(); ++attempt) {
      std::vector<Batch> singles;
      for (const ModelRenderer::Failure& failure : failures) {
        for (const PictureTask& task : failure.batch) {
          singles.push_back({task});
        }
      }
      failures = renderer.render(model, singles, [&](std::size_t) { on_done(0); });
    }
    for (const ModelRenderer::Failure& failure : failures) {
      for (const PictureTask& task : failure.batch) {
        store.fail_picture(task.key, failure.message);
      }
    }
  }
}

}  // namespace stylus::app
