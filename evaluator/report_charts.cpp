#include <algorithm>

#include "evaluator/report_parts.h"
#include "pages/chart.h"
#include "pages/html.h"

namespace stylus::evaluator {
namespace {

using pages::ChartLine;
using pages::html_number;

ChartLine& line_of(std::vector<ChartLine>& lines, const std::string& name) {
  const auto found = std::find_if(lines.begin(), lines.end(),
                                  [&](const ChartLine& line) { return line.name == name; });
  if (found != lines.end()) {
    return *found;
  }
  lines.push_back({name, {}});
  return lines.back();
}

void sort_by_x(std::vector<ChartLine>& lines) {
  for (ChartLine& line : lines) {
    std::sort(line.points.begin(), line.points.end(),
              [](const auto& a, const auto& b) { return a.x < b.x; });
  }
}

}  // namespace

std::string curves_html(const Manifest& run, const Figures& figures) {
  if (run.guidance.size() < 2) {
    return "";
  }
  std::vector<ChartLine> scores;
  std::vector<ChartLine> presence;
  std::vector<ChartLine> plane;
  std::string distance;
  std::vector<GroupFigures> groups = figures.groups;
  std::stable_sort(groups.begin(), groups.end(),
                   [](const auto& a, const auto& b) { return a.guidance < b.guidance; });
  for (const GroupFigures& group : groups) {
    std::string name = group.method;
    name += run.models.size() > 1 ? ", " + group.model : "";
    const auto add = [&](std::vector<ChartLine>& lines, const Interval& interval) {
      line_of(lines, name)
          .points.push_back({group.guidance, interval.value, interval.low, interval.high});
    };
    if (!figures.clip_name.empty()) {
      add(scores, group.clip_score);
    }
    if (group.presence_prompts > 0) {
      add(presence, group.keyword_presence);
    }
    if (!group.reference.empty() && !figures.clip_name.empty()) {
      const Interval& frechet = group.reference.back().frechet;
      distance = distance_name(group.reference.back().features);
      const bool is_end =
          group.guidance == groups.front().guidance || group.guidance == groups.back().guidance;
      line_of(plane, name)
          .points.push_back({group.clip_score.value, frechet.value, frechet.value, frechet.value,
                             is_end ? html_number(group.guidance, 1) : ""});
    }
  }
  sort_by_x(scores);
  sort_by_x(presence);
  std::string html = "<h2>Over guidance</h2>\n";
  html += pages::svg_chart("guidance", figures.clip_name, scores, true);
  html += pages::svg_chart("guidance", "keyword presence", presence, true);
  if (!plane.empty()) {
    html += pages::svg_chart(figures.clip_name, distance, plane);
    html +=
        "<p class='dim'>Bars are 95 % intervals. In the last chart, whose intervals are in the "
        "tables, the ends of each line are labelled with their guidance; right and low is "
        "better.</p>\n";
  }
  return html;
}

}  // namespace stylus::evaluator
