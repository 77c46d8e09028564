// stylus catalog lint: what a maintainer may want to mend.
#include <array>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands/verbs.h"
#include "app/log.h"
#include "app/output.h"
#include "app/progress_line.h"
#include "app/status_map.h"
#include "app/verb.h"
#include "app/workspace.h"
#include "catalog/lint.h"
#include "pages/findings_page.h"
#include "support/file.h"

namespace stylus::app {
namespace {

struct CatalogLintCommand {
  bool files = false;
  std::string html_file;
};

using Json = nlohmann::ordered_json;

constexpr std::size_t kItemsShown = 200;  // of one rule in the HTML report

/// What a rule is about, for the headings of the report.
struct RuleText {
  const char* heading;
  const char* about;
};

RuleText text_of(catalog::LintRule rule) {
  using Rule = catalog::LintRule;
  switch (rule) {
    case Rule::kNoDescription:
      return {"No description", "Found only by name, tags, triggers and example prompts."};
    case Rule::kNoTrigger:
      return {"No trigger words",
              "Fine for many styles; others need a word. stylus catalog set ID --triggers \"…\""};
    case Rule::kGenericTrigger:
      return {"Triggers that fire for everything",
              "They are no evidence for an adapter, so plans do not insert them."};
    case Rule::kBaseContradiction:
      return {"Base model contradicts the file",
              "The tensors fit another family than the card names: plans would break."};
    case Rule::kNoBase:
      return {"Base model unknown", "No base filter lets these through."};
    case Rule::kWeightOutOfRange:
      return {"Impossible weight", "stylus catalog set ID --weight 0.8"};
    case Rule::kWeightContradiction:
      return {"Weight outside its evidence",
              "What example prompts use or what you set is not what the card recommends."};
    case Rule::kTextContradiction:
      return {"Name contradicts tags or base", "One of the two is wrong; filters follow the tags."};
    case Rule::kMissingFile:
      return {"File gone", "Import its new place and it is found again by its bytes."};
    case Rule::kBrokenFile:
      return {"File broken or changed", "It cannot be used as it is."};
    case Rule::kUnrated:
      return {"Unrated", "Left out by default. stylus catalog set ID --rating safe"};
    case Rule::kDuplicate:
      return {"Probably the same twice", "By bytes, origin or nearly equal texts."};
    case Rule::kSameDirection:
      return {"Updates of one direction",
              "Other bytes, same effect: another layout, a later step of the same training."};
  }
  return {"Other", ""};
}

/// What breaks plans comes first, then what makes them worse, then what is only missing.
constexpr std::array<catalog::LintRule, 13> kOrder = {catalog::LintRule::kBrokenFile,
                                                      catalog::LintRule::kMissingFile,
                                                      catalog::LintRule::kBaseContradiction,
                                                      catalog::LintRule::kNoBase,
                                                      catalog::LintRule::kWeightOutOfRange,
                                                      catalog::LintRule::kWeightContradiction,
                                                      catalog::LintRule::kTextContradiction,
                                                      catalog::LintRule::kGenericTrigger,
                                                      catalog::LintRule::kDuplicate,
                                                      catalog::LintRule::kSameDirection,
                                                      catalog::LintRule::kNoTrigger,
                                                      catalog::LintRule::kNoDescription,
                                                      catalog::LintRule::kUnrated};

struct Named {
  std::string id, name, message;
};

std::string html_of(const std::map<catalog::LintRule, std::vector<Named>>& by_rule,
                    const catalog::Catalog& catalog, std::size_t adapters_concerned) {
  std::size_t all = 0;
  for (const auto& [rule, findings] : by_rule) {
    all += findings.size();
  }
  pages::FindingsPage page("Catalogue report",
                           all == 0 ? "Nothing to mend."
                                    : std::to_string(all) + " findings about " +
                                          std::to_string(adapters_concerned) + " of " +
                                          std::to_string(catalog.size()) + " adapters, revision " +
                                          std::to_string(catalog.revision()) + ".");
  const auto count = [&](std::initializer_list<catalog::LintRule> rules) {
    std::size_t sum = 0;
    for (const catalog::LintRule rule : rules) {
      const auto found = by_rule.find(rule);
      sum += found == by_rule.end() ? 0 : found->second.size();
    }
    return sum;
  };
  using Rule = catalog::LintRule;
  const std::size_t breaks = count({Rule::kBrokenFile, Rule::kMissingFile, Rule::kBaseContradiction,
                                    Rule::kNoBase, Rule::kWeightOutOfRange});
  const std::size_t worse = count({Rule::kWeightContradiction, Rule::kTextContradiction,
                                   Rule::kGenericTrigger, Rule::kDuplicate, Rule::kSameDirection});
  const std::size_t missing = count({Rule::kNoTrigger, Rule::kNoDescription, Rule::kUnrated});
  page.add_figure(std::to_string(catalog.size() - static_cast<std::int64_t>(adapters_concerned)),
                  "adapters without a finding", "good");
  page.add_figure(std::to_string(breaks), "break plans", breaks > 0 ? "bad" : "good");
  page.add_figure(std::to_string(worse), "make plans worse", worse > 0 ? "warn" : "good");
  page.add_figure(std::to_string(missing), "only lack something");
  for (const catalog::LintRule rule : kOrder) {
    const auto found = by_rule.find(rule);
    if (found == by_rule.end()) {
      continue;
    }
    const RuleText text = text_of(rule);
    page.begin_section(text.heading, found->second.size(), text.about);
    for (std::size_t i = 0; i < std::min(kItemsShown, found->second.size()); ++i) {
      const Named& item = found->second[i];
      page.add_item(item.name, item.id, {item.message});
    }
    page.add_rest(found->second.size() - std::min(kItemsShown, found->second.size()));
  }
  return page.str();
}

int run_catalog_lint(const GlobalOptions& global, const CatalogLintCommand& command) {
  start_log(global);
  const catalog::Catalog catalog =
      open_catalog(find_locations(global), catalog::OpenMode::kReadOnly);
  catalog::LintOptions options;
  options.files = command.files;
  std::vector<catalog::LintFinding> findings;
  {
    ProgressLine line(global);
    options.progress = line.function();
    findings = catalog::lint(catalog, options);
  }
  Json json;
  json["findings"] = Json::array();
  Table table({"rule", "adapter", "finding"});
  std::map<catalog::LintRule, std::vector<Named>> by_rule;
  std::size_t concerned = 0;
  catalog::AdapterRow last = 0;
  catalog::Adapter adapter;
  for (const catalog::LintFinding& finding : findings) {
    if (finding.row != last) {
      adapter = catalog.get(finding.row);
      last = finding.row;
      ++concerned;
    }
    const std::string rule(catalog::lint_rule_name(finding.rule));
    json["findings"].push_back(
        {{"rule", rule}, {"id", adapter.id}, {"name", adapter.name}, {"message", finding.message}});
    table.add({{rule, Ink::kYellow}, adapter.id, finding.message});
    by_rule[finding.rule].push_back({adapter.id, adapter.name, finding.message});
  }
  if (!command.html_file.empty()) {
    write_file_atomically(command.html_file, html_of(by_rule, catalog, concerned));
  }
  if (global.json) {
    std::cout << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else if (!command.html_file.empty()) {
    std::cout << findings.size() << " findings about " << concerned << " adapters written to "
              << printable(command.html_file) << '\n';
  } else if (table.empty()) {
    std::cout << "Nothing to mend.\n";
  } else {
    std::cout << table.str();
  }
  return kSuccess;
}

}  // namespace

void add_catalog_lint_verb(CLI::App& shelf, Action& chosen) {
  const auto command = std::make_shared<CatalogLintCommand>();
  CLI::App& verb = add_verb(
      shelf, "lint", "What is wrong with the cards and files",
      "catalog lint --files --html report.html", chosen,
      [command](const GlobalOptions& global) { return run_catalog_lint(global, *command); });
  verb.add_flag("--files", command->files,
                "Open every adapter file: broken ones, and updates of the same direction");
  verb.add_option("--html", command->html_file, "Write a report for people to this file");
}

}  // namespace stylus::app
