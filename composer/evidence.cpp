#include "composer/evidence.h"

#include <cstdio>
#include <set>
#include <string>

#include "composer/common_words.h"
#include "retriever/terms.h"
#include "support/text.h"

namespace stylus::composer {
namespace {

constexpr std::size_t kLongestMatch = 80;
constexpr std::size_t kDescriptionBytes = 4096;

using Stems = std::set<std::string>;

/// The words of a query that tell something; all of them if none does.
Stems telling_stems(std::string_view query) {
  Stems telling;
  Stems all;
  for (retriever::Term& term : retriever::terms_of(query)) {
    if (word_value(term.stem) >= 0.5) {
      telling.insert(term.stem);
    }
    all.insert(std::move(term.stem));
  }
  return telling.empty() ? all : telling;
}

std::size_t shared_words(const Stems& query, std::string_view text) {
  std::set<std::string> shared;
  for (const retriever::Term& term : retriever::terms_of(text)) {
    if (query.count(term.stem) != 0) {
      shared.insert(term.stem);
    }
  }
  return shared.size();
}

/// The entry that shares most words with the query; empty if none shares any.
std::string best_entry(const Stems& query, const std::vector<std::string>& entries) {
  std::string best;
  std::size_t most = 0;
  for (const std::string& entry : entries) {
    for (const std::string& piece : split_list(entry, ',')) {
      if (const std::size_t shared = shared_words(query, piece); shared > most) {
        most = shared;
        best = piece;
      }
    }
  }
  return best;
}

/// The first word of the description that the query shares, as it stands there.
std::string word_in(const Stems& query, std::string_view text) {
  for (const retriever::Term& term : retriever::terms_of(text)) {
    if (query.count(term.stem) != 0) {
      return std::string(text.substr(term.begin, term.end - term.begin));
    }
  }
  return "";
}

}  // namespace

std::vector<Evidence> evidence_for(std::string_view query, const catalog::Adapter& adapter,
                                   const retriever::NamedAdapter* named, double cosine) {
  std::vector<Evidence> evidence;
  const auto add = [&](const char* field, const std::string& match) {
    for (const Evidence& known : evidence) {
      if (known.field == field) {
        return;
      }
    }
    if (!match.empty()) {
      evidence.push_back({field, std::string(truncate_utf8(match, kLongestMatch))});
    }
  };
  if (named != nullptr) {
    add(named->field == "trigger" ? "trigger" : "name", named->phrase);
  }
  const Stems stems = telling_stems(query);
  if (shared_words(stems, adapter.name) > 0) {
    add("name", adapter.name);
  }
  add("tags", best_entry(stems, adapter.tags));
  add("trigger", best_entry(stems, catalog::effective_triggers(adapter)));
  if (evidence.empty()) {
    add("description", word_in(stems, truncate_utf8(adapter.description, kDescriptionBytes)));
  }
  if (evidence.empty()) {
    char text[32];
    std::snprintf(text, sizeof text, "cosine %.2f", cosine);
    add("meaning", text);
  }
  return evidence;
}

std::set<std::string> shared_stems(std::string_view query, const catalog::Adapter& adapter) {
  const Stems stems = telling_stems(query);
  Stems shared;
  const auto look_into = [&](std::string_view text) {
    for (retriever::Term& term : retriever::terms_of(text)) {
      if (stems.count(term.stem) != 0) {
        shared.insert(std::move(term.stem));
      }
    }
  };
  look_into(adapter.name);
  for (const std::string& tag : adapter.tags) {
    look_into(tag);
  }
  for (const std::string& trigger : catalog::effective_triggers(adapter)) {
    look_into(trigger);
  }
  return shared;
}

}  // namespace stylus::composer
