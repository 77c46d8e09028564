#include "evaluator/report.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include "evaluator/report_parts.h"
#include "pages/html.h"

namespace stylus::evaluator {
namespace {

using pages::html_number;
using pages::html_table;
using pages::html_text;

using Table = std::vector<std::vector<std::string>>;

std::string p_text(double p) { return p < 0.0001 ? "&lt; 0.0001" : html_number(p, 4); }

std::string percent(double share) { return html_number(100 * share, 0) + " %"; }

std::string signed_text(const Interval& difference, int decimals) {
  std::string text = difference.value > 0 ? "+" : "";
  text += interval_text(difference, decimals);
  return text;
}

/// Scores have two decimals, ranks between 0 and 1 three.
int decimals_of(const Comparison& comparison) { return comparison.metric == kClipScore ? 2 : 3; }

class Report {
 public:
  Report(const RunResults& results, const Figures& figures)
      : results_(results), figures_(figures), run_(results.manifest) {}

  std::string head() const {
    std::ostringstream out;
    out << "<h1>" << html_text(run_.name) << "</h1>\n<p class='dim'>Run "
        << run_id(run_).substr(0, 12) << ": " << run_.prompts.size() << " prompts × "
        << run_.methods.size() << " methods × " << run_.guidance.size() << " guidance values × "
        << run_.pictures << (run_.pictures == 1 ? " picture" : " pictures")
        << ". Intervals hold 95 %, by " << run_.resamples
        << " bootstrap resamples of prompts; differences are paired by prompt, with equal seeds, "
           "steps and suffix.</p>\n";
    return out.str();
  }

  /// Chosen adapters against everything else, over all guidance values.
  std::string answers() const {
    std::string html = "<h2>What came out</h2>\n";
    std::vector<std::string> metrics = {kClipScore, kKeywordPresence};
    std::stable_partition(metrics.begin(), metrics.end(),
                          [&](const std::string& metric) { return metric == run_.primary; });
    bool has_any = false;
    for (const std::string& metric : metrics) {
      Table rows;
      for (const Comparison& c : figures_.comparisons) {
        if (c.metric == metric && c.guidance.has_value() == (run_.guidance.size() < 2) &&
            is_chosen(c.first)) {
          rows.push_back(answer_row(c));
        }
      }
      if (!rows.empty()) {
        html += "<h3>" + metric_name(metric) +
                (metric == run_.primary ? " (the figure named in advance)" : "") + "</h3>\n";
        html += scrolled_html(html_table({"", "difference", "wins", "ties", "losses",
                                          "win rate (ties half)", "p, Holm", "so it is"},
                                         rows, 1));
        has_any = true;
      }
    }
    html += has_any ? std::string("<p class='dim'>") +
                          (run_.guidance.size() > 1
                               ? "Each prompt counts once, with its mean over all guidance values. "
                               : "") +
                          "Better or worse on average: the interval of the mean difference leaves "
                          "out 0; without these two words also p below 0.05: more prompts are won "
                          "than chance would give, by the sign test without ties, corrected for "
                          "all pairs of methods.</p>\n"
                    : "<p>No method that chooses adapters (stylus, llm, plans) stands beside "
                      "another one.</p>\n";
    if (run_.metrics.clip == "mini") {
      html +=
          "<p>mini-CLIP and mini-FID are the embedded judge's figures: a small CLIP that was "
          "trained on emoji. They compare with nothing but themselves.</p>\n";
    }
    return html;
  }

  std::string notes() const {
    std::string html;
    for (const std::string& warning : figures_.warnings) {
      html += "<p class='note'>" + html_text(warning) + "</p>\n";
    }
    return html;
  }

  std::string methods() const {
    const bool has_scores = !figures_.clip_name.empty();
    const bool has_many = run_.pictures > 1;
    const bool has_presence =
        std::any_of(figures_.groups.begin(), figures_.groups.end(),
                    [](const GroupFigures& group) { return group.presence_prompts > 0; });
    std::vector<std::string> headings = {"guidance", "method",   "prompts",
                                         "pictures", "adapters", "with any"};
    const auto head = [&](bool is_there, std::vector<std::string> names) {
      if (is_there) {
        headings.insert(headings.end(), names.begin(), names.end());
      }
    };
    head(has_scores, {html_text(figures_.clip_name)});
    head(has_scores && has_many, {"first picture", "spread s"});
    head(has_scores && run_.best_of > 1, {"best of " + std::to_string(run_.best_of)});
    head(has_presence, {"keyword presence", "keywords shown"});
    head(has_many, {"1 − cosine", "Vendi", "dFID"});
    Table rows;
    for (const GroupFigures& group : figures_.groups) {
      std::vector<std::string> row = {
          html_number(group.guidance, 1), arm_name(run_, group.method, group.model),
          std::to_string(group.prompts),  std::to_string(group.pictures),
          html_number(group.adapters, 2), percent(group.with_adapters)};
      const auto cell = [&](bool is_there, const std::string& text) {
        if (is_there) {
          row.push_back(text);
        }
      };
      cell(has_scores, interval_text(group.clip_score));
      cell(has_scores && has_many, interval_text(group.clip_score_first));
      cell(has_scores && has_many, html_number(group.clip_deviation, 2));
      cell(has_scores && run_.best_of > 1, interval_text(group.clip_score_best));
      cell(has_presence, interval_text(group.keyword_presence, 3));
      cell(has_presence, interval_text(group.keywords_shown, 2));
      cell(has_many, interval_text(group.diversity, 3));
      cell(has_many, interval_text(group.vendi, 2));
      cell(has_many, interval_text(group.dfid, 3));
      rows.push_back(std::move(row));
    }
    std::string html = "<h2>Methods</h2>\n" + scrolled_html(html_table(headings, rows, 2));
    if (has_presence) {
      html +=
          "<p class='dim'>Keyword presence: how many of the run's other keywords a keyword of "
          "the prompt beats in the model's eyes, as a share; chance is 0.5. Shown: the share "
          "of keywords that beat 95 % of them; chance is 0.05.</p>\n";
    }
    if (has_many) {
      html +=
          "<p class='dim'>Spread s: standard deviation of the score among the pictures of a "
          "prompt, mean over prompts. Diversity is that among the pictures of a prompt: mean "
          "of 1 − cosine over pairs, Vendi score, and dFID, taken as the trace of the "
          "features' covariance.</p>\n";
    }
    return html;
  }

