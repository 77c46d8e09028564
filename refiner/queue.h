#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "catalog/refinement.h"
#include "refiner/describer.h"
#include "support/progress.h"

namespace stylus::refiner {

struct RulesReport {
  std::int64_t adapters = 0;   ///< In the catalogue.
  std::int64_t changed = 0;    ///< Adapters whose refinement is new or another than before.
  std::int64_t unchanged = 0;  ///< Looked at again with the same result.
};

/// Refines by rules every adapter that is new or changed since, or that older rules refined.
///
/// Stores in batches of one transaction each: a kill loses at most one, the next call goes on, and
/// the catalogue ends with the same content and revision as undisturbed.
/// Cost: about 0.5 ms an adapter and one pass over all example prompts.
RulesReport refine_by_rules(catalog::Catalog& catalog, const ProgressFn& progress);

struct ModelOptions {
  bool allow_adult = false;   ///< Else adapters rated adult or not at all stay on this machine.
  bool allow_people = false;  ///< Else those of real persons do.
  bool retry = false;         ///< Ask again where this model's answer was not accepted.
  std::int64_t limit = 0;     ///< Adapters at most; 0 = all that are due.
  std::size_t workers = 4;    ///< Questions under way at once.
};

struct ModelReport {
  std::int64_t due = 0;       ///< Adapters that a model had to look at, without those kept back.
  std::int64_t asked = 0;     ///< Answers stored by this call.
  std::int64_t accepted = 0;  ///< Of them.
  std::map<std::string, std::int64_t> outcomes;  ///< "accepted", "refusal", …
  std::int64_t kept_back = 0;                    ///< Not allowed to leave the machine.
  std::int64_t requests = 0, input_tokens = 0, output_tokens = 0, pictures = 0;
  std::string stopped_by;  ///< Why it ended before its time: "the budget is spent", …; else "".
};

/// Asks a model about every adapter that it has not answered for since its card changed, in row
/// order. Run refine_by_rules() first: what the rules found stands until an answer is accepted.
///
/// Every answer is stored at once, so a kill loses only what was under way. With one worker the
/// order of the questions, and so the result, is the same every time.
/// Errors: Error(kCancelled) from `progress`; a describer's errors end the run and are told in the
///         report, after the answers under way are stored.
ModelReport refine_by_model(catalog::Catalog& catalog, Describer& describer,
                            const ModelOptions& options, const ProgressFn& progress);

}  // namespace stylus::refiner
