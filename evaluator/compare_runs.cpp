#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "evaluator/html.h"
#include "evaluator/report.h"
#include "support/error.h"
#include "support/json.h"

namespace stylus::evaluator {
namespace {

using nlohmann::json;

json read_metrics(const std::string& text, const std::string& what) {
  json metrics = parse_json(text, what);
  require(metrics.is_object() && metrics.value("stylus_metrics", 0) == 1, ErrorCode::kUnsupported,
          what, " is no metrics.json of version 1");
  require(metrics.contains("groups") && metrics["groups"].is_array(), ErrorCode::kCorruptData, what,
          " has no groups");
  return metrics;
}

std::string key_of(const json& group) {
  return group.value("model", std::string()) + "\n" + group.value("method", std::string()) + "\n" +
         shown(group.value("guidance", 0.0), 2);
}

double part(const json& group, const char* key) {
  const auto found = group.find("clip_score");
  return found != group.end() && found->is_object() ? found->value(key, 0.0) : 0.0;
}

std::string score(const json* group) {
  if (group == nullptr) {
    return "–";
  }
  return shown(part(*group, "value"), 2) + " [" + shown(part(*group, "low"), 2) + ", " +
         shown(part(*group, "high"), 2) + "]";
}

}  // namespace

std::string comparison_html(const std::string& first_name, const std::string& first,
                            const std::string& second_name, const std::string& second) {
  const json a = read_metrics(first, first_name);
  const json b = read_metrics(second, second_name);
  std::vector<std::vector<std::string>> rows;
  const auto find = [](const json& groups, const std::string& key) -> const json* {
    for (const json& group : groups) {
      if (key_of(group) == key) {
        return &group;
      }
    }
    return nullptr;
  };
  std::vector<std::string> keys;
  std::set<std::string> known;
  for (const json* groups : {&a["groups"], &b["groups"]}) {
    for (const json& group : *groups) {
      if (known.insert(key_of(group)).second) {
        keys.push_back(key_of(group));
      }
    }
  }
  for (const std::string& key : keys) {
    const json* in_a = find(a["groups"], key);
    const json* in_b = find(b["groups"], key);
    const json& any = in_a != nullptr ? *in_a : *in_b;
    rows.push_back(
        {escaped(any.value("model", std::string())), escaped(any.value("method", std::string())),
         shown(any.value("guidance", 0.0), 1), score(in_a), score(in_b),
         in_a != nullptr && in_b != nullptr ? shown(part(*in_b, "value") - part(*in_a, "value"), 2)
                                            : "–"});
  }
  std::ostringstream body;
  body << "<h1>" << escaped(first_name) << " and " << escaped(second_name) << "</h1>\n";
  if (a.value("clip", std::string()) != b.value("clip", std::string())) {
    body << "<p class='note'>The runs were scored by different models ("
         << escaped(a.value("clip", std::string())) << " and "
         << escaped(b.value("clip", std::string())) << "): their scores do not compare.</p>\n";
  }
  body << "<p class='dim'>Differences between runs are not paired: prompts and seeds may differ. "
          "For "
          "paired intervals put both as methods into one run.</p>\n"
       << html_table(
              {"model", "method", "guidance", "first: " + escaped(a.value("clip", std::string())),
               "second", "second − first"},
              rows, 2);
  return html_page(first_name + " and " + second_name + " – stylus evaluate", body.str());
}

}  // namespace stylus::evaluator