  std::string comparisons() const {
    std::string html;
    for (const char* metric : {kClipScore, kKeywordPresence}) {
      Table rows;
      for (const Comparison& c : figures_.comparisons) {
        if (c.metric == metric) {
          rows.push_back({c.guidance ? html_number(*c.guidance, 1) : "all", pair_name(c),
                          std::to_string(c.prompts), signed_text(c.difference, decimals_of(c)),
                          std::to_string(c.wins.wins), std::to_string(c.wins.ties),
                          std::to_string(c.wins.losses), interval_text(c.wins.rate),
                          p_text(c.wins.sign_test_p), p_text(c.p_holm)});
        }
      }
      if (!rows.empty()) {
        html += "<h3>" + metric_name(metric) + "</h3>\n";
        html += scrolled_html(
            html_table({"guidance", "methods", "prompts", "difference", "wins", "ties", "losses",
                        "win rate (ties half)", "p, sign test", "p, Holm"},
                       rows, 2));
      }
    }
    return html.empty() ? "" : "<h2>All comparisons</h2>\n" + html;
  }

 private:
  [[nodiscard]] std::string metric_name(const std::string& metric) const {
    return metric == kClipScore ? html_text(figures_.clip_name) : "Keyword presence";
  }

  [[nodiscard]] bool is_chosen(const std::string& name) const {
    return std::any_of(run_.methods.begin(), run_.methods.end(), [&](const Method& method) {
      return method.name == name &&
             (method.kind == MethodKind::kStylus || method.kind == MethodKind::kLlm ||
              method.kind == MethodKind::kPlans);
    });
  }

  [[nodiscard]] std::string pair_name(const Comparison& c) const {
    return html_text(c.first) + " − " + arm_name(run_, c.second, c.model);
  }

  [[nodiscard]] std::vector<std::string> answer_row(const Comparison& c) const {
    const bool is_clear = c.difference.low > 0 || c.difference.high < 0;
    std::string verdict = c.difference.value > 0 ? "better" : "worse";
    verdict = !is_clear         ? "no clear difference"
              : c.p_holm < 0.05 ? "<b>" + verdict + "</b>"
                                : verdict + " on average";
    return {"<b>" + html_text(c.first) + "</b> against <b>" + arm_name(run_, c.second, c.model) +
                "</b>",
            signed_text(c.difference, decimals_of(c)),
            std::to_string(c.wins.wins),
            std::to_string(c.wins.ties),
            std::to_string(c.wins.losses),
            interval_text(c.wins.rate),
            p_text(c.p_holm),
            verdict};
  }

  const RunResults& results_;
  const Figures& figures_;
  const Manifest& run_;
};

}  // namespace

std::string interval_text(const Interval& interval, int decimals) {
  std::string text = html_number(interval.value, decimals);
  if (!std::isnan(interval.low)) {
    text += " <span class='dim'>[" + html_number(interval.low, decimals) + ", " +
            html_number(interval.high, decimals) + "]</span>";
  }
  return text;
}

std::string scrolled_html(const std::string& table) {
  return "<div class='scroll'>" + table + "</div>\n";
}

std::string arm_name(const Manifest& run, const std::string& method, const std::string& model) {
  return html_text(method) + (run.models.size() > 1 ? " (" + html_text(model) + ")" : "");
}

std::string distance_name(const std::string& features) {
  return features == "Inception" ? "FID" : features == "mini-CLIP" ? "mini-FID" : "CLIP-Fréchet";
}

double middle_guidance(const Manifest& run) { return run.guidance[(run.guidance.size() - 1) / 2]; }

std::string report_html(const RunResults& results, const Figures& figures,
                        const PictureBytes& picture) {
  const Report report(results, figures);
  return pages::report_page(results.manifest.name + " – stylus evaluate",
                            report.head() + report.answers() + report.notes() + report.methods() +
                                curves_html(results.manifest, figures) +
                                reference_html(results, figures) + report.comparisons() +
                                pictures_html(results, figures, picture) + costs_html(results) +
                                failures_html(figures) + contents_html(results));
}

}  // namespace stylus::evaluator
