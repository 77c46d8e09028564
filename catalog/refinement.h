#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/catalog.h"

namespace stylus::catalog {

/// Who found something out about an adapter. A model's word stands over the rules'.
enum class Refiner { kRules = 0, kModel = 1 };

/// What a refiner made out of an adapter's card, example prompts and pictures.
struct Refinement {
  std::string author;    ///< "rules/2", or a model's name and its prompt's version: "gpt-4o/1".
  std::string input;     ///< First 32 hex digits of the SHA-256 of what was read.
  std::string language;  ///< Of the card's text: "en", "zh", "ja", …; "" unknown.
  std::string summary;   ///< One line of English.
  std::string shows;     ///< What the adapter paints; plain text, several lines.
  std::string usage;     ///< How the card says to use it.
  std::vector<std::string> categories;     ///< Slugs of categories.h.
  std::vector<TriggerGroup> triggers;      ///< In card order.
  std::vector<std::string> prompt_words;   ///< What its example prompts say and others do not.
  std::optional<double> weight;            ///< In [-2, 2]; nothing: no opinion.
  double weight_low = 0, weight_high = 0;  ///< The range that the card gives; else both weight.
  std::string weight_evidence;             ///< The words that it was read from.

  [[nodiscard]] bool operator==(const Refinement&) const = default;
};

/// One answer of a model about an adapter, whether it was accepted or not.
struct ModelReply {
  AdapterRow row = 0;
  std::string model;
  std::string prompt_version;
  std::string input;  ///< As Refinement::input.
  std::string
      outcome;       ///< "accepted", "refusal", "loop", "cut_off", "nonsense", "error" (no reply).
  std::string text;  ///< As it came.
  std::int64_t requests = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t pictures = 0;

  [[nodiscard]] bool operator==(const ModelReply&) const = default;
};

/// The adapter as its sources alone describe it, without any refiner's word. Error(kNotFound) if
/// there is none.
[[nodiscard]] Adapter unrefined(const Catalog& catalog, AdapterRow row);

/// Calls visit(triggers, example prompts) for every adapter, in row order.
void for_each_prompts(const Catalog& catalog,
                      const std::function<void(const std::vector<std::string>& triggers,
                                               const std::vector<std::string>& prompts)>& visit);

/// What stands: the model's if there is one for the card as it is, else the rules'.
[[nodiscard]] std::optional<Refinement> refinement_of(const Catalog& catalog, AdapterRow row);

/// What the rules found, even where a model's word stands over it.
[[nodiscard]] std::optional<Refinement> rules_refinement_of(const Catalog& catalog, AdapterRow row);

/// Adapters that changed since `author` (of this kind) last looked at them, by row: those without
/// a refinement by it and those with a later revision. Their input may be the same after all.
[[nodiscard]] std::vector<AdapterRow> changed_since_refined(const Catalog& catalog, Refiner refiner,
                                                            std::string_view author);

/// A refinement with the adapter that it belongs to.
using RefinedRow = std::pair<AdapterRow, Refinement>;

/// Stores what the rules found, in one transaction. An adapter whose refinement is the stored one
/// keeps its revision; else it gets the next one. A model's word that was made from another input
/// than the new one falls.
/// Requires: rows that exist, else Error(kNotFound).
void store_rules(Catalog& catalog, std::span<const RefinedRow> refined);

/// Stores an answer and, if it was accepted, what it says, in one transaction.
void store_reply(Catalog& catalog, const ModelReply& reply,
                 const std::optional<Refinement>& accepted);

/// All answers about an adapter, oldest first.
[[nodiscard]] std::vector<ModelReply> replies_of(const Catalog& catalog, AdapterRow row);

/// Rows that this model has answered for with this prompt version and the input that the rules
/// read last, whatever came of it.
[[nodiscard]] std::vector<AdapterRow> answered_rows(const Catalog& catalog, std::string_view model,
                                                    std::string_view prompt_version);

/// For how many adapters a trigger phrase stands, ignoring case: its specificity is 1 over that.
/// Cost: one look-up in an index.
[[nodiscard]] std::int64_t adapters_with_trigger(const Catalog& catalog, std::string_view phrase);

}  // namespace stylus::catalog
