// stylus catalog show and set: one adapter.
#include <charconv>
#include <cmath>
#include <iostream>
#include <memory>

#include "app/adapter_json.h"
#include "app/commands/verbs.h"
#include "app/log.h"
#include "app/output.h"
#include "app/status_map.h"
#include "app/verb.h"
#include "app/workspace.h"
#include "support/error.h"
#include "support/text.h"

namespace stylus::app {
namespace {

struct CatalogShowCommand {
  std::string adapter;
};

struct CatalogSetCommand {
  std::string adapter;
  std::string weight, triggers, rating, notes;  ///< "" = leave, "none" = remove.
  std::string favourite, blocked;               ///< "", "yes", "no"
  bool dry_run = false;
};

constexpr std::size_t kPromptsShown = 3;

void print_json(const catalog::Adapter& adapter) {
  std::cout << adapter_to_json(adapter).dump(2, ' ', false,
                                             nlohmann::json::error_handler_t::replace)
            << '\n';
}

std::string weight_line(const catalog::Adapter& adapter) {
  std::string line = number(catalog::effective_weight(adapter));
  if (adapter.overlay.weight) {
    return line + " (yours; the card's would be " + number(adapter.advice.weight) + ")";
  }
  switch (adapter.advice.source) {
    case catalog::WeightSource::kExamplePrompts:
      return line + " (median of " + std::to_string(adapter.advice.count) + " example prompts)";
    case catalog::WeightSource::kCard:
      return line + " (the card says: " + adapter.advice.evidence + ")";
    case catalog::WeightSource::kModel:
      return line + " (a model's reading of the card and its pictures)";
    default:
      return line + (adapter.advice.evidence.empty()
                         ? " (default: nothing is known)"
                         : " (default: " + adapter.advice.evidence + ")");
  }
}

void print_for_people(const catalog::Adapter& adapter) {
  std::cout << ink(printable(adapter.name), Ink::kBold) << "  " << printable(adapter.id) << '\n';
  const auto line = [](const char* label, const std::string& text) {
    if (!text.empty()) {
      std::cout << ink(label, Ink::kDim) << printable(text) << '\n';
    }
  };
  line("base        ",
       join(adapter.bases, ", ") + (adapter.kind == "lora" ? "" : ", " + adapter.kind));
  line("summary     ", adapter.summary);
  line("categories  ", join(adapter.categories, ", "));
  line("rating      ", std::string(rating_name(catalog::effective_rating(adapter))) +
                           (adapter.real_person ? ", a real person" : ""));
  line("weight      ", weight_line(adapter));
  line("triggers    ", join(catalog::trigger_entries(adapter), " | "));
  line("tags        ", join(adapter.tags, ", "));
  line("commercial  ", adapter.licence.commercial);
  line("file        ", adapter.file_name);
  line("sha256      ", adapter.sha256);
  if (adapter.rank > 0) {
    line("update      ",
         "rank " + std::to_string(adapter.rank) + ", norm " + number(adapter.frobenius_norm, 3));
  }
  for (const catalog::Place& place : adapter.places) {
    line("place       ", place.path + (place.missing ? " (missing)" : ""));
  }
  line("notes       ", adapter.overlay.notes);
  for (std::size_t i = 0; i < std::min(kPromptsShown, adapter.example_prompts.size()); ++i) {
    line("example     ", adapter.example_prompts[i]);
  }
  line("", adapter.description);
}

double parse_weight(const std::string& typed) {
  double weight = 0;
  const auto [end, problem] = std::from_chars(typed.data(), typed.data() + typed.size(), weight);
  require(problem == std::errc() && end == typed.data() + typed.size() && std::isfinite(weight) &&
              std::fabs(weight) <= catalog::kMaxOwnWeight,
          ErrorCode::kInvalidArgument, "'", typed, "' is not a weight: a number from ",
          -catalog::kMaxOwnWeight, " to ", catalog::kMaxOwnWeight, ", or none");
  return weight;
}

catalog::Overlay changed_overlay(catalog::Overlay overlay, const CatalogSetCommand& command) {
  if (!command.weight.empty()) {
    overlay.weight =
        command.weight == "none" ? std::nullopt : std::optional(parse_weight(command.weight));
  }
  if (!command.triggers.empty()) {
    overlay.triggers = command.triggers == "none"
                           ? std::nullopt
                           : std::optional(split_list(command.triggers, ','));
  }
  if (command.rating == "none") {
    overlay.rating = std::nullopt;
  } else if (!command.rating.empty()) {
    overlay.rating = command.rating == "safe"    ? catalog::Rating::kSafe
                     : command.rating == "adult" ? catalog::Rating::kAdult
                                                 : catalog::Rating::kUnrated;
  }
  if (!command.notes.empty()) {
    overlay.notes = command.notes == "none" ? "" : command.notes;
  }
  if (!command.favourite.empty()) {
    overlay.favourite = command.favourite == "yes";
  }
  if (!command.blocked.empty()) {
    overlay.blocked = command.blocked == "yes";
  }
  return overlay;
}

int run_catalog_show(const GlobalOptions& global, const CatalogShowCommand& command) {
  start_log(global);
  const catalog::Catalog catalog =
      open_catalog(find_locations(global), catalog::OpenMode::kReadOnly);
  const catalog::Adapter adapter = catalog.resolve(command.adapter);
  if (global.json) {
    print_json(adapter);
  } else {
    print_for_people(adapter);
  }
  return kSuccess;
}

int run_catalog_set(const GlobalOptions& global, const CatalogSetCommand& command) {
  start_log(global);
  catalog::Catalog catalog = open_catalog(find_locations(global), catalog::OpenMode::kReadWrite);
  catalog::Adapter adapter = catalog.resolve(command.adapter);
  adapter.overlay = changed_overlay(adapter.overlay, command);
  if (!command.dry_run) {
    catalog.set_overlay(adapter.row, adapter.overlay);
  }
  if (global.json) {
    print_json(adapter);
  } else if (!global.quiet) {
    print_for_people(adapter);
  }
  return kSuccess;
}

}  // namespace

void add_catalog_show_verb(CLI::App& shelf, Action& chosen) {
  const auto command = std::make_shared<CatalogShowCommand>();
  CLI::App& verb = add_verb(
      shelf, "show", "Everything known of one adapter", "catalog show sample:ink-wash", chosen,
      [command](const GlobalOptions& global) { return run_catalog_show(global, *command); });
  verb.add_option("ADAPTER", command->adapter, "Id, name, file stem or hash prefix")->required();
}

void add_catalog_set_verb(CLI::App& shelf, Action& chosen) {
  const auto command = std::make_shared<CatalogSetCommand>();
  CLI::App& verb = add_verb(
      shelf, "set", "Your own weight, triggers, rating, notes; imports never touch them",
      "catalog set sample:ink-wash --weight 0.6 --favourite yes", chosen,
      [command](const GlobalOptions& global) { return run_catalog_set(global, *command); });
  verb.add_option("ADAPTER", command->adapter, "Id, name, file stem or hash prefix")->required();
  verb.add_option("--weight", command->weight, "Own weight, or none to remove it");
  verb.add_option("--triggers", command->triggers, "Own triggers as a comma list, or none");
  verb.add_option("--rating", command->rating, "safe, adult, unrated, or none to follow the card")
      ->check(CLI::IsMember({"safe", "adult", "unrated", "none"}));
  verb.add_option("--notes", command->notes, "Notes, or none");
  verb.add_option("--favourite", command->favourite, "yes or no")
      ->check(CLI::IsMember({"yes", "no"}));
  verb.add_option("--blocked", command->blocked, "yes: never choose it; or no")
      ->check(CLI::IsMember({"yes", "no"}));
  verb.add_flag("--dry-run", command->dry_run, "Show the result, store nothing");
}

}  // namespace stylus::app
