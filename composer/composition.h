#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "composer/assignment.h"
#include "composer/composer.h"

namespace stylus::composer {

/// A filter with what it lets through, and the catalogue's revision that it was compiled for.
struct CachedFilter {
  catalog::Filter filter;
  std::int64_t revision = 0;
  catalog::CompiledFilter compiled;
  std::size_t count = 0;  ///< Adapters in both sets.
};

/// What lasts from one plan to the next.
struct ComposerState {
  Shelf shelf;
  const retriever::Retriever& retriever;
  const encoder::TextEncoder* encoder;
  std::vector<std::unique_ptr<CachedFilter>> filters;  ///< The last few.

  /// Compiled anew only when the filter is new or the catalogue changed. The reference holds until
  /// forget_old_filters().
  const CachedFilter& compile(const catalog::Filter& filter);
  void forget_old_filters();
};

/// An adapter that the user, or a tag in the prompt, asked for.
struct PinnedAdapter {
  catalog::AdapterRow row = 0;
  std::optional<double> weight;
};

/// True for a phrase that shares a word with the adapter's name or tags, or is its first trigger.
/// Cards of characters list clothes and hair among their triggers, too.
[[nodiscard]] bool is_name_of(const retriever::NamedAdapter& named,
                              const catalog::Adapter& adapter);

/// True for an adapter of the category "style".
[[nodiscard]] bool is_style(const catalog::Adapter& adapter);

/// One plan in the making: every step's result, so that why_not() can look into it.
class Composition {
 public:
  /// choice: a language model's, which takes the place of keywords and judges; may be null.
  Composition(ComposerState& composer, std::string_view prompt, const ComposeOptions& options,
              const ModelChoice* choice = nullptr);

  [[nodiscard]] Plan plan();

  [[nodiscard]] const catalog::Adapter& adapter(catalog::AdapterRow row);
  [[nodiscard]] const PromptReading& reading() const { return reading_; }
  [[nodiscard]] const Proposals& proposals() const { return proposals_; }
  [[nodiscard]] const std::vector<Decision>& decisions() const { return decisions_; }
  [[nodiscard]] const std::vector<PinnedAdapter>& pinned() const { return pinned_; }
  [[nodiscard]] const AssignmentOptions& limits() const { return limits_; }
  [[nodiscard]] const CachedFilter& filter() const { return filter_; }

 private:
  void check_options() const;
  void put_first(const std::vector<ModelPick>& picks);
  void pin_adapters();
  void decide();
  [[nodiscard]] Support support_of(const Proposal& proposal);
  [[nodiscard]] Keyword keyword(std::size_t index);
  [[nodiscard]] std::string why_not(Decision::Outcome outcome) const;
  [[nodiscard]] std::string reason_for_none(std::size_t index) const;
  [[nodiscard]] std::vector<PlanAdapter> plan_adapters();
  [[nodiscard]] PlanAdapter plan_adapter(catalog::AdapterRow row) const;
  void set_weights(std::vector<PlanAdapter>& adapters);
  void set_triggers(std::vector<PlanAdapter>& adapters);
  [[nodiscard]] std::string rendered_prompt(const std::vector<PlanAdapter>& adapters) const;
  [[nodiscard]] std::vector<PlanImage> images(const std::vector<PlanAdapter>& adapters) const;
  [[nodiscard]] std::vector<std::string> warnings(const std::vector<PlanAdapter>& adapters);
  void warn_about_filters(std::vector<std::string>& warnings);

  ComposerState& composer_;
  std::string_view prompt_;
  const ComposeOptions& options_;
  const ModelChoice* choice_;
  PromptReading reading_;
  const CachedFilter& filter_;
  AssignmentOptions limits_;
  Proposals proposals_;
  std::vector<PinnedAdapter> pinned_;
  std::vector<std::string> tamed_;  ///< Warnings of set_weights().
  std::vector<Span> tags_to_remove_;
  std::vector<std::string> unknown_tags_;
  std::vector<Decision> decisions_;
  /// Rows in the plan's order with their keywords; filled by decide().
  std::vector<catalog::AdapterRow> picked_rows_;
  std::map<catalog::AdapterRow, std::vector<std::size_t>> keywords_of_;
  std::map<catalog::AdapterRow, catalog::Adapter> adapters_;
};

}  // namespace stylus::composer
