#include <cmath>
#include <nlohmann/json.hpp>

#include "evaluator/figures.h"

namespace stylus::evaluator {
namespace {

using nlohmann::ordered_json;

/// Six decimals: below what any figure means, above what rounding could move. NaN becomes null.
ordered_json rounded(double value) {
  return std::isnan(value) ? ordered_json() : ordered_json(std::round(value * 1e6) / 1e6);
}

ordered_json interval_json(const Interval& interval) {
  return {{"value", rounded(interval.value)},
          {"low", rounded(interval.low)},
          {"high", rounded(interval.high)}};
}

ordered_json reference_json(const ReferenceFigures& reference) {
  ordered_json entry = {{"pictures", reference.pictures},
                        {"reference", reference.reference},
                        {"frechet", interval_json(reference.frechet)},
                        {"frechet_infinity", rounded(reference.frechet_infinity)},
                        {"kernel", interval_json(reference.kernel)},
                        {"precision", rounded(reference.coverage.precision)},
                        {"recall", rounded(reference.coverage.recall)},
                        {"density", rounded(reference.coverage.density)},
                        {"coverage", rounded(reference.coverage.coverage)}};
  if (!std::isnan(reference.cmmd)) {
    entry["cmmd"] = rounded(reference.cmmd);
  }
  return entry;
}

ordered_json group_json(const Manifest& run, bool has_scores, const GroupFigures& group) {
  ordered_json entry = {{"model", group.model},
                        {"guidance", group.guidance},
                        {"method", group.method},
                        {"prompts", group.prompts},
                        {"pictures", group.pictures},
                        {"adapters", rounded(group.adapters)},
                        {"with_adapters", rounded(group.with_adapters)}};
  if (has_scores) {
    entry["clip_score"] = interval_json(group.clip_score);
    entry["clip_score_first"] = interval_json(group.clip_score_first);
    if (run.best_of > 1) {
      entry["clip_score_best"] = interval_json(group.clip_score_best);
    }
    entry["clip_deviation"] = rounded(group.clip_deviation);
  }
  if (group.presence_prompts > 0) {
    entry["presence_prompts"] = group.presence_prompts;
    entry["keyword_presence"] = interval_json(group.keyword_presence);
    entry["keywords_shown"] = interval_json(group.keywords_shown);
  }
  if (run.pictures > 1) {
    entry["diversity"] = interval_json(group.diversity);
    entry["vendi"] = interval_json(group.vendi);
    entry["dfid"] = interval_json(group.dfid);
  }
  for (const ReferenceFigures& reference : group.reference) {
    entry["reference_" + reference.features] = reference_json(reference);
  }
  return entry;
}

ordered_json comparison_json(const Comparison& c) {
  return {{"model", c.model},
          {"guidance", c.guidance ? ordered_json(*c.guidance) : ordered_json("all")},
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
          {"p_holm", rounded(c.p_holm)}};
}

ordered_json contents_json(const std::vector<ContentId>& contents) {
  ordered_json list = ordered_json::array();
  for (const ContentId& content : contents) {
    list.push_back({{"name", content.name}, {"sha256", content.sha256}});
  }
  return list;
}

}  // namespace

std::string figures_json(const RunResults& results, const Figures& figures) {
  ordered_json groups = ordered_json::array();
  for (const GroupFigures& group : figures.groups) {
    groups.push_back(group_json(results.manifest, !figures.clip_name.empty(), group));
  }
  ordered_json comparisons = ordered_json::array();
  for (const Comparison& comparison : figures.comparisons) {
    comparisons.push_back(comparison_json(comparison));
  }
  const ordered_json root = {{"stylus_metrics", 2},
                             {"run", run_id(results.manifest)},
                             {"name", results.manifest.name},
                             {"models", contents_json(results.models)},
                             {"towers", contents_json(results.towers)},
                             {"clip", figures.clip_name},
                             {"primary", results.manifest.primary},
                             {"groups", std::move(groups)},
                             {"comparisons", std::move(comparisons)},
                             {"warnings", figures.warnings},
                             {"failures", figures.failures}};
  return root.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace stylus::evaluator
