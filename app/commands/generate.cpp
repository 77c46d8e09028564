#include <algorithm>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/commands/generate_options.h"
#include "app/log.h"
#include "app/models.h"
#include "app/output.h"
#include "app/plan_file.h"
#include "app/plan_table.h"
#include "app/planner.h"
#include "app/progress_line.h"
#include "app/renderer_process.h"
#include "app/status_map.h"
#include "app/workspace.h"
#include "dialects/dialects.h"
#include "support/file.h"
#include "support/json.h"

namespace stylus::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

/// The base family of a model whose settings do not say it: the renderer reads its header.
std::string base_of(const Model& model) {
  std::string base;
  run_renderer({{"stylus_render_job", 1}, {"model", model.path.string()}, {"describe", true}},
               [&base](const json& event) {
                 if (json_string(event, "event") == "model") {
                   base = json_string(event, "base");
                 }
               });
  return base;
}

/// Pictures that the plan does not list use its first mask.
void set_images(const GenerateCommand& command, composer::Plan& plan) {
  const int count = command.images.value_or(0);
  if (count == 0 && !command.seed) {
    return;
  }
  const std::int64_t first = command.seed.value_or(plan.images.empty() ? 1 : plan.images[0].seed);
  const std::size_t wanted =
      count > 0 ? static_cast<std::size_t>(count) : std::max<std::size_t>(plan.images.size(), 1);
  const std::vector<bool> mask =
      plan.images.empty() ? std::vector<bool>(plan.adapters.size(), true) : plan.images[0].mask;
  plan.images.resize(wanted, {0, mask, "{}"});
  for (std::size_t i = 0; i < wanted; ++i) {
    plan.images[i].seed = first + static_cast<std::int64_t>(i);
  }
}

/// The path of the adapter's file on this machine; "" where there is none.
std::string path_of(const catalog::Catalog& catalog, const std::string& id) {
  if (const std::optional<catalog::Adapter> known = catalog.find(id)) {
    for (const catalog::Place& place : known->places) {
      if (!place.missing && fs::exists(place.path)) {
        return place.path;
      }
    }
  }
  return "";
}

/// A plan whose adapters all have a file here. One whose file went away since the last import is
/// left out and said so.
composer::Plan plan_installed(const Workspace& workspace, const GenerateCommand& command,
                              composer::ComposeOptions compose) {
  const Planner planner(workspace, command.strategy);
  std::vector<std::string> gone;
  while (true) {
    composer::Plan plan = planner.plan(command.prompt, compose);
    const std::size_t known = compose.filter.blocked.size();
    for (const composer::PlanAdapter& adapter : plan.adapters) {
      if (!path_of(workspace.catalog, adapter.id).empty()) {
        continue;
      }
      std::vector<std::string>& blocked = compose.filter.blocked;
      require(std::find(blocked.begin(), blocked.end(), adapter.id) == blocked.end(),
              ErrorCode::kNotFound, "the prompt or --pin wants '", adapter.name,
              "', but its file is not here: import the folder that holds it");
      blocked.push_back(adapter.id);
      gone.push_back(adapter.name + ": its file is gone since the last import, so it was left out");
    }
    if (compose.filter.blocked.size() == known) {
      plan.warnings.insert(plan.warnings.end(), gone.begin(), gone.end());
      return plan;
    }
  }
}

/// The plan with the path of each adapter's file in `file`; plans themselves hold names only, so
/// that they can be passed on.
composer::Plan with_paths(composer::Plan plan, const catalog::Catalog& catalog) {
  for (composer::PlanAdapter& adapter : plan.adapters) {
    if (std::string path = path_of(catalog, adapter.id); !path.empty()) {
      adapter.file = std::move(path);
    }
  }
  return plan;
}

/// What is to be painted.
struct Planned {
  composer::Plan plan;
  composer::Plan local;  ///< With paths, as far as the catalogue knows them.
};

Planned plan_of(const GlobalOptions& global, const GenerateCommand& command, const Model& model,
                const Locations& locations) {
  if (!command.plan_file.empty()) {
    composer::Plan plan = read_plan_file(command.plan_file);
    set_images(command, plan);
    composer::Plan local = plan;
    if (!plan.adapters.empty() && fs::exists(locations.catalog_file())) {
      local = with_paths(plan, open_catalog(locations, catalog::OpenMode::kReadOnly));
    }
    return {std::move(plan), std::move(local)};
  }
  composer::ComposeOptions compose = command.compose;
  compose.images = command.images.value_or(1);
  compose.seed = command.seed.value_or(1);
  if (!command.base_was_typed) {
    const std::string base = model.base.empty() ? base_of(model) : model.base;
    compose.filter.base = base.empty() ? compose.filter.base : base;
  }
  // Only what can be rendered here may be chosen.
  compose.filter.only_installed = true;
  if (command.no_adapters) {
    compose.max_adapters = 0;
  }
  const Workspace workspace = open_workspace(global);
  composer::Plan plan = plan_installed(workspace, command, compose);
  composer::Plan local = with_paths(plan, workspace.catalog);
  return {std::move(plan), std::move(local)};
}

std::string absolute_or_empty(const std::string& path) {
  return path.empty() ? std::string() : fs::absolute(path).string();
}

