#include "evaluator/keyword_presence.h"

#include <algorithm>
#include <map>
#include <set>

#include "composer/plan.h"
#include "support/error.h"
#include "support/hash.h"
#include "support/text.h"

namespace stylus::evaluator {
namespace {

/// Lower-case words of three letters and more; bytes beyond ASCII count as letters.
std::set<std::string> words_of(std::string_view text) {
  std::set<std::string> words;
  std::string word;
  const auto finish = [&] {
    if (word.size() >= 3) {
      words.insert(word);
    }
    word.clear();
  };
  for (const char letter : to_lower(text)) {
    const auto byte = static_cast<unsigned char>(letter);
    if ((letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || byte >= 0x80) {
      word += letter;
    } else {
      finish();
    }
  }
  finish();
  return words;
}

bool share_a_word(const std::set<std::string>& a, const std::set<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& word) { return b.contains(word); });
}

/// Methods whose plans may name keywords, reference plans first.
std::vector<std::string> methods_in_order(const Manifest& manifest) {
  std::vector<std::string> names;
  for (const bool wants_reference : {true, false}) {
    for (const Method& method : manifest.methods) {
      if ((method.kind == MethodKind::kPlans) == wants_reference) {
        names.push_back(method.name);
      }
    }
  }
  return names;
}

}  // namespace

RunKeywords keywords_of_run(const Manifest& manifest, const std::vector<StoredPlan>& plans) {
  std::map<std::pair<std::string, std::string>, const StoredPlan*> by_place;
  for (const StoredPlan& plan : plans) {
    if (plan.error.empty() && plan.model == manifest.models.front()) {
      by_place[{plan.method, plan.prompt}] = &plan;
    }
  }
  RunKeywords result;
  std::map<std::string, std::size_t> numbers;  // of lower-case texts
  const std::vector<std::string> methods = methods_in_order(manifest);
  for (const RunPrompt& prompt : manifest.prompts) {
    std::vector<std::size_t> own;
    for (auto method = methods.begin(); method != methods.end() && own.empty(); ++method) {
      const auto found = by_place.find({*method, prompt.id});
      if (found == by_place.end()) {
        continue;
      }
      for (const composer::Keyword& keyword :
           composer::plan_from_json(found->second->plan, "a stored plan").keywords) {
        if (keyword.text.empty()) {
          continue;
        }
        const auto [place, is_new] = numbers.emplace(to_lower(keyword.text), result.texts.size());
        if (is_new) {
          result.texts.push_back(keyword.text);
        }
        if (std::find(own.begin(), own.end(), place->second) == own.end()) {
          own.push_back(place->second);
        }
      }
    }
    result.of_prompt.push_back(std::move(own));
  }
  return result;
}

PresenceMeter::PresenceMeter(const Manifest& manifest, const RunKeywords& keywords,
                             const Rows& keyword_rows)
    : keywords_(keywords), rows_(keyword_rows), distractors_(keywords.of_prompt.size()) {
  require(keyword_rows.rows == keywords.texts.size(), ErrorCode::kInvalidArgument, "there are ",
          keywords.texts.size(), " keywords and ", keyword_rows.rows, " feature rows of them");
  std::vector<std::set<std::string>> words;
  for (const std::string& text : keywords.texts) {
    words.push_back(words_of(text));
  }
  // One shuffled order for all prompts: each takes the first that fit it.
  std::vector<std::pair<std::string, std::size_t>> order;
  for (std::size_t i = 0; i < keywords.texts.size(); ++i) {
    order.emplace_back(
        sha256_hex("distractor\n" + std::to_string(manifest.run_seed) + "\n" + keywords.texts[i]),
        i);
  }
  std::sort(order.begin(), order.end());
  for (std::size_t prompt = 0; prompt < distractors_.size(); ++prompt) {
    const std::vector<std::size_t>& own = keywords.of_prompt[prompt];
    if (own.empty()) {
      continue;
    }
    const std::set<std::string> prompt_words = words_of(manifest.prompts[prompt].text);
    for (const auto& [hash, number] : order) {
      if (distractors_[prompt].size() == kMostDistractors) {
        break;
      }
      if (std::find(own.begin(), own.end(), number) == own.end() &&
          !share_a_word(words[number], prompt_words)) {
        distractors_[prompt].push_back(number);
      }
    }
  }
}

bool PresenceMeter::measures(std::size_t prompt) const {
  return distractors_.at(prompt).size() >= kFewestDistractors;
}

Presence PresenceMeter::of_picture(std::size_t prompt, std::span<const float> picture,
                                   std::span<const double> mean) const {
  std::vector<double> centred(picture.size());
  for (std::size_t i = 0; i < picture.size(); ++i) {
    centred[i] = static_cast<double>(picture[i]) - mean[i];
  }
  const auto score = [&](std::size_t keyword) {
    const std::span<const float> text = rows_.row(keyword);
    double sum = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      sum += static_cast<double>(text[i]) * centred[i];
    }
    return sum;
  };
  std::vector<double> others;
  for (const std::size_t distractor : distractors_.at(prompt)) {
    others.push_back(score(distractor));
  }
  std::sort(others.begin(), others.end());
  Presence result;
  const std::vector<std::size_t>& own = keywords_.of_prompt[prompt];
  for (const std::size_t keyword : own) {
    const auto [first, last] = std::equal_range(others.begin(), others.end(), score(keyword));
    const double beaten =
        static_cast<double>(first - others.begin()) + static_cast<double>(last - first) / 2;
    const double rank = beaten / static_cast<double>(others.size());
    result.rank += rank / static_cast<double>(own.size());
    result.shown += (rank >= kShownRank ? 1.0 : 0.0) / static_cast<double>(own.size());
  }
  return result;
}

}  // namespace stylus::evaluator
