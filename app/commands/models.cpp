// stylus models list and verify: the checkpoints that pictures are rendered with.
#include "app/models.h"

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands/verbs.h"
#include "app/log.h"
#include "app/renderer_process.h"
#include "app/status_map.h"
#include "app/verb.h"
#include "app/workspace.h"
#include "support/json.h"

namespace stylus::app {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

int run_models_list(const GlobalOptions& global) {
  start_log(global);
  const std::vector<Model> models = list_models(find_locations(global));
  for (const Model& model : models) {
    if (global.json) {
      const ordered_json line = {
          {"name", model.name}, {"path", model.path.string()}, {"base", model.base}};
      std::cout << line.dump(-1, ' ', false, ordered_json::error_handler_t::replace) << '\n';
    } else {
      std::cout << model.name << "  " << (model.base.empty() ? "-" : model.base) << "  "
                << model.path.string() << '\n';
    }
  }
  if (models.empty() && !global.json) {
    std::cout << "no models; put checkpoints into "
              << (find_locations(global).home / "models" / "checkpoints").string() << '\n';
  }
  return kSuccess;
}

int run_models_verify(const GlobalOptions& global, const std::string& name) {
  start_log(global);
  const Model model = find_model(find_locations(global), name);
  json found;
  run_renderer({{"stylus_render_job", 1}, {"model", model.path.string()}, {"describe", true}},
               [&found](const json& event) {
                 if (json_string(event, "event") == "model") {
                   found = event;
                 }
               });
  // A model's own settings know its family better than the shapes of its tensors do.
  const std::string base = model.base.empty() ? json_string(found, "base") : model.base;
  if (global.json) {
    const ordered_json line = {{"name", model.name},
                               {"path", model.path.string()},
                               {"base", base},
                               {"size", found.value("size", 0)},
                               {"complete", true}};
    std::cout << line.dump() << '\n';
  } else {
    std::cout << model.name << ": every tensor is there, in the shape of a " << base
              << " model for pictures of " << found.value("size", 0) << " pixels\n";
  }
  return kSuccess;
}

}  // namespace

void add_models_verbs(CLI::App& app, Action& chosen) {
  CLI::App& models =
      add_verb_group(app, "models", "Checkpoints that pictures are rendered with", "models list");
  add_verb(models, "list", "What is there", "models list", chosen, run_models_list);
  const auto name = std::make_shared<std::string>();
  CLI::App& verify = add_verb(
      models, "verify", "Whether a checkpoint is whole and of a known kind", "models verify mini",
      chosen, [name](const GlobalOptions& global) { return run_models_verify(global, *name); });
  verify.add_option("MODEL", *name, "A name or a path")->required();
}

}  // namespace stylus::app
