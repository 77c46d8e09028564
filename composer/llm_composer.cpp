// Composer::plan_with_model(): the paper's own way. The whole prompt finds the adapters that a
// language model is offered; it cuts the prompt into topics and chooses, then goes over its choice.
#include <algorithm>

#include "chat/client.h"
#include "composer/composition.h"
#include "composer/llm_question.h"
#include "composer/llm_reply.h"
#include "composer/plan_options.h"
#include "composer/prompt_search.h"
#include "support/error.h"
#include "support/text.h"

namespace stylus::composer {
namespace {

constexpr std::size_t kKeptReplyBytes = std::size_t{16} << 10U;

/// One conversation: two turns, and a third where a reply breaks the rules.
class Conversation {
 public:
  Conversation(chat::Client& client, chat::Request request, std::string_view prompt,
               const PromptReading& reading, std::size_t offered)
      : client_(client),
        request_(std::move(request)),
        prompt_(prompt),
        reading_(reading),
        offered_(offered) {}

  /// Error(kCorruptData) when the model breaks the rules twice.
  Selection choose(bool second_turn) {
    Selection first = ask({});
    std::vector<std::size_t> chosen = numbers_in(first);
    if (!second_turn || chosen.empty()) {
      return first;
    }
    say(chat::Role::kAssistant, selection_to_json(first, prompt_));
    say(chat::Role::kUser, review_question());
    return ask(chosen);
  }

 private:
  static std::vector<std::size_t> numbers_in(const Selection& selection) {
    std::vector<std::size_t> numbers;
    for (const Topic& topic : selection.topics) {
      for (const Topic::Pick& pick : topic.picks) {
        numbers.push_back(pick.number);
      }
    }
    return numbers;
  }

  void say(chat::Role role, std::string text) {
    request_.messages.push_back({role, std::move(text), {}});
  }

  Selection ask(const std::vector<std::size_t>& allowed) {
    while (true) {
      const chat::Reply reply = client_.ask(request_);
      Selection selection = read_selection(reply.text, reading_.searchable, offered_, allowed);
      if (!reply.refusal.empty() || reply.finish == chat::Finish::kFilter) {
        selection.problems = {"the model declined to answer"};
      } else if (chosen_nothing_in_half(reply, selection)) {
        selection.problems = {"the reply was cut off; be shorter"};
      }
      if (selection.problems.empty()) {
        return selection;
      }
      require(!mended_, ErrorCode::kCorruptData, "the model's reply breaks the rules (",
              selection.problems.front(), ")");
      mended_ = true;
      say(chat::Role::kAssistant,
          std::string(truncate_utf8(reply.text.empty() ? "{}" : reply.text, kKeptReplyBytes)));
      say(chat::Role::kUser, repair_question(selection.problems));
    }
  }

  static bool chosen_nothing_in_half(const chat::Reply& reply, const Selection& selection) {
    return reply.finish == chat::Finish::kLength && !selection.problems.empty();
  }

  chat::Client& client_;
  chat::Request request_;
  std::string_view prompt_;
  const PromptReading& reading_;
  std::size_t offered_;
  bool mended_ = false;
};

ModelChoice choice_of(const Selection& selection, const std::vector<catalog::Adapter>& offered) {
  ModelChoice choice;
  for (const Topic& topic : selection.topics) {
    for (const Topic::Pick& pick : topic.picks) {
      choice.picks.push_back({choice.keywords.size(), offered[pick.number - 1].row, pick.reason});
    }
    choice.keywords.push_back(topic.span);
  }
  return choice;
}

}  // namespace

/// The model's picks in its order; what only the judges propose is left to show.
void Composition::put_first(const std::vector<ModelPick>& picks) {
  std::vector<Proposal> list;
  for (const ModelPick& pick : picks) {
    const auto known = std::find_if(
        proposals_.list.begin(), proposals_.list.end(),
        [&](const Proposal& each) { return each.keyword == pick.keyword && each.row == pick.row; });
    Proposal proposal;
    if (known != proposals_.list.end()) {
      proposal = std::move(*known);
      proposals_.list.erase(known);
    }
    proposal.keyword = pick.keyword;
    proposal.row = pick.row;
    proposal.sure_enough = true;
    proposal.reason = pick.reason;
    list.push_back(std::move(proposal));
  }
  for (Proposal& proposal : proposals_.list) {
    proposal.sure_enough = false;
    list.push_back(std::move(proposal));
  }
  proposals_.list = std::move(list);
}

std::string Composition::why_not(Decision::Outcome outcome) const {
  return choice_ != nullptr && outcome == Decision::Outcome::kUnsure
             ? "the language model did not choose it"
             : reason_of(outcome, limits_);
}

Plan Composer::plan_with_model(std::string_view prompt, const ComposeOptions& options,
                               chat::Client& client, const LlmOptions& llm) const {
  require(llm.candidates >= 1 && llm.candidates <= 1000, ErrorCode::kInvalidArgument,
          "the language model is offered ", llm.candidates, " adapters, expected 1 to 1000");
  Plan local = plan(prompt, options);  // checks prompt and options, and stands if the model fails
  const PromptReading reading = read_prompt(prompt);
  SearchOptions search;
  search.k = llm.candidates;
  const std::string searchable = collapse_blanks(reading.searchable);
  std::vector<catalog::Adapter> offered;
  if (!searchable.empty() && options.max_adapters > 0) {
    const catalog::CompiledFilter& filter = state_->compile(options.filter).compiled;
    for (const SearchHit& hit :
         search_prompt(state_->retriever, state_->encoder, searchable, filter, search)) {
      catalog::Adapter adapter = state_->shelf.get(hit.row);
      // A character whose clothes the prompt mentions is not one that it names.
      if (!filter.only_if_named.contains(hit.row) ||
          (hit.named && is_name_of(*hit.named, adapter))) {
        offered.push_back(std::move(adapter));
      }
    }
  }
  if (offered.empty()) {
    return local;
  }
  try {
    Conversation conversation(client, first_question(prompt, offered, options, llm), prompt,
                              reading, offered.size());
    const ModelChoice choice = choice_of(conversation.choose(llm.second_turn), offered);
    Plan plan = Composition(*state_, prompt, options, &choice).plan();
    plan.composer_kind = "llm";
    plan.composer_options_json = options_to_json(options, llm, client.model());
    return plan;
  } catch (const Error& error) {
    // A replay that lacks the request must not look like a plan; nor may a full disk be hidden.
    if (error.code() == ErrorCode::kNotFound || error.code() == ErrorCode::kIo) {
      throw;
    }
    local.warnings.push_back("chosen without the language model, because it failed: " +
                             repair_utf8(error.what()));
    return local;
  }
}

}  // namespace stylus::composer
