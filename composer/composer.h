#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/filter.h"
#include "composer/llm.h"
#include "composer/plan.h"
#include "encoder/encoder.h"
#include "retriever/retriever.h"

namespace stylus::chat {
class Client;
}

namespace stylus::composer {

enum class WeightRule {
  kBudget,  ///< Hold the sum of |weight x calibrated norm| under a budget (default).
  kPaper,   ///< 0.8 x weight / picks of the keyword (Stylus paper, appendix).
};

struct ComposeOptions {
  catalog::Filter filter;  ///< filter.base is the plan's base; default "sd15" is set by the app.
  std::string negative_prompt;
  int max_adapters = 2;     ///< Per plan.
  int max_per_keyword = 1;  ///< At most 3 (design 4.3).
  int max_styles = 2;
  WeightRule weights = WeightRule::kBudget;
  double weight_budget = 1.5;  ///< For kBudget.
  bool insert_triggers = true;
  /// Confidence a pick needs, [0, 1]; negative = the default: 0.05 for a keyword's candidate (0.01
  /// a keyword from six on), 0.3 for an adapter that only the words of the whole prompt speak for.
  double threshold = -1;
  bool prompt_context = true;  ///< Score keywords with the whole prompt as context.
  int runners_up = 3;          ///< Listed per keyword.
  std::map<std::string, std::optional<double>>
      pinned;  ///< Adapter id -> weight; always in the plan.
  int images = 1;
  std::int64_t seed = 1;  ///< Image i has seed + i; masks are drawn from it.
};

struct ComposerState;  ///< For the other files of this room.

/// What the composer asks of a catalogue. Tests and benchmarks fill it without a database.
struct Shelf {
  std::function<catalog::Adapter(catalog::AdapterRow)> get;
  /// By id or whatever else names one adapter; nothing if none or several fit.
  std::function<std::optional<catalog::Adapter>(std::string_view)> find;
  std::function<catalog::CompiledFilter(const catalog::Filter&)> compile;
  std::function<std::int64_t()> revision;
  std::function<std::int64_t()> size;
};

/// The shelf of a catalogue, which must outlive it.
[[nodiscard]] Shelf shelf_of(const catalog::Catalog& catalog);

/// The local composer: keywords, coverage, assignment, weights, triggers, masks (design 4.3,
/// docs/decisions/010-two-judges.md). No language model.
///
/// `encoder` may be null: lexical only, and the plan warns. All referenced objects must outlive
/// the composer.
/// Thread safety: plan() from one thread at a time (the catalogue is not shareable).
class Composer {
 public:
  Composer(const catalog::Catalog& catalog, const retriever::Retriever& retriever,
           const encoder::TextEncoder* encoder);
  Composer(Shelf shelf, const retriever::Retriever& retriever, const encoder::TextEncoder* encoder);
  Composer(Composer&&) noexcept;
  Composer& operator=(Composer&&) noexcept;
  ~Composer();

  /// Requires: a prompt of at most 1 MiB of valid UTF-8 and options in range, else
  /// Error(kInvalidArgument); pinned ids that exist, else Error(kNotFound).
  /// An empty prompt gives an empty plan.
  /// Ensures: same catalogue, prompt and options -> the same plan, byte for byte.
  [[nodiscard]] Plan plan(std::string_view prompt, const ComposeOptions& options) const;

  /// The second strategy, the paper's own: a language model is offered the adapters that the whole
  /// prompt finds, and cuts the prompt into topics and chooses in two turns. Filters act before it
  /// is asked; its reply is checked (only offered adapters, only words of the prompt, the limits of
  /// design 4.3), mended once, and, if that fails, the local composer's plan stands, with a
  /// warning. Weights, triggers and masks come about as in plan().
  ///
  /// Errors: as plan(), and Error(kNotFound) when `client` replays a recording that lacks the
  /// request. Ensures: same catalogue, prompt, options and replies -> the same plan, byte for byte.
  /// Cost: plan(), and two or three requests to the model.
  [[nodiscard]] Plan plan_with_model(std::string_view prompt, const ComposeOptions& options,
                                     chat::Client& client, const LlmOptions& llm = {}) const;

  /// Why this adapter is not in the plan (or that it is): one sentence, with the figures.
  [[nodiscard]] std::string why_not(catalog::AdapterRow row, std::string_view prompt,
                                    const ComposeOptions& options) const;

 private:
  std::unique_ptr<ComposerState> state_;
};

}  // namespace stylus::composer
