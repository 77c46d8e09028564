#include "evaluator/figures.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <tuple>

#include "composer/plan.h"
#include "evaluator/comparisons.h"
#include "evaluator/figure_notes.h"
#include "evaluator/set_distances.h"
#include "support/error.h"

namespace stylus::evaluator {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kFewestForReference = 6;  // on each side

std::vector<double> without_none(const std::vector<double>& values) {
  std::vector<double> kept;
  std::copy_if(values.begin(), values.end(), std::back_inserter(kept),
               [](double value) { return !std::isnan(value); });
  return kept;
}

std::string clip_name_of(const RunResults& results) {
  const std::string& clip = results.manifest.metrics.clip;
  if (clip.empty() || clip == "mini") {
    return clip.empty() ? "" : "mini-CLIP score";
  }
  std::string name = results.sigmoid ? "SigLIP score (" : "CLIP score (";
  name += std::filesystem::path(clip).filename().string() + ")";
  return name;
}

/// The figures of the groups; one object measures one run.
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
      if (const auto row = results.picture_rows.find(item.key); row != results.picture_rows.end()) {
        PromptRows& rows = rows_[{item.model, item.guidance, item.method}];
        rows.resize(run_.prompts.size());
        rows[prompt_numbers_.at(item.prompt)].push_back(row->second);
      }
    }
    if (has_clip() && results.keyword_texts.rows > 0) {
      require(results.keyword_texts.dim == results.clip_pictures.dim, ErrorCode::kCorruptData,
              "feature rows of keywords have ", results.keyword_texts.dim, " numbers, of pictures ",
              results.clip_pictures.dim, "; remove the run's folder features");
      presence_.emplace(run_, results.keywords, results.keyword_texts);
      for (const std::string& model : run_.models) {
        means_[model] = mean_picture(model);
      }
    }
  }

  GroupFigures group(const std::string& model, double guidance, const std::string& method) {
    GroupFigures result;
    result.model = model;
    result.method = method;
    result.guidance = guidance;
    PromptRows rows = rows_[{model, guidance, method}];
    rows.resize(run_.prompts.size());
    for (const std::vector<std::size_t>& own : rows) {
      result.prompts += own.empty() ? 0 : 1;
      result.pictures += own.size();
    }
    add_adapters(result);
    add_scores(result, rows);
    add_presence(result, rows);
    add_diversity(result, rows);
    add_reference(result, rows);
    return result;
  }

 private:
  using PromptRows = std::vector<std::vector<std::size_t>>;  // of the feature matrices

  [[nodiscard]] bool has_clip() const { return results_.clip_pictures.rows > 0; }

  Interval interval(const std::vector<double>& values) const {
    return bootstrap_mean(values, run_.resamples, run_.run_seed);
  }

  /// Of all distinct pictures that a model made in this run.
  std::vector<double> mean_picture(const std::string& model) const {
    std::vector<double> mean(results_.clip_pictures.dim);
    double count = 0;
    for (const PictureRecord& picture : results_.pictures) {
      const auto row = results_.picture_rows.find(picture.task.key);
      if (picture.task.model == model && row != results_.picture_rows.end()) {
        const std::span<const float> values = results_.clip_pictures.row(row->second);
        for (std::size_t i = 0; i < mean.size(); ++i) {
          mean[i] += static_cast<double>(values[i]);
        }
        ++count;
      }
    }
    for (double& value : mean) {
      value /= std::max(count, 1.0);
    }
    return mean;
  }

  void add_adapters(GroupFigures& group) {
    const std::vector<std::size_t>& counts = adapters_[{group.model, group.method}];
    for (const std::size_t count : counts) {
      group.adapters += static_cast<double>(count) / static_cast<double>(counts.size());
      group.with_adapters += (count > 0 ? 1.0 : 0.0) / static_cast<double>(counts.size());
    }
  }

  void add_scores(GroupFigures& group, const PromptRows& rows) const {
    group.per_prompt.assign(rows.size(), kNone);
    std::vector<double> first;
    std::vector<double> best;
    std::vector<double> deviations;
    for (std::size_t prompt = 0; prompt < rows.size() && has_clip(); ++prompt) {
      std::vector<double> scores;
      for (const std::size_t row : rows[prompt]) {
        scores.push_back(pair_score(results_.clip_pictures.row(row),
                                    results_.clip_texts.row(prompt), results_.sigmoid));
      }
      if (scores.empty()) {
        continue;
      }
      group.per_prompt[prompt] = mean_of(scores);
      first.push_back(scores.front());
      if (scores.size() > 1) {
        deviations.push_back(deviation_of(scores));
      }
      scores.resize(std::min(scores.size(), static_cast<std::size_t>(std::max(run_.best_of, 1))));
      best.push_back(*std::max_element(scores.begin(), scores.end()));
    }
    group.clip_score = interval(without_none(group.per_prompt));
    group.clip_score_first = interval(first);
    group.clip_score_best = interval(best);
    group.clip_deviation = mean_of(deviations);
  }

  void add_presence(GroupFigures& group, const PromptRows& rows) const {
    group.presence_per_prompt.assign(rows.size(), kNone);
    std::vector<double> shown;
    for (std::size_t prompt = 0; prompt < rows.size() && presence_; ++prompt) {
      if (rows[prompt].empty() || !presence_->measures(prompt)) {
        continue;
      }
      Presence sum;
      for (const std::size_t row : rows[prompt]) {
        const Presence one =
            presence_->of_picture(prompt, results_.clip_pictures.row(row), means_.at(group.model));
        sum.rank += one.rank;
        sum.shown += one.shown;
      }
      const auto count = static_cast<double>(rows[prompt].size());
      group.presence_per_prompt[prompt] = sum.rank / count;
      shown.push_back(sum.shown / count);
    }
    group.presence_prompts = shown.size();
    group.keyword_presence = interval(without_none(group.presence_per_prompt));
    group.keywords_shown = interval(shown);
  }

  void add_diversity(GroupFigures& group, const PromptRows& rows) const {
    std::vector<double> spread;
    std::vector<double> vendi;
    std::vector<double> traces;
    const bool has_inception = results_.inception_pictures.rows > 0;
    for (const std::vector<std::size_t>& own : rows) {
      if (own.size() < 2) {
        continue;
      }
      if (has_clip()) {
        const Rows some = chosen_rows(results_.clip_pictures, own);
        spread.push_back(mean_pairwise_distance(some.view()));
        vendi.push_back(vendi_score(some.view()));
      }
      if (has_inception || has_clip()) {
        const Rows& features = has_inception ? results_.inception_pictures : results_.clip_pictures;
        traces.push_back(covariance_trace(chosen_rows(features, own).view()));
      }
    }
    group.diversity = interval(spread);
    group.vendi = interval(vendi);
    group.dfid = interval(traces);
  }

  void add_reference(GroupFigures& group, PromptRows rows) const {
    std::erase_if(rows, [](const auto& own) { return own.empty(); });
    const auto add = [&](const Rows& all, const Rows& reference, const char* name) {
      if (std::min(group.pictures, reference.rows) >= kFewestForReference && all.rows > 0) {
        group.reference.push_back(reference_figures(name, all, rows, reference, run_.run_seed));
      }
    };
    add(results_.clip_pictures, results_.reference,
        run_.metrics.clip == "mini" ? "mini-CLIP" : "CLIP");
    add(results_.inception_pictures, results_.inception_reference, "Inception");
  }

  const RunResults& results_;
  const Manifest& run_;
  std::map<std::string, std::size_t> prompt_numbers_;  // by id
  std::map<std::tuple<std::string, double, std::string>, PromptRows> rows_;
  std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> adapters_;
  std::optional<PresenceMeter> presence_;
  std::map<std::string, std::vector<double>> means_;  // of the pictures, by model
};

}  // namespace

double pair_score(std::span<const float> picture, std::span<const float> text,
                  const std::optional<SigmoidScale>& sigmoid) {
  double cosine = 0;
  for (std::size_t i = 0; i < picture.size(); ++i) {
    cosine += static_cast<double>(picture[i]) * static_cast<double>(text[i]);
  }
  return sigmoid ? 100 / (1 + std::exp(-(sigmoid->scale * cosine + sigmoid->bias))) : 100 * cosine;
}

Figures measure(const RunResults& results, const ProgressFn& progress) {
  const Manifest& run = results.manifest;
  Measurer measurer(results);
  Figures figures;
  figures.clip_name = clip_name_of(results);
  const std::size_t total = run.models.size() * run.guidance.size() * run.methods.size();
  for (const std::string& model : run.models) {
    for (const double guidance : run.guidance) {
      for (const Method& method : run.methods) {
        if (progress) {
          progress({"comparing", figures.groups.size(), total});
        }
        figures.groups.push_back(measurer.group(model, guidance, method.name));
      }
    }
  }
  figures.comparisons = compare_methods(run, figures.groups);
  figures.failures = failures_of(results);
  figures.warnings = warnings_of(results, figures);
  return figures;
}

}  // namespace stylus::evaluator
