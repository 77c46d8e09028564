#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "composer/plan.h"
#include "evaluator/report_parts.h"
#include "pages/html.h"
#include "support/base64.h"

namespace stylus::evaluator {
namespace {

using pages::html_number;
using pages::html_text;

constexpr std::size_t kShownPrompts = 24;

/// The table of pictures at one guidance.
class PictureGrid {
 public:
  PictureGrid(const RunResults& results, const Figures& figures, const PictureBytes& picture)
      : results_(results), run_(results.manifest), figures_(figures), picture_(picture) {
    for (const PictureRecord& record : results.pictures) {
      records_[record.task.key] = &record;
    }
    for (const StoredPlan& plan : results.plans) {
      plans_[{plan.model, plan.method, plan.prompt}] = &plan;
    }
    for (const RunItem& item : results.items) {
      if (item.guidance == middle_guidance(run_) && item.image == 0) {
        items_[{item.model, item.method, item.prompt}] = &item;
      }
    }
  }

  std::string table(const std::string& model) const {
    std::vector<std::string> headings = {"prompt"};
    for (const Method& method : run_.methods) {
      headings.push_back(html_text(method.name));
    }
    std::vector<std::vector<std::string>> rows;
    for (std::size_t i = 0; i < std::min(kShownPrompts, run_.prompts.size()); ++i) {
      std::vector<std::string> row = {prompt_cell(i)};
      for (const Method& method : run_.methods) {
        row.push_back(cell(model, method.name, i));
      }
      rows.push_back(std::move(row));
    }
    return "<div class='scroll grid'>" + pages::html_table(headings, rows, headings.size()) +
           "</div>\n";
  }

 private:
  using Place = std::tuple<std::string, std::string, std::string>;  // model, method, prompt

  std::string prompt_cell(std::size_t number) const {
    std::string text = html_text(run_.prompts[number].text);
    std::string keywords;
    for (const std::size_t keyword : results_.keywords.of_prompt[number]) {
      keywords += keywords.empty() ? "" : "; ";
      keywords += html_text(results_.keywords.texts[keyword]);
    }
    return keywords.empty() ? text : text + "<p class='dim'>keywords: " + keywords + "</p>";
  }

  std::string cell(const std::string& model, const std::string& method, std::size_t number) const {
    const Place place{model, method, run_.prompts[number].id};
    const auto item = items_.find(place);
    if (item == items_.end()) {
      return "no plan";
    }
    return picture_html(item->second->key) + adapters_html(place) +
           figures_html(model, method, number);
  }

  std::string picture_html(const std::string& key) const {
    const auto record = records_.find(key);
    if (record == records_.end() || record->second->state == PictureState::kOpen) {
      return "not made yet<br>";
    }
    if (record->second->state == PictureState::kFailed) {
      return "failed: " + html_text(record->second->error) + "<br>";
    }
    const std::string bytes = picture_(record->second->sha256);
    return bytes.empty() ? "picture file missing<br>"
                         : "<img alt='' src='data:image/png;base64," + base64(bytes) + "'>";
  }

  std::string adapters_html(const Place& place) const {
    const auto stored = plans_.find(place);
    if (stored == plans_.end() || !stored->second->error.empty()) {
      return "";
    }
    std::string text;
    const composer::Plan plan = composer::plan_from_json(stored->second->plan, "a stored plan");
    for (const composer::PlanAdapter& adapter : plan.adapters) {
      text += html_text(adapter.name) + " " + html_number(adapter.weight, 2) + "<br>";
    }
    return text.empty() ? "<span class='dim'>no adapter</span><br>" : text;
  }

  std::string figures_html(const std::string& model, const std::string& method,
                           std::size_t number) const {
    std::string text;
    for (const GroupFigures& group : figures_.groups) {
      if (group.model != model || group.method != method ||
          group.guidance != middle_guidance(run_)) {
        continue;
      }
      const auto add = [&](const char* name, double value, int decimals) {
        if (!std::isnan(value)) {
          text += text.empty() ? "" : ", ";
          text += std::string(name) + " " + html_number(value, decimals);
        }
      };
      add("score", group.per_prompt[number], 1);
      add("keywords", group.presence_per_prompt[number], 2);
    }
    return "<span class='dim'>" + text + "</span>";
  }

  const RunResults& results_;
  const Manifest& run_;
  const Figures& figures_;
  const PictureBytes& picture_;
  std::map<std::string, const PictureRecord*> records_;  // by key
  std::map<Place, const StoredPlan*> plans_;
  std::map<Place, const RunItem*> items_;
};

}  // namespace

std::string pictures_html(const RunResults& results, const Figures& figures,
                          const PictureBytes& picture) {
  const Manifest& run = results.manifest;
  const PictureGrid grid(results, figures, picture);
  std::string html = "<h2>Pictures</h2>\n<p class='dim'>The first picture of the first " +
                     std::to_string(std::min(kShownPrompts, run.prompts.size())) +
                     " prompts at guidance " + html_number(middle_guidance(run), 1) +
                     "; none were selected. Under each: the adapters that were on with their "
                     "weights, the score of the prompt's pictures and the mean rank of its "
                     "keywords (1: every other keyword of the run is beaten, 0.5: chance).</p>\n";
  for (const std::string& model : run.models) {
    html += run.models.size() > 1 ? "<h3>" + html_text(model) + "</h3>\n" : "";
    html += grid.table(model);
  }
  return html;
}

}  // namespace stylus::evaluator
