#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/commands/verbs.h"
#include "app/log.h"
#include "app/models.h"
#include "app/output.h"
#include "app/renderer_process.h"
#include "app/status_map.h"
#include "app/verb.h"
#include "app/workspace.h"
#include "composer/plan.h"
#include "support/json.h"

namespace stylus::app {
namespace {

namespace fs = std::filesystem;

/// One line of the report.
struct Finding {
  std::string what;
  bool good = false;
  std::string detail;
  std::string remedy;     ///< What to do when it is not good.
  bool optional = false;  ///< Plans work without it.
};

Finding check_catalog(const Locations& locations) {
  Finding finding{"catalogue", false, locations.catalog_file().string(), "stylus import FOLDER"};
  try {
    const catalog::Catalog catalog = open_catalog(locations, catalog::OpenMode::kReadOnly);
    finding.good = catalog.size() > 0;
    finding.detail += ": " + std::to_string(catalog.size()) + " adapters, revision " +
                      std::to_string(catalog.revision());
  } catch (const Error& error) {
    finding.detail = error.what();
  }
  return finding;
}

Finding check_encoder(const GlobalOptions& global, const Locations& locations) {
  Finding finding{"text encoder", false, "none: search works by words only", "tools/setup"};
  try {
    if (const auto folder = find_encoder(global, locations)) {
      const auto encoder = encoder::open_text_encoder(*folder);
      const std::vector<std::string> texts = {
          "a lighthouse in a storm", "a beacon by the stormy sea", "a bowl of noodle soup"};
      const Rows vectors = encoder->encode(texts);
      double alike = 0;
      double unlike = 0;
      for (std::size_t d = 0; d < vectors.dim; ++d) {
        alike += double{vectors.row(0)[d]} * double{vectors.row(1)[d]};
        unlike += double{vectors.row(0)[d]} * double{vectors.row(2)[d]};
      }
      finding.good = alike > unlike;
      finding.detail =
          encoder->id() + " in " + folder->string() +
          (finding.good ? ""
                        : ": gives nonsense (it finds soup nearer to a lighthouse than a beacon)");
    }
  } catch (const Error& error) {
    finding.detail = error.what();
  }
  return finding;
}

Finding check_index(const GlobalOptions& global) {
  Finding finding{"search index", false, "none", "stylus refine"};
  try {
    const Workspace workspace = open_workspace(global);
    finding.good = workspace.retriever.revision() <= workspace.catalog.revision() &&
                   (workspace.encoder == nullptr || workspace.retriever.has_vectors());
    finding.detail = std::to_string(workspace.retriever.size()) + " adapters, " +
                     (workspace.retriever.has_vectors() ? "with vectors" : "words only") +
                     ", revision " + std::to_string(workspace.retriever.revision());
  } catch (const Error& error) {
    finding.detail = error.what();
  }
  return finding;
}

/// A name of its own for the test picture, removed with the object.
class TestPicture {
 public:
  TestPicture()
      : file_(fs::temp_directory_path() /
              ("stylus-doctor-" + std::to_string(::getpid()) + ".png")) {}
  TestPicture(const TestPicture&) = delete;
  TestPicture& operator=(const TestPicture&) = delete;
  ~TestPicture() {
    std::error_code none;
    fs::remove(file_, none);
  }
  [[nodiscard]] std::string file() const { return file_.string(); }

 private:
  fs::path file_;
};

/// Paints one step with the embedded model; other models are too large to try here, so of them only
/// the headers are read.
Finding check_renderer(const std::vector<Model>& models) {
  Finding finding{"renderer", false, "none: plans only, no pictures", "tools/setup", true};
  const fs::path program = find_renderer();
  if (program.empty()) {
    return finding;
  }
  finding.detail = program.string();
  if (models.empty()) {
    finding.detail += ": there is no model to try it with";
    return finding;
  }
  try {
    const TestPicture picture;
    const Model& model = models.back();
    composer::Plan plan;
    plan.prompt = "an apple";
    nlohmann::ordered_json job = {{"stylus_render_job", 1}, {"model", model.path.string()}};
    if (model.name == "mini") {
      job["plan"] = nlohmann::ordered_json::parse(composer::plan_to_json(plan));
      job["output"] = picture.file();
      job["steps"] = 1;
    } else {
      job["describe"] = true;
    }
    std::string device;
    run_renderer(job, [&device](const nlohmann::json& event) {
      if (json_string(event, "event") == "model") {
        device = json_string(event, "device");
      }
    });
    finding.good = true;
    finding.detail += device.empty() ? ": starts" : ": paints on " + device;
  } catch (const Error& error) {
    finding.detail += ": ";
    finding.detail += error.what();
  }
  return finding;
}

Finding check_models(const std::vector<Model>& models) {
  Finding finding{"models", !models.empty(), "", "tools/setup, or give a checkpoint with --model",
                  true};
  for (const Model& model : models) {
    finding.detail += finding.detail.empty() ? "" : ", ";
    finding.detail += model.name;
    if (!model.base.empty() && model.base != model.name) {
      finding.detail += " (" + model.base + ")";
    }
  }
  if (models.empty()) {
    finding.detail = "none";
  }
  return finding;
}

Finding check_clip_vocabulary(const Locations& locations) {
  const fs::path file = find_clip_vocabulary(locations);
  return {"CLIP vocabulary", !file.empty(),
          file.empty() ? "none: checkpoints in a single file cannot be used" : file.string(),
          "tools/setup", true};
}

int run_doctor(const GlobalOptions& global) {
  start_log(global);
  const Locations locations = find_locations(global);
  std::vector<Finding> findings = {check_catalog(locations), check_encoder(global, locations),
                                   check_index(global)};
  try {
    const std::vector<Model> models = list_models(locations);
    findings.push_back(check_renderer(models));
    findings.push_back(check_models(models));
  } catch (const Error& error) {
    findings.push_back({"models", false, error.what(), "correct or remove that file"});
  }
  findings.push_back(check_clip_vocabulary(locations));
  bool all_good = true;
  bool all_there = true;
  nlohmann::ordered_json answer;
  answer["version"] = STYLUS_VERSION;
  answer["home"] = locations.home.string();
  answer["checks"] = nlohmann::json::array();
  Table table({"", "what", "found"});
  for (const Finding& finding : findings) {
    all_good = all_good && (finding.good || finding.optional);
    all_there = all_there && finding.good;
    answer["checks"].push_back({{"what", finding.what},
                                {"good", finding.good},
                                {"found", finding.detail},
                                {"remedy", finding.good ? "" : finding.remedy}});
    table.add({finding.good       ? Table::Cell{"ok", Ink::kGreen}
               : finding.optional ? Table::Cell{"without", Ink::kYellow}
                                  : Table::Cell{"missing", Ink::kRed},
               finding.what, finding.detail + (finding.good ? "" : ". Remedy: " + finding.remedy)});
  }
  if (global.json) {
    std::cout << answer.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  } else {
    std::cout << "stylus " << STYLUS_VERSION << ", home " << locations.home.string() << '\n'
              << table.str();
    if (all_there) {
      std::cout << "All well.\n";
    } else if (all_good) {
      std::cout << "Plans work. For pictures in another tool: stylus export PLAN --to a1111\n";
    }
  }
  return all_good ? kSuccess : kSomeRefused;
}

}  // namespace

void add_doctor_verb(CLI::App& app, Action& chosen) {
  add_verb(app, "doctor", "What is installed, what is missing and how to get it", "doctor", chosen,
           run_doctor);
}

}  // namespace stylus::app
