// stylus catalog check: which plans changed since they were written down, and why.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands/verbs.h"
#include "app/compose_options.h"
#include "app/log.h"
#include "app/output.h"
#include "app/plan_diff.h"
#include "app/planner.h"
#include "app/progress_line.h"
#include "app/status_map.h"
#include "app/verb.h"
#include "app/workspace.h"
#include "catalog/maintenance.h"
#include "pages/findings_page.h"
#include "support/file.h"
#include "support/json.h"
#include "support/text.h"

namespace stylus::app {
namespace {

struct CatalogCheckCommand {
  std::string prompts_file;
  std::string html_file;
  bool update = false;
  composer::ComposeOptions compose;
};

using Json = nlohmann::ordered_json;
using composer::Plan;
using Kind = PlanChange::Kind;

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 30U;

/// A plan as it was and as it is.
struct Checked {
  Plan before, after;
  std::vector<PlanChange> changes;
};

std::vector<Plan> read_golden(const std::string& file) {
  const std::string text = read_file(file, kMaxFileBytes);
  std::vector<Plan> plans;
  for_each_line(text, [&](std::string_view line, std::size_t number) {
    plans.push_back(composer::plan_from_json(line, file + ":" + std::to_string(number)));
  });
  require(!plans.empty(), ErrorCode::kInvalidArgument, file,
          " holds no plans. Write them with: stylus plan --prompts PROMPTS.jsonl --output ", file);
  return plans;
}

class Reasons {
 public:
  Reasons(const Workspace& workspace, const composer::Composer& composer)
      : catalog_(workspace.catalog), composer_(composer) {}

  /// Why an adapter came, went or weighs otherwise, as far as the catalogue tells.
  std::string why(const PlanChange& change, const Plan& before, const Plan& after,
                  const composer::ComposeOptions& options) const {
    if (change.kind == Kind::kKeywords) {
      return "";
    }
    const std::optional<catalog::Adapter> adapter = catalog_.find(change.adapter_id);
    if (!adapter) {
      return "it is not in this catalogue";
    }
    const std::string news = news_of(*adapter, before);
    switch (change.kind) {
      case Kind::kLost: {
        const std::string reason = composer_.why_not(adapter->row, before.prompt, options);
        return news.empty() ? reason : news + ". " + reason;
      }
      case Kind::kGained:
        return news.empty() ? "nothing of it changed: what ranked before it did" : news;
      case Kind::kWeight:
        return weight_reason(change, *adapter, news, before, after);
      default:
        return news.empty() ? "another adapter or the prompt's words changed" : news;
    }
  }

 private:
  /// "it is new since revision 12", "it changed at revision 15"; "" if neither.
  std::string news_of(const catalog::Adapter& adapter, const Plan& before) const {
    if (adapter.row > before.catalog_adapters) {
      return "it is new since revision " + std::to_string(before.catalog_revision);
    }
    const std::int64_t revision = catalog::adapter_revision(catalog_, adapter.row);
    return revision > before.catalog_revision
               ? "its card, files or your settings changed at revision " + std::to_string(revision)
               : "";
  }

  static std::string source_of(const Plan& plan, const std::string& id) {
    for (const composer::PlanAdapter& adapter : plan.adapters) {
      if (adapter.id == id) {
        return number(adapter.weight_evidence.base) + " (" + adapter.weight_evidence.source + ")";
      }
    }
    return "";
  }

  static std::string weight_reason(const PlanChange& change, const catalog::Adapter& adapter,
                                   const std::string& news, const Plan& before, const Plan& after) {
    const std::string was = source_of(before, adapter.id);
    const std::string now = source_of(after, change.adapter_id);
    if (was != now) {
      return "its own weight was " + was + " and is " + now + (news.empty() ? "" : "; " + news);
    }
    return "its own weight is the same: the budget is shared with other adapters now";
  }

