#include "composer/composition.h"

#include <algorithm>
#include <cmath>

#include "composer/evidence.h"
#include "composer/masks.h"
#include "composer/mix.h"
#include "composer/parameters.h"
#include "composer/plan_options.h"
#include "composer/triggers.h"
#include "retriever/terms.h"
#include "support/error.h"
#include "support/text.h"

namespace stylus::composer {
namespace {

using Outcome = Decision::Outcome;

constexpr std::size_t kLongestPrompt = std::size_t{1} << 20U;
constexpr int kMostImages = 4096;
/// Proposals below this are not worth showing as runners-up.
constexpr double kLeastRunnerUp = 0.005;
/// An adapter that shares no telling word with the keyword is picked only from this cosine on:
/// unrelated texts lie around 0.1 with both encoders that we ship, and in a small catalogue one of
/// them still ranks first.
constexpr double kLeastMeaning = 0.2;

std::set<std::string> stems_of(std::string_view text) {
  std::set<std::string> stems;
  for (retriever::Term& term : retriever::terms_of(text)) {
    stems.insert(std::move(term.stem));
  }
  return stems;
}

}  // namespace

bool is_name_of(const retriever::NamedAdapter& named, const catalog::Adapter& adapter) {
  const std::set<std::string> phrase = stems_of(named.phrase);
  const std::set<std::string> name = stems_of(adapter.name + " " + join(adapter.tags, " "));
  const bool shares = std::any_of(phrase.begin(), phrase.end(),
                                  [&](const std::string& stem) { return name.count(stem) != 0; });
  const std::vector<std::string> triggers = catalog::effective_triggers(adapter);
  const std::string first = triggers.empty() ? "" : triggers.front();
  return named.field == "name" || shares || stems_of(first.substr(0, first.find(','))) == phrase;
}

bool is_style(const catalog::Adapter& adapter) {
  return std::find(adapter.categories.begin(), adapter.categories.end(), "style") !=
         adapter.categories.end();
}

Composition::Composition(ComposerState& composer, std::string_view prompt,
                         const ComposeOptions& options, const ModelChoice* choice)
    : composer_(composer),
      prompt_(prompt),
      options_(options),
      choice_(choice),
      reading_((check_options(), read_prompt(prompt))),
      filter_(composer.compile(options.filter)) {
  limits_.max_adapters = static_cast<std::size_t>(options.max_adapters);
  limits_.max_per_keyword = static_cast<std::size_t>(options.max_per_keyword);
  limits_.max_styles = static_cast<std::size_t>(options.max_styles);
  if (choice_ != nullptr) {
    reading_.keywords = choice_->keywords;
  }
  proposals_ = propose(
      reading_, composer.retriever, composer.encoder, filter_.compiled,
      {options.prompt_context, options.threshold, [this](const retriever::NamedAdapter& named) {
         return is_name_of(named, adapter(named.row));
       }});
  if (choice_ != nullptr) {
    put_first(choice_->picks);
  }
  pin_adapters();
  decide();
}

void Composition::check_options() const {
  require(prompt_.size() <= kLongestPrompt, ErrorCode::kInvalidArgument, "the prompt has ",
          prompt_.size(), " bytes, at most ", kLongestPrompt, " are allowed");
  require(is_valid_utf8(prompt_), ErrorCode::kInvalidArgument,
          "the prompt is not valid UTF-8; convert it first");
  require(options_.max_adapters >= 0 && options_.max_styles >= 0 && options_.runners_up >= 0,
          ErrorCode::kInvalidArgument, "a limit on adapters, styles or runners-up is negative");
  require(options_.max_per_keyword >= 1 && options_.max_per_keyword <= 3,
          ErrorCode::kInvalidArgument, "max_per_keyword is ", options_.max_per_keyword,
          ", expected 1 to 3");
  require(options_.images >= 1 && options_.images <= kMostImages, ErrorCode::kInvalidArgument,
          "images is ", options_.images, ", expected 1 to ", kMostImages);
  require(options_.threshold <= 1, ErrorCode::kInvalidArgument, "the threshold is ",
          options_.threshold, ", expected at most 1");
}

const catalog::Adapter& Composition::adapter(catalog::AdapterRow row) {
  const auto found = adapters_.find(row);
  return found != adapters_.end() ? found->second
                                  : adapters_.emplace(row, composer_.shelf.get(row)).first->second;
}

void Composition::pin_adapters() {
  const auto pin = [&](catalog::Adapter adapter, std::optional<double> weight) {
    for (const PinnedAdapter& known : pinned_) {
      if (known.row == adapter.row) {
        return;
      }
    }
    pinned_.push_back({adapter.row, weight});
    adapters_.emplace(adapter.row, std::move(adapter));
  };
  for (const auto& [id, weight] : options_.pinned) {
    std::optional<catalog::Adapter> found = composer_.shelf.find(id);
    require(found.has_value(), ErrorCode::kNotFound, "no adapter \"", id,
            "\" to pin; `stylus catalog list` shows the ids");
    require(!weight || std::isfinite(*weight), ErrorCode::kInvalidArgument, "the weight of \"", id,
            "\" is not a finite number");
    pin(std::move(*found), weight);
  }
  for (const LoraTag& tag : reading_.lora_tags) {
    if (std::optional<catalog::Adapter> found = composer_.shelf.find(tag.name)) {
      pin(std::move(*found), tag.weight.value_or(1));
      tags_to_remove_.push_back(tag.span);
    } else {
      unknown_tags_.push_back(tag.name);
    }
  }
}

void Composition::decide() {
  AlreadyInPlan already;
  for (const PinnedAdapter& pinned : pinned_) {
    already.rows.insert(pinned.row);
    already.styles += is_style(adapter(pinned.row)) ? 1 : 0;
    picked_rows_.push_back(pinned.row);
    keywords_of_[pinned.row];
    for (const Proposal& proposal : proposals_.list) {
      if (proposal.row == pinned.row && proposal.sure_enough) {
        keywords_of_[pinned.row].push_back(proposal.keyword);
        ++already.picks_of_keyword[proposal.keyword];
        break;
      }
    }
  }
  decisions_ = assign(proposals_.list, limits_, already,
                      [&](const Proposal& proposal) { return support_of(proposal); });
  for (const Decision& decision : decisions_) {
    if (decision.outcome == Outcome::kPicked) {
      const Proposal& proposal = proposals_.list[decision.proposal];
      picked_rows_.push_back(proposal.row);
      keywords_of_[proposal.row].push_back(proposal.keyword);
    }
  }
}

Support Composition::support_of(const Proposal& proposal) {
  const catalog::Adapter& card = adapter(proposal.row);
  const std::string& query = reading_.keywords[proposal.keyword].query;
  Support support;
  support.is_style = is_style(card);
  support.words = shared_stems(query, card);
  support.is_enough = !proposal.reason.empty() || proposal.named || !support.words.empty() ||
                      proposal.cosine >= kLeastMeaning ||
                      evidence_for(query, card, nullptr, 0).front().field != "meaning";
  return support;
}

std::string Composition::reason_for_none(std::size_t index) const {
  for (const Decision& decision : decisions_) {
    if (proposals_.list[decision.proposal].keyword == index) {  // the surest one
      switch (decision.outcome) {
        case Outcome::kUnsure:
          return choice_ != nullptr ? "the language model chose none"
                                    : "no adapter is specific enough";
        case Outcome::kServesAnother:
          return "its best adapter serves another keyword";
        default:
          return reason_of(decision.outcome, limits_);
      }
    }
  }
  return reading_.keywords[index].common ? "says too little about any adapter"
                                         : "no adapter matches";
}

Keyword Composition::keyword(std::size_t index) {
  const KeywordSpan& span = reading_.keywords[index];
  Keyword keyword;
  keyword.begin = span.begin;
  keyword.end = span.end;
  keyword.text = std::string(prompt_.substr(span.begin, span.end - span.begin));
  for (const Decision& decision : decisions_) {
    const Proposal& proposal = proposals_.list[decision.proposal];
    if (proposal.keyword != index) {
      continue;
    }
    const auto mine = keywords_of_.find(proposal.row);
    const bool picked =
        mine != keywords_of_.end() &&
        std::find(mine->second.begin(), mine->second.end(), index) != mine->second.end();
    if (picked) {
      const catalog::Adapter& card = adapter(proposal.row);
      std::vector<Evidence> evidence = evidence_for(
          span.query, card, proposal.named ? &*proposal.named : nullptr, proposal.cosine);
      if (!proposal.reason.empty()) {
        evidence.insert(evidence.begin(), {"model", proposal.reason});
      }
      keyword.picks.push_back({card.id, card.name, proposal.confidence, std::move(evidence)});
    } else if (keyword.runners_up.size() < static_cast<std::size_t>(options_.runners_up) &&
               proposal.confidence >= kLeastRunnerUp) {
      const catalog::Adapter& card = adapter(proposal.row);
      keyword.runners_up.push_back(
          {card.id, card.name, proposal.confidence, why_not(decision.outcome)});
    }
  }
  keyword.decision = keyword.picks.empty() ? "abstained" : "covered";
  if (!keyword.picks.empty()) {
    keyword.confidence = keyword.picks.front().score;
  } else {
    keyword.confidence = keyword.runners_up.empty() ? 0 : keyword.runners_up.front().score;
    keyword.reason = reason_for_none(index);
  }
  return keyword;
}

PlanAdapter Composition::plan_adapter(catalog::AdapterRow row) const {
  const catalog::Adapter& card = adapters_.at(row);
  PlanAdapter adapter;
  adapter.id = card.id;
  adapter.name = card.name;
  adapter.sha256 = card.sha256;
  adapter.autov3 = card.autov3;
  adapter.file = card.file_name;
  adapter.kind = card.kind;
  const std::string& wanted = options_.filter.base;
  const bool fits = std::find(card.bases.begin(), card.bases.end(), wanted) != card.bases.end();
  adapter.base = fits ? wanted : (card.bases.empty() ? "" : card.bases.front());
  for (const std::size_t keyword : keywords_of_.at(row)) {
    adapter.keywords.push_back(static_cast<int>(keyword));
  }
  adapter.licence_json = licence_to_json(card.licence);
  return adapter;
}

std::vector<PlanAdapter> Composition::plan_adapters() {
  std::vector<PlanAdapter> adapters;
  for (const catalog::AdapterRow row : picked_rows_) {
    static_cast<void>(adapter(row));  // in adapters_ from here on
    adapters.push_back(plan_adapter(row));
  }
  set_weights(adapters);
  set_triggers(adapters);
  return adapters;
}

void Composition::set_weights(std::vector<PlanAdapter>& adapters) {
  std::map<std::size_t, std::size_t> sharing;
  for (const auto& [row, keywords] : keywords_of_) {
    for (const std::size_t keyword : keywords) {
      ++sharing[keyword];
    }
  }
  std::vector<MixPart> parts;
  for (std::size_t i = 0; i < adapters.size(); ++i) {
    const catalog::AdapterRow row = picked_rows_[i];
    std::optional<double> pinned;
    for (const PinnedAdapter& each : pinned_) {
      if (each.row == row) {
        pinned = each.weight;
      }
    }
    MixPart part;
    part.evidence = weight_evidence(adapters_.at(row), pinned);
    part.fixed = pinned.has_value();
    part.calibrated_norm = calibrated_norm(adapters_.at(row), parameters().typical_norms);
    for (const std::size_t keyword : keywords_of_.at(row)) {
      part.picks = std::max(part.picks, sharing[keyword]);
    }
    parts.push_back(std::move(part));
  }
  const std::vector<double> weights = mix_weights(parts, options_.weights, options_.weight_budget);
  for (std::size_t i = 0; i < adapters.size(); ++i) {
    adapters[i].weight = weights[i];
    adapters[i].text_encoder_weight = weights[i];
    if (options_.weights == WeightRule::kBudget && !parts[i].fixed &&
        parts[i].calibrated_norm > kOutlierNorm) {
      tamed_.push_back(adapters[i].name + ": its update is " +
                       std::to_string(std::lround(parts[i].calibrated_norm)) +
                       " times as large as usual, so it was probably trained too hard; its weight "
                       "is held far below its card's (--pin gives it another)");
    }
    adapters[i].weight_evidence = std::move(parts[i].evidence);
  }
}

void Composition::set_triggers(std::vector<PlanAdapter>& adapters) {
  for (std::size_t i = 0; i < adapters.size(); ++i) {
    const catalog::Adapter& card = adapters_.at(picked_rows_[i]);
    const IsGeneric generic = [&](std::string_view phrase) {
      return is_generic_trigger(composer_.retriever, phrase);
    };
    const IsGeneric never = [](std::string_view) { return false; };
    adapters[i].triggers = card.overlay.triggers
                               ? choose_triggers(*card.overlay.triggers, reading_.searchable, never,
                                                 options_.insert_triggers)
                               : choose_triggers(trigger_entries(card), reading_.searchable,
                                                 generic, options_.insert_triggers);
  }
}

std::string Composition::rendered_prompt(const std::vector<PlanAdapter>& adapters) const {
  std::string text(prompt_.substr(0, reading_.end));
  for (auto tag = tags_to_remove_.rbegin(); tag != tags_to_remove_.rend(); ++tag) {
    text.erase(tag->begin, tag->end - tag->begin);
  }
  const bool changed = text.size() != prompt_.size();
  return with_triggers(changed ? std::string(trim(text)) : text, adapters);
}

std::vector<PlanImage> Composition::images(const std::vector<PlanAdapter>& adapters) const {
  std::map<int, MaskGroup> groups;
  for (std::size_t i = 0; i < adapters.size(); ++i) {
    if (!adapters[i].keywords.empty()) {
      groups[adapters[i].keywords.front()].push_back(i);
    }
  }
  std::vector<MaskGroup> list;
  list.reserve(groups.size());
  for (auto& [keyword, group] : groups) {
    list.push_back(std::move(group));
  }
  const auto masks =
      draw_masks(list, adapters.size(), static_cast<std::size_t>(options_.images), options_.seed);
  std::vector<PlanImage> images;
  for (std::size_t i = 0; i < masks.size(); ++i) {
    // Unsigned, so that the largest seeds wrap around instead of overflowing.
    const auto seed = static_cast<std::uint64_t>(options_.seed) + i;
    images.push_back({static_cast<std::int64_t>(seed), masks[i], "{}"});
  }
  return images;
}

Plan Composition::plan() {
  Plan plan;
  plan.prompt = std::string(prompt_);
  plan.negative_prompt = repair_utf8(options_.negative_prompt);
  plan.base = options_.filter.base;
  plan.catalog_revision = filter_.revision;
  plan.catalog_adapters = composer_.shelf.size();
  plan.encoder = proposals_.used_vectors ? composer_.encoder->id() : "";
  plan.composer_options_json = options_to_json(options_);
  for (std::size_t i = 0; i < reading_.keywords.size(); ++i) {
    plan.keywords.push_back(keyword(i));
  }
  plan.adapters = plan_adapters();
  plan.rendered_prompt = rendered_prompt(plan.adapters);
  plan.images = images(plan.adapters);
  plan.warnings = warnings(plan.adapters);
  return plan;
}

}  // namespace stylus::composer
