#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "chat/client.h"
#include "evaluator/figures.h"
#include "evaluator/report.h"

namespace stylus::evaluator {

/// Two pictures for one prompt, by the methods that are to be compared.
struct JudgedPair {
  std::string prompt_id, prompt;
  std::string first, second;  ///< SHA-256 of the PNG files.
};

/// The first pictures of both methods for each prompt, at the run's guidance in the middle, first
/// model. Prompts whose pictures are the same file, or not made, are left out.
/// Requires: methods of the run, else Error(kInvalidArgument).
[[nodiscard]] std::vector<JudgedPair> judged_pairs(const RunResults& results,
                                                   const std::string& first,
                                                   const std::string& second);

/// What one judge says of one pair.
enum class Verdict : std::uint8_t { kFirst, kSecond, kTie, kUnreadable };

/// The verdict in a model's reply: "left", "right" or "tie" under the key "better".
[[nodiscard]] Verdict read_verdict(std::string_view reply);

/// A vision-language model's judgement of many pairs.
struct Judgement {
  std::string model;
  std::size_t wins = 0, ties = 0, losses = 0;  ///< Of the first method; only agreement counts.
  std::size_t disagreed = 0;   ///< Of the ties: another answer when the sides were changed.
  std::size_t unreadable = 0;  ///< Pairs of which an answer could not be read; not counted.
  Interval rate;               ///< (wins + ties / 2) / pairs, Wilson.
  double left_share = 0;       ///< Of the answers that took a side: position bias where not 0.5.
};

/// Where answers are kept, so that a judge that was stopped asks nothing twice.
struct JudgementCache {
  std::function<std::optional<std::string>(const std::string& key)> read;
  std::function<void(const std::string& key, const std::string& reply)> write;
};

/// Asks about every pair twice, with the sides changed; a preference counts only if both answers
/// agree. Temperature 0. Prompts go to the model as data.
/// Errors: those of the client; answers that came before are in the cache.
[[nodiscard]] Judgement judge_pairs(const std::vector<JudgedPair>& pairs, chat::Client& client,
                                    const PictureBytes& picture, const JudgementCache& cache,
                                    const std::function<void(std::size_t done)>& on_done);

/// {"stylus_judgement": 1, …}
[[nodiscard]] std::string judgement_json(const Judgement& judgement, const std::string& first,
                                         const std::string& second);

/// A page for people: pairs in random order, sides drawn by `seed`, no method named; answers are
/// downloaded as CSV (number, choice). And the key: number, prompt id, the method on each side.
struct JudgingSheet {
  std::string html;
  std::string key_csv;
};
[[nodiscard]] JudgingSheet judging_sheet(const std::vector<JudgedPair>& pairs,
                                         const std::string& first, const std::string& second,
                                         std::uint64_t seed, const PictureBytes& picture);

}  // namespace stylus::evaluator
