#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "evaluator/figures.h"
#include "evaluator/report.h"
#include "evaluator/report_parts.h"
#include "pages/html.h"
#include "support/error.h"
#include "support/json.h"

namespace stylus::evaluator {
namespace {

using nlohmann::json;
using pages::html_number;
using pages::html_text;

/// One method at one guidance in a metrics.json.
struct Arm {
  std::string model, method, guidance;
  auto operator<=>(const Arm&) const = default;
};

double number_in(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : NAN;
}

/// A metrics.json that was read.
class Metrics {
 public:
  Metrics(const std::string& text, const std::string& what) : root_(parse_json(text, what)) {
    const auto version = root_.is_object() ? root_.find("stylus_metrics") : root_.end();
    require(version != root_.end() && *version == 2, ErrorCode::kUnsupported, what,
            " is no metrics.json of version 2; run stylus evaluate on its run file again, which "
            "makes no picture anew");
    const auto groups = root_.find("groups");
    require(groups != root_.end() && groups->is_array(), ErrorCode::kCorruptData, what,
            " has no groups; run stylus evaluate on its run file again");
    for (const json& group : *groups) {
      require(group.is_object(), ErrorCode::kCorruptData, what, ": a group is no object");
      const Arm arm = {json_string(group, "model"), json_string(group, "method"),
                       html_number(number_in(group, "guidance"), 2)};
      if (groups_.emplace(arm, &group).second) {
        arms_.push_back(arm);
      }
    }
  }

  [[nodiscard]] const std::vector<Arm>& arms() const { return arms_; }
  [[nodiscard]] std::string clip() const { return json_string(root_, "clip"); }
  [[nodiscard]] std::string content(const char* list) const {
    const auto found = root_.find(list);
    return found == root_.end() ? "" : found->dump();
  }

  /// The interval under `key`, or under `part` of it; all NaN where there is none.
  [[nodiscard]] Interval figure(const Arm& arm, const char* key, const char* part = nullptr) const {
    const auto group = groups_.find(arm);
    const json* value = group == groups_.end() ? nullptr : member(*group->second, key);
    value = value != nullptr && part != nullptr ? member(*value, part) : value;
    if (value == nullptr) {
      return {NAN, NAN, NAN};
    }
    return {number_in(*value, "value"), number_in(*value, "low"), number_in(*value, "high")};
  }

 private:
  static const json* member(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_object() ? &*found : nullptr;
  }

  json root_;
  std::map<Arm, const json*> groups_;
  std::vector<Arm> arms_;
};

struct Column {
  std::string name;
  const char* key;
  const char* part;
  int decimals;
};

/// The figures of all arms of both, "" where neither has this one.
std::string table_of(const Metrics& a, const Metrics& b, const Column& column) {
  std::vector<Arm> arms = a.arms();
  for (const Arm& arm : b.arms()) {
    if (std::find(arms.begin(), arms.end(), arm) == arms.end()) {
      arms.push_back(arm);
    }
  }
  std::vector<std::vector<std::string>> rows;
  for (const Arm& arm : arms) {
    const Interval first = a.figure(arm, column.key, column.part);
    const Interval second = b.figure(arm, column.key, column.part);
    if (!std::isnan(first.value) || !std::isnan(second.value)) {
      const double difference = second.value - first.value;
      std::string shown = difference > 0 ? "+" : "";
      shown += html_number(difference, column.decimals);
      rows.push_back({html_text(arm.model), html_text(arm.method), arm.guidance,
                      interval_text(first, column.decimals), interval_text(second, column.decimals),
                      std::move(shown)});
    }
  }
  return rows.empty() ? ""
                      : "<h2>" + html_text(column.name) + "</h2>\n<div class='scroll'>" +
                            pages::html_table({"model", "method", "guidance", "first", "second",
                                               "second − first"},
                                              rows, 2) +
                            "</div>\n";
}

std::string note(const std::string& text) { return "<p class='note'>" + text + "</p>\n"; }

}  // namespace

std::string comparison_html(const std::string& first_name, const std::string& first,
                            const std::string& second_name, const std::string& second) {
  const Metrics a(first, first_name);
  const Metrics b(second, second_name);
  std::string body = "<h1>" + html_text(first_name) + " and " + html_text(second_name) + "</h1>\n";
  body += "<p class='dim'>First: " + html_text(first_name) + ". Second: " + html_text(second_name) +
          ". Differences between runs are not paired: prompts and seeds may differ. For paired "
          "intervals put both as methods into one run.</p>\n";
  if (a.clip() != b.clip() || a.content("towers") != b.content("towers")) {
    body += note("The runs were scored by different models (" + html_text(a.clip()) + " and " +
                 html_text(b.clip()) + ", or other weights of the same name): their figures do " +
                 "not compare.");
  }
  if (a.content("models") != b.content("models")) {
    body += note("The runs were painted with different checkpoints.");
  }
  for (const Column& column :
       {Column{a.clip().empty() ? "CLIP score" : a.clip(), kClipScore, nullptr, 2},
        Column{"Keyword presence", kKeywordPresence, nullptr, 3},
        Column{"Diversity (1 − cosine)", "diversity", nullptr, 3},
        Column{"mini-FID", "reference_mini-CLIP", "frechet", 3},
        Column{"CLIP-Fréchet", "reference_CLIP", "frechet", 3},
        Column{"FID", "reference_Inception", "frechet", 2},
        Column{"KID", "reference_Inception", "kernel", 5}}) {
    body += table_of(a, b, column);
  }
  return pages::report_page(first_name + " and " + second_name + " – stylus evaluate", body);
}

}  // namespace stylus::evaluator
