#pragma once

#include <optional>
#include <string>

#include "catalog/refinement.h"

namespace stylus::refiner {

/// What a model answered about one adapter.
struct Described {
  std::optional<catalog::Refinement> refinement;  ///< Of an accepted reply only.
  /// What was said and what it cost, whatever came of it; the queue fills row and input.
  catalog::ModelReply reply;
};

/// Somebody who describes adapters better than the rules do, for a price.
///
/// Thread safety: describe() from several threads.
class Describer {
 public:
  Describer() = default;
  Describer(const Describer&) = delete;
  Describer& operator=(const Describer&) = delete;
  virtual ~Describer() = default;

  [[nodiscard]] virtual std::string model() const = 0;           ///< "gpt-4o"
  [[nodiscard]] virtual std::string prompt_version() const = 0;  ///< "1"

  /// `by_rules` is what an accepted refinement starts from: fields that the model does not fill
  /// are taken from there.
  ///
  /// A bad answer is a Described without refinement, no exception.
  /// Errors: Error(kCancelled) when the budget is spent, Error(kUnavailable) when the server is
  ///         gone for good, Error(kNotFound) for a request that a replay lacks. All end the run.
  [[nodiscard]] virtual Described describe(const catalog::Adapter& adapter,
                                           const catalog::Refinement& by_rules) = 0;
};

}  // namespace stylus::refiner
