#include "app/evaluation/plan_measuring.h"

#include <iostream>
#include <optional>

#include "app/evaluation/planning.h"
#include "app/output.h"
#include "app/status_map.h"
#include "app/workspace.h"
#include "evaluator/plan_quality.h"
#include "support/error.h"
#include "support/file.h"

namespace stylus::app {

namespace fs = std::filesystem;

int measure_plans(const GlobalOptions& global, const EvaluateCommand& command) {
  require(!command.plans_file.empty() && !command.reference_plans_file.empty(),
          ErrorCode::kInvalidArgument, "--plans and --reference-plans go together");
  const auto list_of = [](const std::string& file) {
    std::vector<composer::Plan> plans;
    for (auto& [id, plan] : read_plans(file)) {
      plans.push_back(plan);
    }
    return plans;
  };
  const Locations locations = find_locations(global);
  std::optional<catalog::Catalog> catalog;
  if (fs::exists(locations.catalog_file())) {
    catalog.emplace(open_catalog(locations, catalog::OpenMode::kReadOnly));
  }
  const evaluator::PlanQuality quality = evaluator::plan_quality(
      list_of(command.plans_file), list_of(command.reference_plans_file),
      [&](std::string_view id) { return !catalog || catalog->find(id).has_value(); });
  const std::string json = evaluator::plan_quality_json(quality);
  if (!command.output.empty()) {
    write_file_atomically(command.output, json);
  }
  if (global.json) {
    std::cout << json;
    return kSuccess;
  }
  Table table({"figure", "value"});
  const auto add = [&table](const char* name, const evaluator::Interval& interval) {
    table.add({name, number(interval.value, 4) + " [" + number(interval.low, 4) + ", " +
                         number(interval.high, 4) + "]"});
  };
  add("adapters: F1", quality.f1);
  add("adapters: F1 at best here", quality.f1_ceiling);
  add("adapters: precision", quality.precision);
  add("adapters: recall", quality.recall);
  add("any hit", quality.any_hit);
  add("any hit at best here", quality.hit_ceiling);
  add("keywords: equal spans, F1", quality.span_f1);
  add("keywords: words, F1", quality.word_f1);
  add("keywords: covered or not", quality.coverage_agreement);
  std::cout << table.str();
  std::cerr << quality.prompts << " plans compared, " << quality.missing
            << " missing (they count as empty)\n";
  return kSuccess;
}

}  // namespace stylus::app
