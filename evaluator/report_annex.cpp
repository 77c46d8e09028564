#include <algorithm>
#include <map>
#include <set>

#include "evaluator/report_parts.h"
#include "pages/html.h"

namespace stylus::evaluator {
namespace {

using pages::html_number;
using pages::html_table;
using pages::html_text;

constexpr std::size_t kShownFailures = 50;

using Table = std::vector<std::vector<std::string>>;

}  // namespace

std::string reference_html(const RunResults& results, const Figures& figures) {
  Table rows;
  std::set<std::string> kinds;
  for (const GroupFigures& group : figures.groups) {
    for (const ReferenceFigures& r : group.reference) {
      const Interval kernel = {1000 * r.kernel.value, 1000 * r.kernel.low, 1000 * r.kernel.high};
      kinds.insert(distance_name(r.features));
      std::string name = arm_name(results.manifest, group.method, group.model);
      name += r.features == "Inception" ? ", Inception" : "";
      rows.push_back({html_number(group.guidance, 1), std::move(name), std::to_string(r.pictures),
                      interval_text(r.frechet, 3), html_number(r.frechet_infinity, 3),
                      interval_text(kernel, 2), html_number(r.cmmd, 2),
                      html_number(r.coverage.precision, 2), html_number(r.coverage.recall, 2),
                      html_number(r.coverage.density, 2), html_number(r.coverage.coverage, 2)});
    }
  }
  if (rows.empty()) {
    return "";
  }
  std::string frechet;
  for (const std::string& kind : kinds) {
    frechet += frechet.empty() ? "" : " / ";
    frechet += kind;
  }
  return "<h2>Against real pictures</h2>\n" +
         scrolled_html(
             html_table({"guidance", "method", "pictures", frechet, frechet + ", n → ∞",
                         "kernel × 1000", "CMMD", "precision", "recall", "density", "coverage"},
                        rows, 2)) +
         "<p class='dim'>Against " +
         std::to_string(std::max(results.reference.rows, results.inception_reference.rows)) +
         " real pictures. Low is better for the distances, high for the rest. Intervals: 20 "
         "draws of half of the prompts, the reference held fixed. Fréchet distances fall with "
         "the number of pictures; n → ∞ is where a line over 1/n leads. The kernel distance is "
         "not biased and may be below zero.</p>\n";
}

std::string costs_html(const RunResults& results) {
  std::map<std::string, std::pair<double, std::size_t>> planning;  // seconds, plans
  for (const StoredPlan& plan : results.plans) {
    planning[plan.method].first += plan.seconds;
    ++planning[plan.method].second;
  }
  BatchTimes all;
  for (const BatchTimes& batch : results.times) {
    all.seconds += batch.seconds;
    all.prepare_seconds += batch.prepare_seconds;
    all.pictures += batch.pictures;
  }
  Table rows;
  const auto add = [&rows](const std::string& what, double seconds, std::size_t count) {
    rows.push_back(
        {what, std::to_string(count), html_number(seconds, 1),
         count == 0 ? "–" : html_number(1000 * seconds / static_cast<double>(count), 1)});
  };
  for (const auto& [method, time] : planning) {
    add("planning, " + html_text(method), time.first, time.second);
  }
  add("adapters and prompts, before the first step", all.prepare_seconds, all.pictures);
  add("painting", all.seconds - all.prepare_seconds, all.pictures);
  return "<h2>What it cost</h2>\n" + html_table({"stage", "items", "seconds", "ms each"}, rows, 1) +
         "<p class='dim'>Wall-clock time of the work itself, on a machine that may have had "
         "other work too. Equal pictures of several methods were painted once (" +
         std::to_string(results.pictures.size()) + " pictures for " +
         std::to_string(results.items.size()) + " cells).</p>\n";
}

std::string failures_html(const Figures& figures) {
  if (figures.failures.empty()) {
    return "";
  }
  std::string html = "<h2>Failures</h2><ul>\n";
  const std::size_t count = std::min(kShownFailures, figures.failures.size());
  for (std::size_t i = 0; i < count; ++i) {
    html += "<li>" + html_text(figures.failures[i]) + "</li>\n";
  }
  html += "</ul>\n";
  if (figures.failures.size() > count) {
    html += "<p>and " + std::to_string(figures.failures.size() - count) +
            " more, in metrics.json</p>\n";
  }
  return html;
}

std::string contents_html(const RunResults& results) {
  Table rows;
  for (const std::vector<ContentId>* list : {&results.models, &results.towers}) {
    for (const ContentId& content : *list) {
      rows.push_back({list == &results.models ? "painted" : "measured", html_text(content.name),
                      "<code>" + html_text(content.sha256) + "</code>"});
    }
  }
  return "<h2>What was run</h2>\n" +
         (rows.empty() ? "" : scrolled_html(html_table({"", "model", "SHA-256"}, rows, 3))) +
         "<details><summary>manifest.json</summary><pre>" +
         html_text(manifest_json(results.manifest)) + "</pre></details>\n";
}

}  // namespace stylus::evaluator
