#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "chat/client.h"
#include "support/error.h"

namespace stylus::refiner {

/// What a model is told of one adapter. All of it was written by strangers and is sent as data.
struct VlmCard {
  std::string name;
  std::vector<std::string> tags;
  std::vector<std::string> triggers;
  std::string description;                   ///< Plain text.
  std::vector<std::string> example_prompts;  ///< Positive ones only.
  /// The first ten that can be read are sent, scaled; the caller leaves out what must not leave the
  /// machine (adult, real persons).
  std::vector<std::filesystem::path> pictures;
};

/// A reply after all checks: it can change nothing but this one card's texts.
struct VlmDescription {
  std::string summary;      ///< One line of plain English, at most 160 bytes.
  std::string description;  ///< Plain English, at most 4,000 bytes; no links, no training details.
  std::vector<std::string> categories;  ///< Slugs of catalog/categories.h; at least one.
  /// Phrases that stand in the card's triggers, description or example prompts, case aside; in
  /// groups that belong together. May be empty.
  std::vector<std::vector<std::string>> trigger_groups;
  /// In [-2, 2] and only if the number itself stands in the card's text or example prompts.
  std::optional<double> weight;
};

enum class VlmOutcome {
  kAccepted,
  kRefusal,    ///< The model or the provider's filter declined.
  kLoop,       ///< It repeated itself.
  kCutOff,     ///< It ran out of tokens.
  kNonsense,   ///< Not the wanted JSON, or texts that fail the checks.
  kTransport,  ///< No reply: server away, too busy, or not a chat server.
};

/// The word for an outcome in columns and JSON: "cut_off".
[[nodiscard]] const char* outcome_name(VlmOutcome outcome);

/// Everything worth keeping of one question.
struct VlmResult {
  VlmOutcome outcome = VlmOutcome::kTransport;
  std::optional<VlmDescription> description;  ///< kAccepted only.
  std::string reason;                         ///< For people; "" when accepted.
  std::string raw_reply;                      ///< As it came, at most 64 KiB; "" without one.
  std::string model;
  int prompt_version = 0;  ///< kVlmPromptVersion of the question.
  chat::Usage usage;
  int pictures_sent = 0;
  bool pictures_refused = false;             ///< The server took the text only.
  std::optional<ErrorCode> transport_error;  ///< kTransport only: of the client's Error.
};

/// Grows whenever the question or the checks change, so that stored replies can be told apart.
inline constexpr int kVlmPromptVersion = 1;

struct VlmOptions {
  int max_pictures = 10;
  int picture_side = 512;  ///< Pixels of the longer side after scaling, at most.
  int max_example_prompts = 10;
  int max_reply_tokens = 1000;  ///< Longer replies are loops more often than insights (paper).
};

/// Asks the model for one card and checks what it says (Stylus paper, section 3.1 and appendix).
///
/// A server that refuses the request with pictures is asked once more without.
/// Thread safety: from several threads with one client.
/// Errors: Error(kCancelled) when the client's budget is spent and Error(kNotFound) for a request
///         that a replay does not hold; all other failures are told in the result.
[[nodiscard]] VlmResult describe_with_vlm(chat::Client& client, const VlmCard& card,
                                          const VlmOptions& options = {});

/// The question as it would be sent, for tests and `--dry-run`.
[[nodiscard]] chat::Request vlm_request(const VlmCard& card, const VlmOptions& options = {});

/// Checks a reply against the card that it was asked for; fills all fields but prompt_version.
/// Never throws for any reply.
[[nodiscard]] VlmResult check_vlm_reply(const chat::Reply& reply, const VlmCard& card);

}  // namespace stylus::refiner