ordered_json job_of(const GenerateCommand& command, const Model& model, const Planned& planned,
                    const Locations& locations) {
  std::string a1111;
  try {
    a1111 = dialects::export_plan(planned.plan, "a1111");
    a1111 = a1111.substr(0, a1111.find("\nNegative prompt:"));
    while (!a1111.empty() && a1111.back() == '\n') {
      a1111.pop_back();
    }
  } catch (const Error&) {
    // A plan that A1111 cannot write is rendered all the same.
  }
  ordered_json job = {
      {"stylus_render_job", 1},
      {"model", model.path.string()},
      {"model_name", model.name},
      {"plan", ordered_json::parse(composer::plan_to_json(planned.local))},
      {"a1111_prompt", a1111},
      {"output", absolute_or_empty(command.output_file)},
      {"sheet", command.grid},
      {"steps", command.steps.value_or(model.steps.value_or(20))},
      {"guidance", command.guidance.value_or(model.guidance.value_or(7.0))},
      {"guidance_rescale", command.guidance_rescale},
      {"sampler", command.sampler.empty() ? model.sampler : command.sampler},
      {"clip_skip", command.clip_skip},
      {"strength", command.strength},
      {"init", absolute_or_empty(command.init_file)},
      {"mask", absolute_or_empty(command.mask_file)},
      {"preview_every", command.preview_every},
      {"latents", absolute_or_empty(command.latents_file)},
      {"tiled_vae", command.tiled_vae},
      {"batch", command.batch},
      {"composition", command.composition},
      {"device", command.device},
      {"dtype", command.dtype},
      {"prediction", command.prediction},
      {"threads", command.threads},
      {"clip_vocabulary", find_clip_vocabulary(locations).string()},
      {"hash_cache", (locations.home / "models" / "hashes.json").string()},
  };
  const std::int64_t width = command.width > 0 ? command.width : model.width.value_or(0);
  const std::int64_t height = command.height > 0 ? command.height : model.height.value_or(0);
  job["width"] = width;
  job["height"] = height;
  if (command.hires_scale > 1) {
    job["hires"] = {{"scale", command.hires_scale},
                    {"strength", command.hires_strength},
                    {"steps", command.hires_steps}};
  }
  return job;
}

/// What the renderer said, for people and for --json.
struct Outcome {
  std::vector<std::string> files;
  std::vector<std::string> warnings;
  ordered_json adapters = ordered_json::array();
  std::string device, base;
};

Outcome render(const GlobalOptions& global, const ordered_json& job) {
  Outcome outcome;
  ProgressLine line(global);
  const ProgressFn progress = line.function();
  progress({"loading the model", 0, 0});
  run_renderer(job, [&](const json& event) {
    const std::string kind = json_string(event, "event");
    if (kind == "model") {
      outcome.device = json_string(event, "device");
      outcome.base = json_string(event, "base");
    } else if (kind == "step") {
      progress(
          {"painting", event.value("done", std::size_t{0}), event.value("total", std::size_t{0})});
    } else if (kind == "picture") {
      outcome.files.push_back(json_string(event, "file"));
    } else if (kind == "done") {
      outcome.warnings = event.value("warnings", std::vector<std::string>());
      outcome.adapters = event.value("adapters", json::array());
    }
  });
  return outcome;
}

/// "12 of its 200 layers fit nothing in this model" for adapters that were not used whole.
void add_coverage_warnings(Outcome& outcome) {
  for (const ordered_json& report : outcome.adapters) {
    const auto layers = report.value("layers", std::size_t{0});
    const auto applied = report.value("applied", std::size_t{0});
    if (applied < layers) {
      std::ostringstream text;
      text << report.value("file", std::string()) << ": " << layers - applied << " of its "
           << layers << " layers are not in this model";
      outcome.warnings.push_back(text.str());
    }
  }
}

}  // namespace

int run_generate(const GlobalOptions& global, const GenerateCommand& command) {
  start_log(global);
  require(command.prompt.empty() != command.plan_file.empty(), ErrorCode::kInvalidArgument,
          "give either a PROMPT or --plan FILE");
  require(command.mask_file.empty() || !command.init_file.empty(), ErrorCode::kInvalidArgument,
          "--mask needs --init, the picture that is painted into");
  const Locations locations = find_locations(global);
  const Model model = find_model(locations, command.model);
  if (command.model.empty() && model.name == "mini" && !global.quiet) {
    std::cerr << "no model was named and none is installed, so this is drawn by 'mini', the "
                 "embedded 64 x 64 emoji model (--model PATH takes another)\n";
  }
  const Planned planned = plan_of(global, command, model, locations);
  const composer::Plan& plan = planned.plan;
  if (!command.plan_output.empty()) {
    write_file_atomically(command.plan_output, composer::plan_to_json(plan, 2) + "\n");
  }
  if (!global.quiet && !global.json && !command.dry_run && command.plan_file.empty()) {
    std::cout << plan_table(plan);
  }
  const ordered_json job = job_of(command, model, planned, locations);
  if (command.dry_run) {
    std::cout << job.dump(2, ' ', false, ordered_json::error_handler_t::replace) << '\n';
    return kSuccess;
  }
  Outcome outcome = render(global, job);
  add_coverage_warnings(outcome);
  if (global.json) {
    const ordered_json answer = {{"files", outcome.files},
                                 {"model", model.name},
                                 {"device", outcome.device},
                                 {"warnings", outcome.warnings},
                                 {"adapters", outcome.adapters},
                                 {"plan", ordered_json::parse(composer::plan_to_json(plan))}};
    std::cout << answer.dump(-1, ' ', false, ordered_json::error_handler_t::replace) << '\n';
    return kSuccess;
  }
  for (const std::string& warning : outcome.warnings) {
    std::cerr << "warning: " << printable(warning) << '\n';
  }
  for (const std::string& file : outcome.files) {
    std::cout << file << '\n';
  }
  return kSuccess;
}

}  // namespace stylus::app
