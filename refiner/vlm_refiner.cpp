#include "refiner/vlm_refiner.h"

#include <nlohmann/json.hpp>

#include "chat/json_reply.h"
#include "refiner/vlm_checks.h"
#include "support/error.h"
#include "support/text.h"

namespace stylus::refiner {
namespace {

constexpr std::size_t kMaxRawBytes = std::size_t{64} << 10U;

struct Verdict {
  VlmOutcome outcome = VlmOutcome::kNonsense;
  std::string reason;
  std::optional<VlmDescription> description;
};

Verdict refused(VlmOutcome outcome, const char* reason) { return {outcome, reason, {}}; }

Verdict judge(const chat::Reply& reply, const VlmCard& card) {
  if (!reply.refusal.empty() || reply.finish == chat::Finish::kFilter) {
    return refused(VlmOutcome::kRefusal, "the provider or its filter declined");
  }
  if (chat::repeats_itself(reply.text)) {
    return refused(VlmOutcome::kLoop, "the model repeats itself");
  }
  const std::optional<nlohmann::json> object = chat::find_json_object(reply.text, "description");
  if (!object) {
    if (chat::sounds_like_refusal(reply.text)) {
      return refused(VlmOutcome::kRefusal, "the model declined");
    }
    if (reply.finish == chat::Finish::kLength || chat::has_unfinished_object(reply.text)) {
      return refused(VlmOutcome::kCutOff, "the reply ends before its JSON does");
    }
    return refused(VlmOutcome::kNonsense, "the reply holds no JSON object with a description");
  }
  if (const auto said = object->find("description");
      said->is_string() && chat::sounds_like_refusal(said->get<std::string>())) {
    return refused(VlmOutcome::kRefusal, "the model declined");
  }
  auto checked = checked_description(*object, card);
  if (auto* problem = std::get_if<std::string>(&checked)) {
    return {VlmOutcome::kNonsense, std::move(*problem), {}};
  }
  return {VlmOutcome::kAccepted, "", std::get<VlmDescription>(std::move(checked))};
}

int pictures_in(const chat::Request& request) {
  return static_cast<int>(request.messages.back().pictures.size());
}

}  // namespace

const char* outcome_name(VlmOutcome outcome) {
  switch (outcome) {
    case VlmOutcome::kAccepted:
      return "accepted";
    case VlmOutcome::kRefusal:
      return "refusal";
    case VlmOutcome::kLoop:
      return "loop";
    case VlmOutcome::kCutOff:
      return "cut_off";
    case VlmOutcome::kNonsense:
      return "nonsense";
    case VlmOutcome::kTransport:
      break;
  }
  return "transport";
}

VlmResult check_vlm_reply(const chat::Reply& reply, const VlmCard& card) {
  Verdict verdict = judge(reply, card);
  VlmResult result;
  result.outcome = verdict.outcome;
  result.description = std::move(verdict.description);
  result.reason = std::move(verdict.reason);
  result.raw_reply = truncate_utf8(reply.text.empty() ? reply.refusal : reply.text, kMaxRawBytes);
  result.model = reply.model;
  result.usage = reply.usage;
  return result;
}

VlmResult describe_with_vlm(chat::Client& client, const VlmCard& card, const VlmOptions& options) {
  VlmResult result;
  result.model = client.model();
  result.prompt_version = kVlmPromptVersion;
  chat::Request request = vlm_request(card, options);
  bool without_pictures = false;
  while (true) {
    try {
      VlmCard shown = card;
      if (pictures_in(request) == 0) {
        shown.pictures.clear();
      }
      result = check_vlm_reply(client.ask(request), shown);
      result.prompt_version = kVlmPromptVersion;
      result.pictures_sent = pictures_in(request);
      result.pictures_refused = without_pictures;
      return result;
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled || error.code() == ErrorCode::kNotFound) {
        throw;
      }
      if (error.code() == ErrorCode::kInvalidArgument && pictures_in(request) > 0) {
        // A model without eyes, most likely; its server may still take the text.
        request.messages.back().pictures.clear();
        without_pictures = true;
        continue;
      }
      result.outcome = VlmOutcome::kTransport;
      result.transport_error = error.code();
      result.reason = error.what();
      return result;
    }
  }
}

}  // namespace stylus::refiner
