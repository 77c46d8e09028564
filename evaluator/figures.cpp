#include "evaluator/figures.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <tuple>

#include "composer/plan.h"
#include "evaluator/frechet.h"

namespace stylus::evaluator {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kFewPrompts = 100;
constexpr std::size_t kFewForDistances = 2048;

/// 100 x cosine of two unit rows.
double clip_score(std::span<const float> picture, std::span<const float> text) {
  double sum = 0;
  for (std::size_t i = 0; i < picture.size(); ++i) {
    sum += static_cast<double>(picture[i]) * static_cast<double>(text[i]);
  }
  return 100 * sum;
}

/// Scores of each prompt's pictures, by number; manifest's order of prompts.
using Scores = std::vector<std::vector<double>>;

std::vector<double> without_none(const std::vector<double>& values) {
  std::vector<double> kept;
  std::copy_if(values.begin(), values.end(), std::back_inserter(kept),
               [](double value) { return !std::isnan(value); });
  return kept;
}

class Measurer {
 public:
  explicit Measurer(const RunResults& results) : results_(results), run_(results.manifest) {
    for (std::size_t i = 0; i < run_.prompts.size(); ++i) {
      prompt_numbers_[run_.prompts[i].id] = i;
    }
    for (const StoredPlan& stored : results.plans) {
      if (stored.error.empty()) {
        const composer::Plan plan = composer::plan_from_json(stored.plan, "a stored plan");
        adapters_[{stored.model, stored.method}].push_back(plan.adapters.size());
      }
    }
    for (const RunItem& item : results.items) {
      const auto row = results.picture_rows.find(item.key);
      if (row == results.picture_rows.end()) {
        continue;
      }
      rows_[{item.model, item.guidance, item.method}][item.prompt].push_back(row->second);
      Scores& scores = scores_[{item.model, item.guidance, item.method}];
      scores.resize(run_.prompts.size());
      const std::size_t prompt = prompt_numbers_.at(item.prompt);
      scores[prompt].push_back(
          results.clip_pictures.rows == 0
              ? 0.0
              : clip_score(results.clip_pictures.row(row->second), results.clip_texts.row(prompt)));
    }
  }

  Figures run() {
    Figures figures;
    figures.clip_name =
        run_.metrics.clip == "mini"
            ? "mini-CLIP score"
            : "CLIP score (" + std::filesystem::path(run_.metrics.clip).filename().string() + ")";
    for (const std::string& model : run_.models) {
      for (const double guidance : run_.guidance) {
        const std::size_t first = figures.groups.size();
        for (const Method& method : run_.methods) {
          figures.groups.push_back(group(model, guidance, method.name));
        }
        compare(figures, first);
      }
    }
    std::vector<double> p_values;
    for (const Comparison& comparison : figures.comparisons) {
      p_values.push_back(comparison.wins.sign_test_p);
    }
    const std::vector<double> corrected = holm(p_values);
    for (std::size_t i = 0; i < corrected.size(); ++i) {
      figures.comparisons[i].p_holm = corrected[i];
    }
    add_failures(figures);
    add_warnings(figures);
    return figures;
  }

 private:
  GroupFigures group(const std::string& model, double guidance, const std::string& method) {
    GroupFigures result;
    result.model = model;
    result.method = method;
    result.guidance = guidance;
    const Scores& scores = scores_[{model, guidance, method}];
    std::vector<double> first;
    std::vector<double> best;
    std::vector<double> deviations;
    result.per_prompt.assign(run_.prompts.size(), kNone);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const std::vector<double>& own = scores[i];
      if (own.empty()) {
        continue;
      }
      ++result.prompts;
      result.pictures += own.size();
      result.per_prompt[i] = mean_of(own);
      first.push_back(own.front());
      const auto count = std::min(own.size(), static_cast<std::size_t>(std::max(run_.best_of, 1)));
      best.push_back(
          *std::max_element(own.begin(), own.begin() + static_cast<std::ptrdiff_t>(count)));
      if (own.size() > 1) {
        deviations.push_back(deviation_of(own));
      }
    }
    result.clip_score = interval(without_none(result.per_prompt));
    result.clip_score_first = interval(first);
    result.clip_score_best = interval(best);
    result.clip_deviation = mean_of(deviations);
    add_diversity(result);
    add_reference(result);
    const std::vector<std::size_t>& adapters = adapters_[{model, method}];
    for (const std::size_t count : adapters) {
      result.adapters += static_cast<double>(count) / static_cast<double>(adapters.size());
      result.with_adapters += (count > 0 ? 1.0 : 0.0) / static_cast<double>(adapters.size());
    }
    return result;
  }

