#include "evaluator/comparisons.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace stylus::evaluator {
namespace {

using PerPrompt = std::vector<double> GroupFigures::*;

struct Metric {
  const char* name;
  PerPrompt values;
};
constexpr Metric kMetrics[] = {{kClipScore, &GroupFigures::per_prompt},
                               {kKeywordPresence, &GroupFigures::presence_per_prompt}};

/// The mean over several groups, prompt by prompt; NaN where one of them is.
std::vector<double> mean_over(const std::vector<const GroupFigures*>& groups, PerPrompt values) {
  std::vector<double> sums;
  for (const GroupFigures* group : groups) {
    const std::vector<double>& own = group->*values;
    sums.resize(own.size());
    for (std::size_t i = 0; i < own.size(); ++i) {
      sums[i] += own[i] / static_cast<double>(groups.size());
    }
  }
  return sums;
}

std::vector<double> differences(const std::vector<double>& first,
                                const std::vector<double>& second) {
  std::vector<double> result;
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (!std::isnan(first[i] - second[i])) {
      result.push_back(first[i] - second[i]);
    }
  }
  return result;
}

/// What a method is compared with comes second: the plainer one.
int plainness(MethodKind kind) {
  switch (kind) {
    case MethodKind::kBase:
      return 0;
    case MethodKind::kRandom:
      return 1;
    case MethodKind::kTopK:
      return 2;
    case MethodKind::kStylus:
    case MethodKind::kLlm:
    case MethodKind::kPlans:
      break;
  }
  return 3;
}

/// The groups of one model, one list a method.
using Arms = std::vector<std::vector<const GroupFigures*>>;

void add_pairs(const Manifest& run, const Arms& arms, std::optional<double> guidance,
               const Metric& metric, std::vector<Comparison>& comparisons) {
  std::vector<std::vector<double>> means;
  for (const std::vector<const GroupFigures*>& arm : arms) {
    means.push_back(mean_over(arm, metric.values));
  }
  for (std::size_t a = 0; a < arms.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      const std::vector<double> found = differences(means[a], means[b]);
      if (found.empty()) {
        continue;
      }
      Comparison comparison;
      comparison.model = arms[a].front()->model;
      comparison.guidance = guidance;
      comparison.first = arms[a].front()->method;
      comparison.second = arms[b].front()->method;
      comparison.metric = metric.name;
      comparison.prompts = found.size();
      comparison.difference = bootstrap_mean(found, run.resamples, run.run_seed);
      comparison.wins = count_wins(found);
      comparisons.push_back(std::move(comparison));
    }
  }
}

void correct(std::vector<Comparison>& comparisons) {
  std::map<std::pair<std::string, bool>, std::vector<Comparison*>> families;
  for (Comparison& comparison : comparisons) {
    families[{comparison.metric, comparison.guidance.has_value()}].push_back(&comparison);
  }
  for (const auto& [name, family] : families) {
    std::vector<double> p_values;
    for (const Comparison* comparison : family) {
      p_values.push_back(comparison->wins.sign_test_p);
    }
    const std::vector<double> corrected = holm(p_values);
    for (std::size_t i = 0; i < family.size(); ++i) {
      family[i]->p_holm = corrected[i];
    }
  }
}

}  // namespace

std::vector<Comparison> compare_methods(const Manifest& run,
                                        const std::vector<GroupFigures>& groups) {
  std::vector<Comparison> comparisons;
  std::vector<Method> methods = run.methods;
  std::stable_sort(methods.begin(), methods.end(), [](const Method& a, const Method& b) {
    return plainness(a.kind) < plainness(b.kind);
  });
  const auto arms_of = [&](const std::string& model, std::optional<double> guidance) {
    Arms arms;
    for (const Method& method : methods) {
      arms.emplace_back();
      for (const GroupFigures& group : groups) {
        if (group.model == model && group.method == method.name &&
            (!guidance || group.guidance == *guidance)) {
          arms.back().push_back(&group);
        }
      }
    }
    return arms;
  };
  for (const std::string& model : run.models) {
    for (const Metric& metric : kMetrics) {
      if (run.guidance.size() > 1) {
        add_pairs(run, arms_of(model, std::nullopt), std::nullopt, metric, comparisons);
      }
      for (const double guidance : run.guidance) {
        add_pairs(run, arms_of(model, guidance), guidance, metric, comparisons);
      }
    }
  }
  correct(comparisons);
  return comparisons;
}

}  // namespace stylus::evaluator
