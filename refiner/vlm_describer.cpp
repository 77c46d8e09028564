#include "refiner/vlm_describer.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "catalog/categories.h"
#include "support/error.h"
#include "support/text.h"

namespace stylus::refiner {
namespace {

constexpr int kMostFailuresInARow = 10;

VlmCard card_of(const catalog::Adapter& adapter) {
  VlmCard card;
  card.name = adapter.name;
  card.tags = adapter.tags;
  card.triggers = adapter.triggers;
  card.description = adapter.description;
  card.example_prompts = adapter.example_prompts;
  card.pictures.assign(adapter.previews.begin(), adapter.previews.end());
  return card;
}

/// The model's categories, and those of the card that it must not lose by talking.
std::vector<std::string> guarded(const std::vector<std::string>& said,
                                 const std::vector<std::string>& of_card) {
  const auto holds = [](const std::vector<std::string>& list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  std::vector<std::string> categories;
  for (const std::string_view name : catalog::category_names()) {
    const bool kept = (name == "character" || name == "celebrity") && holds(of_card, name);
    if (kept || holds(said, name)) {
      categories.emplace_back(name);
    }
  }
  return categories;
}

class VlmDescriber : public Describer {
 public:
  VlmDescriber(chat::Client& client, const VlmOptions& options)
      : client_(client), options_(options) {}

  [[nodiscard]] std::string model() const override { return client_.model(); }
  [[nodiscard]] std::string prompt_version() const override {
    return std::to_string(kVlmPromptVersion);
  }

  [[nodiscard]] Described describe(const catalog::Adapter& adapter,
                                   const catalog::Refinement& by_rules) override {
    VlmOptions options = options_;
    if (text_only_) {
      options.max_pictures = 0;
    }
    VlmResult result = describe_with_vlm(client_, card_of(adapter), options);
    end_if_hopeless(result);
    text_only_ = text_only_ || result.pictures_refused;
    Described described;
    described.reply.model = model();
    described.reply.prompt_version = prompt_version();
    described.reply.outcome = outcome_name(result.outcome);
    described.reply.text = result.raw_reply.empty() ? result.reason : result.raw_reply;
    described.reply.requests = result.pictures_refused ? 2 : 1;
    described.reply.input_tokens = result.usage.prompt_tokens;
    described.reply.output_tokens = result.usage.reply_tokens;
    described.reply.pictures = result.pictures_sent;
    if (result.description) {
      described.refinement = refinement_of(*std::move(result.description), adapter, by_rules);
    }
    return described;
  }

 private:
  /// A wrong key, URL or model fails for every adapter alike; one card that is too long does not.
  void end_if_hopeless(const VlmResult& result) {
    if (!result.transport_error) {
      failures_in_a_row_ = 0;
      return;
    }
    require(*result.transport_error != ErrorCode::kUnavailable, ErrorCode::kUnavailable,
            result.reason);
    require(++failures_in_a_row_ < kMostFailuresInARow, ErrorCode::kUnavailable, result.reason,
            "; so it went for ", kMostFailuresInARow, " adapters in a row");
  }

  [[nodiscard]] catalog::Refinement refinement_of(VlmDescription description,
                                                  const catalog::Adapter& adapter,
                                                  const catalog::Refinement& by_rules) const {
    catalog::Refinement refinement = by_rules;
    refinement.author = model() + "/" + prompt_version();
    refinement.summary = std::move(description.summary);
    refinement.shows = std::move(description.description);
    refinement.categories = guarded(description.categories, adapter.categories);
    if (!description.trigger_groups.empty()) {
      refinement.triggers.clear();
      for (std::vector<std::string>& phrases : description.trigger_groups) {
        catalog::TriggerGroup group;
        group.phrases = std::move(phrases);
        refinement.triggers.push_back(std::move(group));
      }
    }
    if (adapter.advice.source == catalog::WeightSource::kDefault && description.weight) {
      refinement.weight = description.weight;
      refinement.weight_low = refinement.weight_high = *description.weight;
      refinement.weight_evidence = "read from the card by " + model();
    }
    return refinement;
  }

  chat::Client& client_;
  VlmOptions options_;
  std::atomic<bool> text_only_ = false;
  std::atomic<int> failures_in_a_row_ = 0;
};

}  // namespace

std::unique_ptr<Describer> make_vlm_describer(chat::Client& client, const VlmOptions& options) {
  return std::make_unique<VlmDescriber>(client, options);
}

}  // namespace stylus::refiner
