#include "catalog/lint.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <set>
#include <unordered_map>

#include "catalog/categories.h"
#include "catalog/civitai.h"
#include "catalog/entry.h"
#include "catalog/impl.h"
#include "catalog/lint_files.h"
#include "catalog/maintenance.h"
#include "catalog/refinement.h"
#include "catalog/weight_text.h"
#include "catalog/words.h"
#include "support/text.h"

namespace stylus::catalog {
namespace {

/// Triggers that come with nearly every prompt, whatever the adapter.
bool is_quality_word(const std::string& word) {
  static const std::set<std::string, std::less<>> words = {"1girl",
                                                           "1boy",
                                                           "2girls",
                                                           "solo",
                                                           "girl",
                                                           "boy",
                                                           "woman",
                                                           "man",
                                                           "masterpiece",
                                                           "best quality",
                                                           "high quality",
                                                           "highres",
                                                           "absurdres",
                                                           "highly detailed",
                                                           "detailed",
                                                           "anime",
                                                           "realistic",
                                                           "photo",
                                                           "looking at viewer",
                                                           "simple background",
                                                           "white background",
                                                           "style",
                                                           "lora"};
  return words.find(word) != words.end();
}

/// A card's trigger entries as single words or phrases, lower case.
std::vector<std::string> trigger_phrases(const std::vector<std::string>& triggers) {
  std::vector<std::string> phrases;
  for (const std::string& entry : triggers) {
    for (const std::string& phrase : split_list(entry, ',')) {
      phrases.push_back(to_lower(phrase));
    }
  }
  return phrases;
}

/// How many adapters each trigger phrase fires for.
std::unordered_map<std::string, std::int64_t> trigger_counts(Database& database) {
  std::unordered_map<std::string, std::int64_t> counts;
  Database::Query query = database.query("SELECT triggers FROM document");
  while (query->step()) {
    std::vector<std::string> phrases = trigger_phrases(unpack_list(query->text(0)));
    std::sort(phrases.begin(), phrases.end());
    phrases.erase(std::unique(phrases.begin(), phrases.end()), phrases.end());
    for (std::string& phrase : phrases) {
      ++counts[std::move(phrase)];
    }
  }
  return counts;
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

/// A phrase of at most `words` words in quotes.
std::string in_quotes(std::string_view text) {
  std::string out = "'";
  out += truncate_utf8(text, 80);
  return out + "'";
}

/// What the card's tags and what its texts say that it paints, where both say something.
bool categories_clash(const std::vector<std::string>& by_tags,
                      const std::vector<std::string>& by_text) {
  // A style of clothing or a character in a costume is both; these never go together.
  static constexpr std::array<std::array<std::string_view, 2>, 5> kClash = {{
      {"character", "building"},
      {"character", "vehicle"},
      {"character", "background"},
      {"style", "pose"},
      {"style", "character"},
  }};
  if (by_tags.size() != 1 || by_text.size() != 1) {
    return false;
  }
  return std::any_of(kClash.begin(), kClash.end(), [&](const auto& pair) {
    return (by_tags[0] == pair[0] && by_text[0] == pair[1]) ||
           (by_tags[0] == pair[1] && by_text[0] == pair[0]);
  });
}

/// Families that a title names: "Harbour (SDXL)".
std::string base_in_title(const std::string& name) {
  static const std::array<std::pair<PhraseList, std::string_view>, 4> kNames = {{
      {{"sdxl", "xl", "pony", "illustrious", "noobai"}, "sdxl"},
      {{"flux", "flux1", "flux 1"}, "flux1"},
      {{"sd3", "sd 3", "sd3.5"}, "sd3"},
      {{"sd15", "sd1 5", "sd 1 5"}, "sd15"},
  }};
  const std::vector<std::string> words = words_of(name, 40);
  for (const auto& [list, base] : kNames) {
    if (list.matches(words)) {
      return std::string(base);
    }
  }
  return "";
}

class Linter {
 public:
  Linter(const Catalog& catalog, const LintOptions& options)
      : catalog_(catalog),
        database_(catalog.impl().database),
        options_(options),
        counts_(trigger_counts(database_)) {}

  std::vector<LintFinding> run() {
    const AdapterRow last = catalog_.max_row();
    for (row_ = 1; row_ <= last; ++row_) {
      if (options_.progress && row_ % 200 == 1) {
        options_.progress(
            {"reading cards", static_cast<std::size_t>(row_), static_cast<std::size_t>(last), ""});
      }
      check(unrefined(catalog_, row_), read_entry(database_, row_));
    }
    add_duplicates();
    if (options_.files) {
      for (LintFinding& finding : lint_files(catalog_, options_.progress)) {
        findings_.push_back(std::move(finding));
      }
    }
    std::stable_sort(findings_.begin(), findings_.end(),
                     [](const LintFinding& a, const LintFinding& b) {
                       return a.row != b.row ? a.row < b.row : a.rule < b.rule;
                     });
    return std::move(findings_);
  }

 private:
  void add(LintRule rule, std::string message) {
    findings_.push_back({rule, row_, std::move(message)});
  }

  void check(const Adapter& adapter, const Entry& entry) {
    if (adapter.description.empty()) {
      add(LintRule::kNoDescription, "it has no description: search knows only its name and tags");
    }
    check_triggers(effective_triggers(adapter));
    check_bases(entry.card.bases, entry.facts.tensor_bases, adapter.name);
    check_weight(adapter);
    check_tags(adapter);
    check_places(adapter);
    if (effective_rating(adapter) == Rating::kUnrated) {
      add(LintRule::kUnrated, "nobody rated it, so it is left out by default");
    }
  }

  void check_triggers(const std::vector<std::string>& triggers) {
    const std::vector<std::string> phrases = trigger_phrases(triggers);
    if (phrases.empty()) {
      add(LintRule::kNoTrigger, "it names no trigger words");
      return;
    }
    std::string generic;
    for (const std::string& phrase : phrases) {
      const std::int64_t count = counts_[phrase];
      if (is_quality_word(phrase)) {
        generic += (generic.empty() ? "'" : ", '") + phrase + "' means nothing special";
      } else if (count >= options_.generic_from) {
        generic += (generic.empty() ? "'" : ", '") + phrase + "' fires for " +
                   std::to_string(count) + " adapters";
      } else {
        return;  // One specific trigger is enough.
      }
    }
    add(LintRule::kGenericTrigger, "trigger " + generic);
  }

  void check_bases(const std::vector<std::string>& card, const std::vector<std::string>& tensors,
                   const std::string& name) {
    if (card.empty() && tensors.empty()) {
      add(LintRule::kNoBase, "its base model is not known, so no base filter lets it through");
    }
    const bool agree = card.empty() || tensors.empty() ||
                       std::any_of(card.begin(), card.end(), [&](const std::string& base) {
                         return std::find(tensors.begin(), tensors.end(), base) != tensors.end();
                       });
    if (!agree) {
      add(LintRule::kBaseContradiction,
          "the card says " + join(card, ", ") + ", the tensors fit " + join(tensors, ", "));
    }
    const std::string in_title = base_in_title(name);
    const bool close = std::any_of(card.begin(), card.end(), [&](const std::string& base) {
      return base == in_title || (in_title == "sdxl" && base.starts_with("sdxl")) ||
             base == "pony" || base == "illustrious" || base == "noobai" ||
             base.substr(0, 4) == in_title.substr(0, 4);
    });
    if (!in_title.empty() && !card.empty() && !close) {
      add(LintRule::kTextContradiction, "its name " + in_quotes(name) + " speaks of " + in_title +
                                            ", the card says " + join(card, ", "));
    }
  }

  /// The weight in force against what the text and the example prompts say.
  void check_weight(const Adapter& adapter) {
    const double weight = effective_weight(adapter);
    if (!is_plausible_weight(weight)) {
      add(LintRule::kWeightOutOfRange,
          "its weight is " + short_number(weight) + ", expected within [-2, 2]");
    }
    const std::string whose = adapter.overlay.weight ? "your weight" : "the weight";
    const bool by_prompts = adapter.advice.source == WeightSource::kExamplePrompts;
    if (adapter.overlay.weight && by_prompts &&
        std::abs(weight - adapter.advice.weight) > options_.weight_tolerance) {
      add(LintRule::kWeightContradiction, whose + " " + short_number(weight) + ", the median of " +
                                              std::to_string(adapter.advice.count) +
                                              " example prompts " +
                                              short_number(adapter.advice.weight));
      return;
    }
    const std::optional<TextWeight> text = weight_from_text(adapter.description);
    if (text && (by_prompts || adapter.overlay.weight) &&
        (weight < text->low - options_.weight_tolerance ||
         weight > text->high + options_.weight_tolerance)) {
      const std::string range = text->low < text->high
                                    ? short_number(text->low) + " to " + short_number(text->high)
                                    : short_number(text->weight);
      add(LintRule::kWeightContradiction,
          whose + (by_prompts && !adapter.overlay.weight ? " of its example prompts is " : " is ") +
              short_number(weight) + ", the card says " + range + " (" + in_quotes(text->evidence) +
              ")");
    }
  }

  void check_tags(const Adapter& adapter) {
    const std::vector<std::string> by_tags = categories_of("", adapter.tags, {}, "");
    const std::vector<std::string> by_text = categories_of(adapter.name, {}, {}, "");
    if (categories_clash(by_tags, by_text)) {
      add(LintRule::kTextContradiction, "its tags make it a " + by_tags[0] + ", its name " +
                                            in_quotes(adapter.name) + " a " + by_text[0]);
    }
  }

  void check_places(const Adapter& adapter) {
    std::vector<std::string> gone;
    for (const Place& place : adapter.places) {
      if (place.missing) {
        gone.push_back(place.path);
      }
    }
    if (!gone.empty()) {
      add(LintRule::kMissingFile, "a file is gone: " + join(gone, ", "));
    }
  }

  void add_duplicates() {
    for (const DuplicateGroup& group : duplicates(catalog_)) {
      const std::string first = catalog_.get(group.rows.front()).id;
      for (std::size_t i = 1; i < group.rows.size(); ++i) {
        row_ = group.rows[i];
        add(LintRule::kDuplicate, "likely the same as " + first + " (" + group.evidence + ")");
      }
    }
  }

  const Catalog& catalog_;
  Database& database_;
  const LintOptions& options_;
  std::unordered_map<std::string, std::int64_t> counts_;
  AdapterRow row_ = 0;
  std::vector<LintFinding> findings_;
};

constexpr std::array<std::string_view, 13> kRuleNames = {"no_description",
                                                         "no_trigger",
                                                         "generic_trigger",
                                                         "base_contradiction",
                                                         "no_base",
                                                         "weight_out_of_range",
                                                         "weight_contradiction",
                                                         "text_contradiction",
                                                         "missing_file",
                                                         "broken_file",
                                                         "unrated",
                                                         "duplicate",
                                                         "same_direction"};

}  // namespace

std::string_view lint_rule_name(LintRule rule) {
  return kRuleNames[static_cast<std::size_t>(rule)];
}

std::vector<LintFinding> lint(const Catalog& catalog, const LintOptions& options) {
  return Linter(catalog, options).run();
}

}  // namespace stylus::catalog