  static Rows chosen(const Rows& all, const std::vector<std::size_t>& numbers) {
    Rows rows(numbers.size(), all.dim);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      std::copy_n(all.row(numbers[i]).data(), all.dim, rows.row(i).data());
    }
    return rows;
  }

  void add_diversity(GroupFigures& group) {
    std::vector<double> spread;
    std::vector<double> vendi;
    std::vector<double> traces;
    const bool has_inception = results_.inception_pictures.rows > 0;
    for (const auto& [prompt, numbers] : rows_[{group.model, group.guidance, group.method}]) {
      if (numbers.size() < 2) {
        continue;
      }
      if (results_.clip_pictures.rows > 0) {
        const Rows rows = chosen(results_.clip_pictures, numbers);
        spread.push_back(mean_pairwise_distance(rows.view()));
        vendi.push_back(vendi_score(rows.view()));
        if (!has_inception) {
          traces.push_back(covariance_trace(rows.view()));
        }
      }
      if (has_inception) {
        traces.push_back(covariance_trace(chosen(results_.inception_pictures, numbers).view()));
      }
    }
    group.diversity = interval(spread);
    group.vendi = interval(vendi);
    group.dfid = interval(traces);
  }

  void add_reference(GroupFigures& group) {
    std::vector<std::size_t> numbers;
    for (const auto& [prompt, own] : rows_[{group.model, group.guidance, group.method}]) {
      numbers.insert(numbers.end(), own.begin(), own.end());
    }
    const auto add = [&](const Rows& all, const Rows& reference, const std::string& name) {
      constexpr std::size_t kNeighbours = 5;
      if (all.rows == 0 || std::min(numbers.size(), reference.rows) <= kNeighbours) {
        return;
      }
      const Rows rows = chosen(all, numbers);
      ReferenceFigures figures;
      figures.features = name;
      figures.frechet = frechet_distance(rows.view(), reference.view());
      figures.kernel = kernel_distance(rows.view(), reference.view(), 100, 1000, run_.run_seed);
      figures.coverage = neighbour_coverage(reference.view(), rows.view(), kNeighbours);
      figures.cmmd = name == "Inception" ? 0 : cmmd(rows.view(), reference.view());
      group.reference.push_back(std::move(figures));
    };
    add(results_.clip_pictures, results_.reference,
        run_.metrics.clip == "mini" ? "mini-CLIP" : "CLIP");
    add(results_.inception_pictures, results_.inception_reference, "Inception");
  }

  Interval interval(const std::vector<double>& values) const {
    return bootstrap_mean(values, run_.resamples, run_.run_seed);
  }

  /// Every pair of methods of one model and guidance.
  void compare(Figures& figures, std::size_t first_group) const {
    for (std::size_t a = first_group; a < figures.groups.size(); ++a) {
      for (std::size_t b = first_group; b < a; ++b) {
        const GroupFigures& later = figures.groups[a];
        const GroupFigures& earlier = figures.groups[b];
        std::vector<double> differences;
        for (std::size_t i = 0; i < later.per_prompt.size(); ++i) {
          const double difference = later.per_prompt[i] - earlier.per_prompt[i];
          if (!std::isnan(difference)) {
            differences.push_back(difference);
          }
        }
        Comparison comparison;
        comparison.model = later.model;
        comparison.guidance = later.guidance;
        comparison.first = later.method;
        comparison.second = earlier.method;
        comparison.metric = "clip_score";
        comparison.prompts = differences.size();
        comparison.difference = interval(differences);
        comparison.wins = count_wins(differences);
        figures.comparisons.push_back(std::move(comparison));
      }
    }
  }

  void add_failures(Figures& figures) const {
    for (const StoredPlan& plan : results_.plans) {
      if (!plan.error.empty()) {
        figures.failures.push_back("plan of method '" + plan.method + "' for prompt '" +
                                   plan.prompt + "': " + plan.error);
      }
    }
    for (const PictureRecord& picture : results_.pictures) {
      if (picture.state == PictureState::kFailed) {
        figures.failures.push_back("picture of method '" + picture.task.method + "' for prompt '" +
                                   picture.task.prompt + "': " + picture.error);
      }
    }
  }

  void add_warnings(Figures& figures) const {
    const auto warn = [&figures](const auto&... parts) {
      std::ostringstream text;
      (text << ... << parts);
      figures.warnings.push_back(text.str());
    };
    if (run_.prompts.size() < kFewPrompts) {
      warn("only ", run_.prompts.size(), " prompts: intervals are wide, and the bootstrap makes ",
           "them a little too narrow");
    }
    std::set<std::size_t> counts;
    for (const GroupFigures& group : figures.groups) {
      counts.insert(group.pictures);
    }
    if (counts.size() > 1) {
      warn("the methods have unequal numbers of pictures (", *counts.begin(), " to ",
           *counts.rbegin(), "); set metrics are not comparable");
    }
    const auto open = std::count_if(results_.pictures.begin(), results_.pictures.end(),
                                    [](const auto& p) { return p.state == PictureState::kOpen; });
    if (open > 0) {
      warn(open, " pictures are not made yet");
    }
    if (run_.best_of > 1) {
      warn("best of ", run_.best_of,
           " favours whatever varies more between seeds; compare the means, and print both");
    }
    if (results_.texts_truncated > 0) {
      warn(results_.texts_truncated, " prompts are longer than the text tower reads and were cut");
    }
    if (run_.pictures < 2) {
      warn("one picture a prompt: no spread within prompts, no diversity");
    }
    const bool has_reference = !figures.groups.empty() && !figures.groups.front().reference.empty();
    if (has_reference && *counts.begin() < kFewForDistances) {
      warn("distances to the reference are of as few as ", *counts.begin(),
           " pictures: they are biased upwards by 1/n and compare only with figures of as many");
    }
    if (!figures.failures.empty()) {
      warn(figures.failures.size(), " plans or pictures failed and are missing in all figures");
    }
  }

  const RunResults& results_;
  const Manifest& run_;
  std::map<std::string, std::size_t> prompt_numbers_;
  std::map<std::tuple<std::string, double, std::string>, Scores> scores_;
  std::map<std::tuple<std::string, double, std::string>,
           std::map<std::string, std::vector<std::size_t>>>
      rows_;  // of the feature matrices, by prompt
  std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> adapters_;
};

