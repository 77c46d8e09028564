#include "evaluator/report.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

#include "composer/plan.h"
#include "evaluator/html.h"
#include "support/base64.h"

namespace stylus::evaluator {
namespace {

constexpr std::size_t kShownPrompts = 24;
constexpr std::size_t kShownFailures = 50;

std::string interval_text(const Interval& interval, int decimals = 2) {
  return shown(interval.value, decimals) + " <span class='dim'>[" + shown(interval.low, decimals) +
         ", " + shown(interval.high, decimals) + "]</span>";
}

std::string p_text(double p) { return p < 0.0001 ? "&lt; 0.0001" : shown(p, 4); }

class Report {
 public:
  Report(const RunResults& results, const Figures& figures, const PictureBytes& picture)
      : results_(results), figures_(figures), run_(results.manifest), picture_(picture) {
    for (const PictureRecord& record : results.pictures) {
      pictures_[record.task.key] = &record;
    }
    for (const StoredPlan& plan : results.plans) {
      plans_[{plan.model, plan.method, plan.prompt}] = &plan;
    }
    has_models_ = run_.models.size() > 1;
  }

  std::string html() {
    out_ << "<h1>" << escaped(run_.name) << "</h1>\n<p class='dim'>Run "
         << run_id(run_).substr(0, 12) << ": " << run_.prompts.size() << " prompts × "
         << run_.methods.size() << " methods × " << run_.guidance.size() << " guidance values × "
         << run_.pictures << " pictures. Intervals hold 95 %, by " << run_.resamples
         << " bootstrap resamples of prompts; differences are paired by prompt, with equal seeds, "
            "steps and suffix.</p>\n";
    answers();
    notes();
    groups();
    comparisons();
    curves();
    reference();
    timing();
    grid();
    failures();
    out_ << "<h2>Manifest</h2><details><summary>manifest.json</summary><pre>"
         << escaped(manifest_json(run_)) << "</pre></details>\n";
    return html_page(run_.name + " – stylus evaluate", out_.str());
  }

 private:
  /// The comparisons with the base at the guidance in the middle, in words.
  void answers() {
    out_ << "<h2>What came out</h2><ul>\n";
    const double guidance = middle();
    for (const Comparison& c : figures_.comparisons) {
      if (c.guidance != guidance || c.metric != "clip_score") {
        continue;
      }
      const bool is_clear = c.difference.low > 0 || c.difference.high < 0;
      out_ << "<li><b>" << escaped(c.first) << "</b> against <b>" << escaped(c.second)
           << "</b> at guidance " << shown(c.guidance, 1) << model_suffix(c.model) << ": "
           << escaped(figures_.clip_name) << ' ' << (c.difference.value > 0 ? "+" : "")
           << interval_text(c.difference) << ", wins " << c.wins.wins << ", ties " << c.wins.ties
           << ", losses " << c.wins.losses << " of " << c.prompts << " – "
           << (is_clear ? (c.difference.value > 0 ? "better" : "worse") : "no clear difference")
           << ".</li>\n";
    }
    out_ << "</ul>\n";
    if (run_.metrics.clip == "mini") {
      out_ << "<p>mini-CLIP and mini-FID are the embedded judge's figures: a small CLIP that was "
              "trained on emoji. They compare with nothing but themselves.</p>\n";
    }
  }

  void notes() {
    for (const std::string& warning : figures_.warnings) {
      out_ << "<p class='note'>" << escaped(warning) << "</p>\n";
    }
  }

