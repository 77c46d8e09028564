#include "evaluator/run_lock.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/error.h"
#include "support/file.h"
#include "support/json.h"

namespace stylus::evaluator {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kLargestLock = std::size_t{1} << 20U;

std::string lock_text(const std::vector<ContentId>& models) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const ContentId& model : models) {
    list.push_back({{"name", model.name}, {"sha256", model.sha256}});
  }
  const nlohmann::ordered_json root = {{"stylus_run_lock", 1}, {"models", std::move(list)}};
  return root.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

std::vector<ContentId> locked_models(const fs::path& run_folder) {
  const fs::path file = run_folder / "run.lock";
  if (!fs::exists(file)) {
    return {};
  }
  const json root = parse_json(read_file(file, kLargestLock), file.string());
  require(root.is_object() && root.contains("stylus_run_lock") && root["stylus_run_lock"] == 1 &&
              root.contains("models") && root["models"].is_array(),
          ErrorCode::kCorruptData, "'", file.string(),
          "' is no run.lock of version 1; remove the run's folder and start again");
  std::vector<ContentId> models;
  for (const json& entry : root["models"]) {
    models.push_back({json_string(entry, "name"), json_string(entry, "sha256")});
  }
  return models;
}

void hold_to_models(const fs::path& run_folder, const std::vector<ContentId>& models) {
  const std::vector<ContentId> known = locked_models(run_folder);
  if (known.empty()) {
    write_file_atomically(run_folder / "run.lock", lock_text(models));
    return;
  }
  for (const ContentId& model : models) {
    const auto before = std::find_if(known.begin(), known.end(),
                                     [&](const ContentId& k) { return k.name == model.name; });
    require(before != known.end() && before->sha256 == model.sha256, ErrorCode::kInvalidArgument,
            "'", run_folder.string(), "' holds pictures of another '", model.name, "' (content ",
            before == known.end() ? "unknown" : before->sha256.substr(0, 12), ", now ",
            model.sha256.substr(0, 12),
            "); put the former one back, or give this run a folder of its own with --output");
  }
}

}  // namespace stylus::evaluator
