#include "catalog/maintenance.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "catalog/categories.h"
#include "catalog/civitai.h"
#include "catalog/entry.h"
#include "catalog/impl.h"
#include "support/text.h"

namespace stylus::catalog {
namespace {

std::vector<Count> most_frequent_first(const std::map<std::string, std::int64_t>& counts) {
  std::vector<Count> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Count& a, const Count& b) { return a.second > b.second; });
  return sorted;
}

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
std::vector<std::string> trigger_phrases(std::string_view packed) {
  std::vector<std::string> phrases;
  for (const std::string& entry : unpack_list(packed)) {
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
    std::vector<std::string> phrases = trigger_phrases(query->text(0));
    std::sort(phrases.begin(), phrases.end());
    phrases.erase(std::unique(phrases.begin(), phrases.end()), phrases.end());
    for (std::string& phrase : phrases) {
      ++counts[std::move(phrase)];
    }
  }
  return counts;
}

class Linter {
 public:
  Linter(const Catalog& catalog, const LintOptions& options)
      : catalog_(catalog),
        database_(catalog.impl().database),
        options_(options),
        counts_(trigger_counts(database_)) {}

  std::vector<LintFinding> run() {
    Database::Query query = database_.query(
        "SELECT a.row, d.description = '', d.triggers, a.bases, a.tensor_bases, a.flags, "
        "coalesce(o.weight, a.weight), (SELECT group_concat(path, ', ') FROM place p "
        "WHERE p.row = a.row AND p.missing = 1) FROM adapter a JOIN document d USING (row) "
        "LEFT JOIN overlay o USING (row) ORDER BY a.row");
    while (query->step()) {
      row_ = query->integer(0);
      if (query->integer(1) != 0) {
        add(LintRule::kNoDescription, "it has no description: search knows only its name and tags");
      }
      check_triggers(query->text(2));
      check_bases(unpack_list(query->text(3)), unpack_list(query->text(4)));
      const std::int64_t flags = query->integer(5);
      if (!is_plausible_weight(query->real(6))) {
        add(LintRule::kWeightOutOfRange,
            "its weight is " + std::to_string(query->real(6)) + ", expected within [-2, 2]");
      }
      if (!query->is_null(7)) {
        add(LintRule::kMissingFile, "a file is gone: " + std::string(query->text(7)));
      }
      if ((flags & facet::kRatingMask) == static_cast<std::int64_t>(Rating::kUnrated)) {
        add(LintRule::kUnrated, "nobody rated it, so it is left out by default");
      }
    }
    add_duplicates();
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

  void check_triggers(std::string_view packed) {
    const std::vector<std::string> phrases = trigger_phrases(packed);
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

  void check_bases(const std::vector<std::string>& card, const std::vector<std::string>& tensors) {
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

}  // namespace

CatalogStats stats(const Catalog& catalog) {
  CatalogStats result;
  result.revision = catalog.revision();
  std::map<std::string, std::int64_t> bases;
  std::map<std::string, std::int64_t> categories;
  std::map<std::string, std::int64_t> kinds;
  std::vector<std::int64_t> ratings(3);
  std::vector<std::int64_t> weights(4);
  Database::Query query = catalog.impl().database.query(
      "SELECT a.flags, a.bases, a.tensor_bases, a.categories, a.kind, a.weight_source, "
      "d.description = '', d.triggers = '', coalesce(o.favourite, 0), o.weight IS NOT NULL, "
      "EXISTS (SELECT 1 FROM place p WHERE p.row = a.row) FROM adapter a "
      "JOIN document d USING (row) LEFT JOIN overlay o USING (row)");
  while (query->step()) {
    const std::int64_t flags = query->integer(0);
    const bool installed = (flags & facet::kInstalled) != 0;
    ++result.adapters;
    result.installed += installed ? 1 : 0;
    result.missing += !installed && query->integer(10) != 0 ? 1 : 0;
    result.blocked += (flags & facet::kBlocked) != 0 ? 1 : 0;
    result.real_persons += (flags & facet::kRealPerson) != 0 ? 1 : 0;
    result.without_description += query->integer(6);
    result.without_triggers += query->integer(7);
    result.favourites += query->integer(8);
    ++ratings[static_cast<std::size_t>(std::min<std::int64_t>(flags & facet::kRatingMask, 2))];
    const std::int64_t source = query->integer(9) != 0 ? 0 : query->integer(5);
    ++weights[static_cast<std::size_t>(std::clamp<std::int64_t>(source, 0, 3))];
    ++kinds[std::string(query->text(4))];
    std::vector<std::string> slugs = unpack_list(query->text(1));
    slugs = slugs.empty() ? unpack_list(query->text(2)) : slugs;
    for (const std::string& slug : slugs.empty() ? std::vector<std::string>{""} : slugs) {
      ++bases[slug];
    }
    const std::vector<std::string> names = unpack_list(query->text(3));
    for (const std::string& name : names.empty() ? std::vector<std::string>{""} : names) {
      ++categories[name];
    }
  }
  result.bases = most_frequent_first(bases);
  result.kinds = most_frequent_first(kinds);
  for (const std::string_view name : category_names()) {
    result.categories.emplace_back(name, categories[std::string(name)]);
  }
  result.categories.emplace_back("", categories[""]);
  result.ratings = {{"safe", ratings[0]}, {"adult", ratings[1]}, {"unrated", ratings[2]}};
  result.weights = {{"user", weights[0]},
                    {"example_prompts", weights[1]},
                    {"card", weights[2]},
                    {"default", weights[3]}};
  return result;
}

std::string_view lint_rule_name(LintRule rule) {
  switch (rule) {
    case LintRule::kNoDescription:
      return "no_description";
    case LintRule::kNoTrigger:
      return "no_trigger";
    case LintRule::kGenericTrigger:
      return "generic_trigger";
    case LintRule::kBaseContradiction:
      return "base_contradiction";
    case LintRule::kNoBase:
      return "no_base";
    case LintRule::kWeightOutOfRange:
      return "weight_out_of_range";
    case LintRule::kMissingFile:
      return "missing_file";
    case LintRule::kUnrated:
      return "unrated";
    case LintRule::kDuplicate:
      return "duplicate";
  }
  return "unknown";
}

std::vector<LintFinding> lint(const Catalog& catalog, const LintOptions& options) {
  return Linter(catalog, options).run();
}

}  // namespace stylus::catalog