  void groups() {
    out_ << "<h2>Methods</h2>\n<div class='scroll'>";
    std::vector<std::string> headings = {"guidance", "method"};
    if (has_models_) {
      headings.insert(headings.begin(), "model");
    }
    const std::size_t left = headings.size();
    for (const std::string& name :
         {std::string("prompts"), std::string("pictures"), std::string("adapters"),
          std::string("with any"), escaped(figures_.clip_name)}) {
      headings.push_back(name);
    }
    const bool has_many = run_.pictures > 1;
    if (has_many) {
      headings.insert(headings.end(), {"first picture", "spread s"});
    }
    if (run_.best_of > 1) {
      headings.push_back("best of " + std::to_string(run_.best_of));
    }
    if (has_many) {
      headings.insert(headings.end(), {"1 − cosine", "Vendi", "dFID"});
    }
    std::vector<std::vector<std::string>> rows;
    for (const GroupFigures& group : figures_.groups) {
      std::vector<std::string> row = {shown(group.guidance, 1), escaped(group.method)};
      if (has_models_) {
        row.insert(row.begin(), escaped(group.model));
      }
      row.push_back(std::to_string(group.prompts));
      row.push_back(std::to_string(group.pictures));
      row.push_back(shown(group.adapters, 2));
      row.push_back(shown(100 * group.with_adapters, 0) + " %");
      row.push_back(interval_text(group.clip_score));
      if (has_many) {
        row.push_back(interval_text(group.clip_score_first));
        row.push_back(shown(group.clip_deviation, 2));
      }
      if (run_.best_of > 1) {
        row.push_back(interval_text(group.clip_score_best));
      }
      if (has_many) {
        row.push_back(interval_text(group.diversity, 3));
        row.push_back(interval_text(group.vendi, 2));
        row.push_back(interval_text(group.dfid, 3));
      }
      rows.push_back(std::move(row));
    }
    out_ << html_table(headings, rows, left) << "</div>\n";
    if (has_many) {
      out_
          << "<p class='dim'>Spread s: standard deviation of the score among the pictures of a "
             "prompt, mean over prompts. Diversity is that among the pictures of a prompt: mean of "
             "1 − cosine over pairs, Vendi score, and dFID, taken as the trace of the features' "
             "covariance.</p>\n";
    }
  }

  void comparisons() {
    out_ << "<h2>Comparisons</h2>\n<div class='scroll'>";
    std::vector<std::vector<std::string>> rows;
    for (const Comparison& c : figures_.comparisons) {
      rows.push_back({shown(c.guidance, 1),
                      escaped(c.first) + " − " + escaped(c.second) + model_suffix(c.model),
                      std::to_string(c.prompts), interval_text(c.difference),
                      std::to_string(c.wins.wins), std::to_string(c.wins.ties),
                      std::to_string(c.wins.losses), interval_text(c.wins.rate),
                      p_text(c.wins.sign_test_p), p_text(c.p_holm)});
    }
    out_ << html_table({"guidance", "methods", "prompts", "difference", "wins", "ties", "losses",
                        "win rate (ties half)", "p, sign test", "p, Holm"},
                       rows, 2)
         << "</div>\n";
  }

  void curves() {
    if (run_.guidance.size() < 2) {
      return;
    }
    std::vector<ChartLine> scores;
    std::vector<ChartLine> plane;
    for (const GroupFigures& group : figures_.groups) {
      const std::string name = group.method + (has_models_ ? ", " + group.model : "");
      line_of(scores, name)
          .points.push_back({group.guidance, group.clip_score.value, group.clip_score.low,
                             group.clip_score.high, ""});
      if (!group.reference.empty()) {
        const double distance = group.reference.back().frechet;
        line_of(plane, name)
            .points.push_back(
                {group.clip_score.value, distance, distance, distance, shown(group.guidance, 1)});
      }
    }
    for (ChartLine& line : scores) {
      std::sort(line.points.begin(), line.points.end(),
                [](const auto& a, const auto& b) { return a.x < b.x; });
    }
    out_ << "<h2>Over guidance</h2>\n" << svg_chart("guidance", figures_.clip_name, scores);
    if (!plane.empty()) {
      out_ << svg_chart(figures_.clip_name, distance_name(plane_features()), plane)
           << "<p class='dim'>Points are labelled with their guidance; right and low is better."
              "</p>\n";
    }
  }

