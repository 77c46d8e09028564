#include "refiner/queue.h"

#include <algorithm>
#include <vector>

#include "refiner/rules.h"
#include "support/parallel.h"

namespace stylus::refiner {
namespace {

constexpr std::size_t kBatch = 400;  // adapters stored together

PromptStatistics statistics_of(const catalog::Catalog& catalog) {
  PromptStatistics statistics;
  catalog::for_each_prompts(
      catalog, [&](const std::vector<std::string>& triggers,
                   const std::vector<std::string>& prompts) { statistics.add(triggers, prompts); });
  return statistics;
}

}  // namespace

RulesReport refine_by_rules(catalog::Catalog& catalog, const ProgressFn& progress) {
  RulesReport report;
  report.adapters = catalog.size();
  const std::vector<catalog::AdapterRow> rows =
      catalog::changed_since_refined(catalog, catalog::Refiner::kRules, kRulesAuthor);
  if (rows.empty()) {
    return report;
  }
  const auto tell = [&](std::size_t done) {
    if (progress) {
      progress({"reading cards", done, rows.size()});
    }
  };
  tell(0);
  const PromptStatistics statistics = statistics_of(catalog);
  for (std::size_t begin = 0; begin < rows.size(); begin += kBatch) {
    tell(begin);
    const std::size_t count = std::min(kBatch, rows.size() - begin);
    std::vector<catalog::Adapter> adapters;
    adapters.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      adapters.push_back(catalog::unrefined(catalog, rows[begin + i]));
    }
    std::vector<catalog::RefinedRow> refined(count);
    parallel_for(count, 16, [&](std::size_t from, std::size_t to) {
      for (std::size_t i = from; i < to; ++i) {
        refined[i] = {adapters[i].row, refine_by_rules(adapters[i], statistics)};
      }
    });
    const std::int64_t before = catalog.revision();
    catalog::store_rules(catalog, refined);
    report.changed += catalog.revision() - before;
  }
  tell(rows.size());
  report.unchanged = static_cast<std::int64_t>(rows.size()) - report.changed;
  return report;
}

}  // namespace stylus::refiner