using nlohmann::ordered_json;

/// Six decimals: below what any figure means, above what rounding could move.
double rounded(double value) { return std::round(value * 1e6) / 1e6; }

ordered_json interval_json(const Interval& interval) {
  return {{"value", rounded(interval.value)},
          {"low", rounded(interval.low)},
          {"high", rounded(interval.high)}};
}

}  // namespace

Figures measure(const RunResults& results) { return Measurer(results).run(); }

std::string figures_json(const RunResults& results, const Figures& figures) {
  ordered_json groups = ordered_json::array();
  for (const GroupFigures& group : figures.groups) {
    ordered_json entry = {{"model", group.model},
                          {"guidance", group.guidance},
                          {"method", group.method},
                          {"prompts", group.prompts},
                          {"pictures", group.pictures},
                          {"adapters", rounded(group.adapters)},
                          {"with_adapters", rounded(group.with_adapters)},
                          {"clip_score", interval_json(group.clip_score)},
                          {"clip_score_first", interval_json(group.clip_score_first)}};
    if (results.manifest.best_of > 1) {
      entry["clip_score_best"] = interval_json(group.clip_score_best);
    }
    entry["clip_deviation"] = rounded(group.clip_deviation);
    if (results.manifest.pictures > 1) {
      entry["diversity"] = interval_json(group.diversity);
      entry["vendi"] = interval_json(group.vendi);
      entry["dfid"] = interval_json(group.dfid);
    }
    for (const ReferenceFigures& reference : group.reference) {
      ordered_json against = {{"frechet", rounded(reference.frechet)},
                              {"kernel", rounded(reference.kernel.mean)},
                              {"kernel_deviation", rounded(reference.kernel.deviation)},
                              {"precision", rounded(reference.coverage.precision)},
                              {"recall", rounded(reference.coverage.recall)},
                              {"density", rounded(reference.coverage.density)},
                              {"coverage", rounded(reference.coverage.coverage)}};
      if (reference.features != "Inception") {
        against["cmmd"] = rounded(reference.cmmd);
      }
      entry["reference_" + reference.features] = std::move(against);
    }
    groups.push_back(std::move(entry));
  }
  ordered_json comparisons = ordered_json::array();
  for (const Comparison& c : figures.comparisons) {
    comparisons.push_back({{"model", c.model},
                           {"guidance", c.guidance},
                           {"first", c.first},
                           {"second", c.second},
                           {"metric", c.metric},
                           {"prompts", c.prompts},
                           {"difference", interval_json(c.difference)},
                           {"wins", c.wins.wins},
                           {"ties", c.wins.ties},
                           {"losses", c.wins.losses},
                           {"win_rate", interval_json(c.wins.rate)},
                           {"p_sign_test", rounded(c.wins.sign_test_p)},
                           {"p_holm", rounded(c.p_holm)}});
  }
  const ordered_json root = {{"stylus_metrics", 1},
                             {"run", run_id(results.manifest)},
                             {"name", results.manifest.name},
                             {"clip", figures.clip_name},
                             {"primary", results.manifest.primary},
                             {"groups", std::move(groups)},
                             {"comparisons", std::move(comparisons)},
                             {"warnings", figures.warnings},
                             {"failures", figures.failures}};
  return root.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace stylus::evaluator