  void reference() {
    std::vector<std::vector<std::string>> rows;
    for (const GroupFigures& group : figures_.groups) {
      for (const ReferenceFigures& r : group.reference) {
        rows.push_back(
            {shown(group.guidance, 1), escaped(group.method) + model_suffix(group.model),
             distance_name(r.features), std::to_string(group.pictures), shown(r.frechet, 3),
             shown(1000 * r.kernel.mean, 3) + " ± " + shown(1000 * r.kernel.deviation, 3),
             r.features == "Inception" ? "–" : shown(r.cmmd, 3), shown(r.coverage.precision, 3),
             shown(r.coverage.recall, 3), shown(r.coverage.density, 3),
             shown(r.coverage.coverage, 3)});
      }
    }
    if (rows.empty()) {
      return;
    }
    out_ << "<h2>Against real pictures</h2>\n<div class='scroll'>"
         << html_table({"guidance", "method", "features", "pictures", "Fréchet", "kernel × 1000",
                        "CMMD", "precision", "recall", "density", "coverage"},
                       rows, 3)
         << "</div>\n";
  }

  void timing() {
    double planning = 0;
    std::size_t planned = 0;
    std::map<std::string, std::pair<double, std::size_t>> by_method;
    for (const StoredPlan& plan : results_.plans) {
      planning += plan.seconds;
      ++planned;
      by_method[plan.method].first += plan.seconds;
      ++by_method[plan.method].second;
    }
    double painting = 0;
    double preparing = 0;
    std::size_t painted = 0;
    for (const BatchTimes& batch : results_.times) {
      painting += batch.seconds;
      preparing += batch.prepare_seconds;
      painted += batch.pictures;
    }
    const auto row = [](const std::string& what, double seconds, std::size_t count) {
      return std::vector<std::string>{
          what, std::to_string(count), shown(seconds, 1),
          count == 0 ? "–" : shown(1000 * seconds / static_cast<double>(count), 1)};
    };
    std::vector<std::vector<std::string>> rows;
    for (const auto& [method, time] : by_method) {
      rows.push_back(row("planning, " + escaped(method), time.first, time.second));
    }
    rows.push_back(row("adapters and prompts, before the first step", preparing, painted));
    rows.push_back(row("painting", painting - preparing, painted));
    out_ << "<h2>What it cost</h2>\n"
         << html_table({"stage", "items", "seconds", "ms each"}, rows, 1)
         << "<p class='dim'>Wall-clock time of the work itself, on a machine that may have had "
            "other "
            "work; equal pictures of several methods were painted once ("
         << results_.pictures.size() << " pictures for " << results_.items.size()
         << " cells).</p>\n";
  }

  void grid() {
    const double guidance = middle();
    out_ << "<h2>Pictures</h2>\n<p class='dim'>The first picture of each of the first "
         << std::min(kShownPrompts, run_.prompts.size()) << " prompts, at guidance "
         << shown(guidance, 1) << ". None were selected.</p>\n<div class='scroll'>";
    std::map<std::tuple<std::string, std::string, std::string>, const RunItem*> first;
    for (const RunItem& item : results_.items) {
      if (item.guidance == guidance && item.image == 0) {
        first[{item.model, item.method, item.prompt}] = &item;
      }
    }
    for (const std::string& model : run_.models) {
      if (has_models_) {
        out_ << "<h3>" << escaped(model) << "</h3>\n";
      }
      out_ << "<table class='grid'><thead><tr><th class='l'>prompt</th>";
      for (const Method& method : run_.methods) {
        out_ << "<th class='l'>" << escaped(method.name) << "</th>";
      }
      out_ << "</tr></thead><tbody>\n";
      for (std::size_t i = 0; i < std::min(kShownPrompts, run_.prompts.size()); ++i) {
        const RunPrompt& prompt = run_.prompts[i];
        out_ << "<tr><td>" << escaped(prompt.text) << "</td>";
        for (const Method& method : run_.methods) {
          out_ << "<td>" << cell(first, model, method.name, prompt, i) << "</td>";
        }
        out_ << "</tr>\n";
      }
      out_ << "</tbody></table>\n";
    }
    out_ << "</div>\n";
  }

