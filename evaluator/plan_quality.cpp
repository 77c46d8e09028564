#include "evaluator/plan_quality.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "support/error.h"

namespace stylus::evaluator {
namespace {

using composer::Plan;
using Ids = std::set<std::string>;
using Spans = std::map<std::pair<std::size_t, std::size_t>, bool>;  // -> covered

Ids ids_of(const Plan& plan) {
  Ids ids;
  for (const composer::PlanAdapter& adapter : plan.adapters) {
    ids.insert(adapter.id);
  }
  return ids;
}

Spans spans_of(const Plan& plan) {
  Spans spans;
  for (const composer::Keyword& keyword : plan.keywords) {
    spans[{keyword.begin, keyword.end}] = keyword.decision == "covered";
  }
  return spans;
}

double f1_of(std::size_t shared, std::size_t mine, std::size_t theirs) {
  return mine + theirs == 0
             ? 1.0
             : 2.0 * static_cast<double>(shared) / static_cast<double>(mine + theirs);
}

double share(std::size_t part, std::size_t whole) {
  return whole == 0 ? 1.0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::size_t shared_count(const Ids& a, const Ids& b) {
  return static_cast<std::size_t>(
      std::count_if(a.begin(), a.end(), [&](const std::string& id) { return b.contains(id); }));
}

std::vector<bool> covered_bytes(const Plan& plan, std::size_t length) {
  std::vector<bool> bytes(length, false);
  for (const composer::Keyword& keyword : plan.keywords) {
    for (std::size_t i = keyword.begin; i < std::min(keyword.end, length); ++i) {
      bytes[i] = true;
    }
  }
  return bytes;
}

/// One value a prompt, for each figure.
struct Columns {
  std::vector<double> precision, recall, f1, any_hit, f1_ceiling, hit_ceiling;
  std::vector<double> span_f1, word_f1, coverage;
};

void add_adapters(const Ids& mine, const Ids& theirs,
                  const std::function<bool(std::string_view)>& is_known, Columns& columns) {
  const std::size_t shared = shared_count(mine, theirs);
  columns.precision.push_back(share(shared, mine.size()));
  columns.recall.push_back(share(shared, theirs.size()));
  columns.f1.push_back(f1_of(shared, mine.size(), theirs.size()));
  const auto known = static_cast<std::size_t>(
      std::count_if(theirs.begin(), theirs.end(), [&](const auto& id) { return is_known(id); }));
  columns.f1_ceiling.push_back(f1_of(known, known, theirs.size()));
  if (!theirs.empty()) {
    columns.any_hit.push_back(shared > 0 ? 1 : 0);
    columns.hit_ceiling.push_back(known > 0 ? 1 : 0);
  }
}

void add_keywords(const Plan& mine, const Plan& theirs, Columns& columns) {
  const Spans own = spans_of(mine);
  const Spans other = spans_of(theirs);
  std::size_t shared = 0;
  for (const auto& [span, covered] : own) {
    const auto found = other.find(span);
    if (found != other.end()) {
      ++shared;
      columns.coverage.push_back(found->second == covered ? 1 : 0);
    }
  }
  columns.span_f1.push_back(f1_of(shared, own.size(), other.size()));
  const std::vector<bool> a = covered_bytes(mine, theirs.prompt.size());
  const std::vector<bool> b = covered_bytes(theirs, theirs.prompt.size());
  std::size_t both = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    both += a[i] && b[i] ? 1 : 0;
  }
  const auto count = [](const std::vector<bool>& bytes) {
    return static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), true));
  };
  columns.word_f1.push_back(f1_of(both, count(a), count(b)));
}

std::map<std::string, const Plan*> by_id(const std::vector<Plan>& plans) {
  std::map<std::string, const Plan*> result;
  for (const Plan& plan : plans) {
    require(!plan.id.empty(), ErrorCode::kInvalidArgument,
            "a plan has no \"id\"; make plans with stylus plan --prompts IN --output OUT");
    require(result.emplace(plan.id, &plan).second, ErrorCode::kInvalidArgument,
            "two plans have the id '", plan.id, "'; give every prompt an id of its own");
  }
  return result;
}

}  // namespace

PlanQuality plan_quality(const std::vector<Plan>& plans, const std::vector<Plan>& reference,
                         const std::function<bool(std::string_view)>& is_known, int resamples,
                         std::uint64_t seed) {
  require(!reference.empty(), ErrorCode::kInvalidArgument,
          "there are no reference plans; --reference-plans wants a file with one plan a line");
  const std::map<std::string, const Plan*> own = by_id(plans);
  PlanQuality quality;
  Columns columns;
  const Plan empty;
  for (const auto& [id, theirs] : by_id(reference)) {
    const auto found = own.find(id);
    const Plan& mine = found == own.end() ? empty : *found->second;
    ++(found == own.end() ? quality.missing : quality.prompts);
    quality.adapters += static_cast<double>(mine.adapters.size());
    quality.reference_adapters += static_cast<double>(theirs->adapters.size());
    add_adapters(ids_of(mine), ids_of(*theirs), is_known, columns);
    if (mine.prompt == theirs->prompt) {
      add_keywords(mine, *theirs, columns);
    }
  }
  const auto count = static_cast<double>(reference.size());
  quality.adapters /= count;
  quality.reference_adapters /= count;
  const auto interval = [&](const std::vector<double>& values) {
    return bootstrap_mean(values, resamples, seed);
  };
  quality.precision = interval(columns.precision);
  quality.recall = interval(columns.recall);
  quality.f1 = interval(columns.f1);
  quality.any_hit = interval(columns.any_hit);
  quality.f1_ceiling = interval(columns.f1_ceiling);
  quality.hit_ceiling = interval(columns.hit_ceiling);
  quality.span_f1 = interval(columns.span_f1);
  quality.word_f1 = interval(columns.word_f1);
  quality.coverage_agreement = interval(columns.coverage);
  return quality;
}

std::string plan_quality_json(const PlanQuality& q) {
  using nlohmann::ordered_json;
  const auto rounded = [](double value) { return std::round(value * 1e6) / 1e6; };
  const auto interval = [&](const Interval& i) -> ordered_json {
    return {{"value", rounded(i.value)}, {"low", rounded(i.low)}, {"high", rounded(i.high)}};
  };
  const ordered_json root = {{"stylus_plan_quality", 1},
                             {"prompts", q.prompts},
                             {"missing", q.missing},
                             {"adapters", rounded(q.adapters)},
                             {"reference_adapters", rounded(q.reference_adapters)},
                             {"precision", interval(q.precision)},
                             {"recall", interval(q.recall)},
                             {"f1", interval(q.f1)},
                             {"any_hit", interval(q.any_hit)},
                             {"f1_ceiling", interval(q.f1_ceiling)},
                             {"hit_ceiling", interval(q.hit_ceiling)},
                             {"span_f1", interval(q.span_f1)},
                             {"word_f1", interval(q.word_f1)},
                             {"coverage_agreement", interval(q.coverage_agreement)}};
  return root.dump(1) + "\n";
}

}  // namespace stylus::evaluator