  const catalog::Catalog& catalog_;
  const composer::Composer& composer_;
};

std::string line_of(const PlanChange& change) {
  const std::string name = change.adapter_name;
  switch (change.kind) {
    case Kind::kGained:
      return "+ " + name + " for \u201c" + change.what + "\u201d: " + change.why;
    case Kind::kLost:
      return "- " + name + " for \u201c" + change.what + "\u201d: " + change.why;
    case Kind::kWeight:
      return name + ", weight " + change.what + ": " + change.why;
    case Kind::kTriggers:
      return name + ", triggers " + change.what + ": " + change.why;
    case Kind::kKeywords:
      break;
  }
  return "keywords " + change.what;
}

Json to_json(const Checked& checked) {
  Json changes = Json::array();
  for (const PlanChange& change : checked.changes) {
    changes.push_back({{"change", change_name(change.kind)},
                       {"adapter", change.adapter_id},
                       {"name", change.adapter_name},
                       {"what", change.what},
                       {"why", change.why}});
  }
  return {{"id", checked.before.id},
          {"prompt", checked.before.prompt},
          {"revision", checked.before.catalog_revision},
          {"changes", std::move(changes)}};
}

std::string html_of(const std::vector<Checked>& all, const std::vector<const Checked*>& changed,
                    const catalog::Catalog& catalog) {
  const std::string total = std::to_string(all.size());
  pages::FindingsPage page("Plans against revision " + std::to_string(catalog.revision()),
                           changed.empty() ? "All " + total + " plans are what they were."
                                           : std::to_string(changed.size()) + " of " + total +
                                                 " plans are not what they were.");
  std::size_t gained = 0;
  std::size_t lost = 0;
  for (const Checked* checked : changed) {
    for (const PlanChange& change : checked->changes) {
      gained += change.kind == Kind::kGained ? 1 : 0;
      lost += change.kind == Kind::kLost ? 1 : 0;
    }
  }
  page.add_figure(std::to_string(all.size() - changed.size()), "plans unchanged", "good");
  page.add_figure(std::to_string(changed.size()), "plans changed",
                  changed.empty() ? "good" : "warn");
  page.add_figure(std::to_string(gained), "adapters gained");
  page.add_figure(std::to_string(lost), "adapters lost", lost > 0 ? "bad" : "");
  if (!changed.empty()) {
    page.begin_section("Changed plans", changed.size(), "Each with what changed, and why.");
  }
  for (const Checked* checked : changed) {
    std::vector<std::string> lines;
    for (const PlanChange& change : checked->changes) {
      lines.push_back(line_of(change));
    }
    page.add_item(checked->before.prompt,
                  checked->before.id.empty()
                      ? "revision " + std::to_string(checked->before.catalog_revision)
                      : checked->before.id,
                  lines);
  }
  return page.str();
}

void print_for_people(const std::vector<Checked>& all, const std::vector<const Checked*>& changed) {
  for (const Checked* checked : changed) {
    std::cout << ink(printable(checked->before.prompt), Ink::kBold) << '\n';
    for (const PlanChange& change : checked->changes) {
      const Ink colour = change.kind == Kind::kGained ? Ink::kGreen
                         : change.kind == Kind::kLost ? Ink::kRed
                                                      : Ink::kYellow;
      std::cout << "  " << ink(printable(line_of(change)), colour) << '\n';
    }
  }
  std::cout << changed.size() << " of " << all.size() << " plans changed.\n";
}

int run_catalog_check(const GlobalOptions& global, const CatalogCheckCommand& command) {
  start_log(global);
  const Workspace workspace = open_workspace(global);
  const composer::Composer composer(workspace.catalog, workspace.retriever,
                                    workspace.encoder.get());
  const Reasons reasons(workspace, composer);
  std::vector<Checked> all;
  std::string updated;
  {
    ProgressLine line(global);
    const ProgressFn progress = line.function();
    const std::vector<Plan> golden = read_golden(command.prompts_file);
    for (const Plan& before : golden) {
      progress({"planning", all.size(), golden.size(), ""});
      composer::ComposeOptions options = command.compose;
      options.filter.base = before.base;
      options.negative_prompt = before.negative_prompt;
      Checked checked{before, composer.plan(before.prompt, options), {}};
      checked.after.id = before.id;
      checked.changes = plan_changes(before, checked.after);
      for (PlanChange& change : checked.changes) {
        change.why = reasons.why(change, before, checked.after, options);
      }
      updated += composer::plan_to_json(checked.after) + "\n";
      all.push_back(std::move(checked));
    }
  }
  std::vector<const Checked*> changed;
  for (const Checked& checked : all) {
    if (!checked.changes.empty()) {
      changed.push_back(&checked);
    }
  }
  if (!command.html_file.empty()) {
    write_file_atomically(command.html_file, html_of(all, changed, workspace.catalog));
  }
  if (command.update) {
    write_file_atomically(command.prompts_file, updated);
  }
  if (global.json) {
    Json json = {{"plans", all.size()}, {"revision", workspace.catalog.revision()}};
    json["changed"] = Json::array();
    for (const Checked* checked : changed) {
      json["changed"].push_back(to_json(*checked));
    }
    std::cout << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else if (!global.quiet) {
    print_for_people(all, changed);
  }
  return changed.empty() || command.update ? kSuccess : kSomeRefused;
}

}  // namespace

void add_catalog_check_verb(CLI::App& shelf, Action& chosen) {
  const auto command = std::make_shared<CatalogCheckCommand>();
  CLI::App& verb = add_verb(
      shelf, "check", "Which plans changed since they were written down, and why",
      "catalog check --prompts golden.jsonl --html report.html", chosen,
      [command](const GlobalOptions& global) { return run_catalog_check(global, *command); });
  verb.add_option("--prompts", command->prompts_file,
                  "Plans, one a line: `stylus plan --prompts IN --output GOLDEN.jsonl` writes them")
      ->required();
  verb.add_option("--html", command->html_file, "Write a report for people to this file");
  verb.add_flag("--update", command->update, "Write today's plans into the file of --prompts");
  add_choice_options(verb, command->compose);
}

}  // namespace stylus::app
