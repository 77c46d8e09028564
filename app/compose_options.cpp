#include "app/compose_options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <map>

#include "support/text.h"
#include "weights/base_family.h"

namespace stylus::app {
namespace {

/// The slug for what was typed after --base; "any" switches the base filter off.
std::string base_slug(const std::string& typed) {
  if (typed == "any") {
    return "";
  }
  std::string slug = weights::base_family(typed);
  if (slug.empty()) {
    std::vector<std::string> known;
    for (const weights::BaseFamily& family : weights::base_families()) {
      known.push_back(family.slug);
    }
    throw CLI::ValidationError(
        "--base", "'" + typed + "' is no base family that stylus knows; use any or one of " +
                      join(known, ", "));
  }
  return slug;
}

/// "ID" or "ID=WEIGHT".
void add_pin(composer::ComposeOptions& options, const std::string& typed) {
  const std::size_t equals = typed.rfind('=');
  if (equals == std::string::npos) {
    options.pinned[typed] = std::nullopt;
    return;
  }
  double weight = 0;
  if (!CLI::detail::lexical_cast(typed.substr(equals + 1), weight)) {
    throw CLI::ValidationError("--pin", "'" + typed + "' is not ID or ID=WEIGHT");
  }
  options.pinned[typed.substr(0, equals)] = weight;
}

}  // namespace

void add_filter_options(CLI::App& verb, catalog::Filter& filter, const char* default_base) {
  filter.base = default_base;
  const std::string group = "Filters";
  verb.add_option_function<std::string>(
          "--base", [&filter](const std::string& typed) { filter.base = base_slug(typed); },
          std::string("Base family of the checkpoint, or any") +
              (*default_base != '\0' ? std::string(" (default ") + default_base + ")" : ""))
      ->group(group);
  verb.add_flag("--allow-nsfw", filter.allow_nsfw, "Adult adapters too")->group(group);
  verb.add_flag("--allow-unrated", filter.allow_unrated, "Adapters without a rating too")
      ->group(group);
  verb.add_flag("--allow-people", filter.allow_people,
                "Real persons, and characters that the prompt does not name")
      ->group(group);
  verb.add_option("--licence", filter.licence, "commercial: pictures may be sold")
      ->check(CLI::IsMember({"commercial"}))
      ->group(group);
  verb.add_option("--folder", filter.folder, "Only adapter files under this folder")->group(group);
  verb.add_option("--tag", filter.tags, "Only adapters with this tag (repeat for several)")
      ->expected(1)
      ->take_all()
      ->group(group);
  verb.add_flag("--only-installed", filter.only_installed, "Only adapters whose file is there")
      ->group(group);
  verb.add_option("--block", filter.blocked, "Leave this adapter out (repeat for several)")
      ->expected(1)
      ->take_all()
      ->group(group);
}

void add_choice_options(CLI::App& verb, composer::ComposeOptions& options) {
  add_filter_options(verb, options.filter, kDefaultBase);
  const std::string group = "Composition";
  verb.add_option_function<std::vector<std::string>>(
          "--pin",
          [&options](const std::vector<std::string>& all) {
            for (const std::string& typed : all) {
              add_pin(options, typed);
            }
          },
          "Always use this adapter: ID or ID=WEIGHT (repeat for several)")
      ->expected(1)
      ->take_all()
      ->group(group);
  verb.add_option("--max-adapters", options.max_adapters, "Adapters in a plan (default 2)")
      ->check(CLI::Range(0, 16))
      ->group(group);
  verb.add_option("--max-per-keyword", options.max_per_keyword,
                  "Adapters for one keyword (default 1)")
      ->check(CLI::Range(1, 3))
      ->group(group);
  verb.add_option("--max-styles", options.max_styles, "Style adapters in a plan (default 2)")
      ->check(CLI::Range(0, 16))
      ->group(group);
  static const std::map<std::string, composer::WeightRule> kRules = {
      {"budget", composer::WeightRule::kBudget}, {"paper", composer::WeightRule::kPaper}};
  verb.add_option(
          "--weights", options.weights,
          "budget: hold the sum of weights times norms down (default); paper: 0.8 x weight / picks")
      ->transform(CLI::CheckedTransformer(kRules).description(""))
      ->type_name("RULE")
      ->group(group);
  verb.add_option("--weight-budget", options.weight_budget,
                  "Budget for --weights budget (default 1.5)")
      ->check(CLI::PositiveNumber)
      ->group(group);
  verb.add_flag_callback(
          "--no-triggers", [&options] { options.insert_triggers = false; },
          "Do not insert trigger words")
      ->group(group);
  verb.add_flag_callback(
          "--no-context", [&options] { options.prompt_context = false; },
          "Judge each keyword without the rest of the prompt")
      ->group(group);
  verb.add_option("--threshold", options.threshold, "Confidence that a pick needs, 0 to 1")
      ->check(CLI::Range(0.0, 1.0))
      ->group(group);
  verb.add_option("--runners-up", options.runners_up, "Runners-up listed per keyword (default 3)")
      ->check(CLI::Range(0, 20))
      ->group(group);
  verb.add_option("--negative", options.negative_prompt, "Negative prompt")->group(group);
}

void add_compose_options(CLI::App& verb, composer::ComposeOptions& options) {
  add_choice_options(verb, options);
  const std::string group = "Composition";
  verb.add_option("-n,--images", options.images, "Pictures to plan for (default 1)")
      ->check(CLI::Range(1, 1000))
      ->group(group);
  verb.add_option("--seed", options.seed, "Seed of the first picture (default 1)")->group(group);
}

}  // namespace stylus::app