  std::string cell(
      const std::map<std::tuple<std::string, std::string, std::string>, const RunItem*>& first,
      const std::string& model, const std::string& method, const RunPrompt& prompt,
      std::size_t number) const {
    const auto item = first.find({model, method, prompt.id});
    std::string text;
    if (item == first.end()) {
      return "no plan";
    }
    const auto record = pictures_.find(item->second->key);
    if (record == pictures_.end() || record->second->state != PictureState::kDone) {
      text = record != pictures_.end() && record->second->state == PictureState::kFailed
                 ? "failed: " + escaped(record->second->error)
                 : "not made yet";
    } else {
      const std::string bytes = picture_(record->second->sha256);
      text = bytes.empty() ? "picture file missing"
                           : "<img alt='' src='data:image/png;base64," + base64(bytes) + "'>";
    }
    const auto plan = plans_.find({model, method, prompt.id});
    if (plan != plans_.end() && plan->second->error.empty()) {
      const composer::Plan read = composer::plan_from_json(plan->second->plan, "a stored plan");
      for (const composer::PlanAdapter& adapter : read.adapters) {
        text += escaped(adapter.name) + " " + shown(adapter.weight, 2) + "<br>";
      }
      text += read.adapters.empty() ? "<span class='dim'>no adapter</span><br>" : "";
    }
    for (const GroupFigures& group : figures_.groups) {
      if (group.model == model && group.method == method && group.guidance == middle() &&
          number < group.per_prompt.size() && !std::isnan(group.per_prompt[number])) {
        text += "<span class='dim'>score " + shown(group.per_prompt[number], 1) + "</span>";
      }
    }
    return text;
  }

  void failures() {
    if (figures_.failures.empty()) {
      return;
    }
    out_ << "<h2>Failures</h2><ul>\n";
    for (std::size_t i = 0; i < std::min(kShownFailures, figures_.failures.size()); ++i) {
      out_ << "<li>" << escaped(figures_.failures[i]) << "</li>\n";
    }
    out_ << "</ul>\n";
    if (figures_.failures.size() > kShownFailures) {
      out_ << "<p>and " << figures_.failures.size() - kShownFailures
           << " more, in metrics.json</p>\n";
    }
  }

  [[nodiscard]] double middle() const { return run_.guidance[(run_.guidance.size() - 1) / 2]; }
  [[nodiscard]] std::string model_suffix(const std::string& model) const {
    return has_models_ ? " (" + escaped(model) + ")" : "";
  }
  [[nodiscard]] std::string plane_features() const {
    return figures_.groups.empty() || figures_.groups.front().reference.empty()
               ? ""
               : figures_.groups.front().reference.back().features;
  }
  static std::string distance_name(const std::string& features) {
    return features == "Inception" ? "FID" : features == "mini-CLIP" ? "mini-FID" : "CLIP-Fréchet";
  }
  static ChartLine& line_of(std::vector<ChartLine>& lines, const std::string& name) {
    for (ChartLine& line : lines) {
      if (line.name == name) {
        return line;
      }
    }
    lines.push_back({name, {}});
    return lines.back();
  }

  const RunResults& results_;
  const Figures& figures_;
  const Manifest& run_;
  const PictureBytes& picture_;
  std::map<std::string, const PictureRecord*> pictures_;
  std::map<std::tuple<std::string, std::string, std::string>, const StoredPlan*> plans_;
  bool has_models_ = false;
  std::ostringstream out_;
};

}  // namespace

std::string report_html(const RunResults& results, const Figures& figures,
                        const PictureBytes& picture) {
  return Report(results, figures, picture).html();
}

}  // namespace stylus::evaluator
