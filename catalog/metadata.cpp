// What trainers write into the header of an adapter file.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "catalog/civitai.h"
#include "catalog/html.h"
#include "catalog/json_fields.h"
#include "catalog/safety.h"
#include "catalog/sidecars.h"
#include "support/error.h"
#include "support/json.h"
#include "support/text.h"

namespace stylus::catalog {
namespace {

using nlohmann::json;
using Metadata = std::map<std::string, std::string>;

constexpr std::size_t kTagFrequencyBytes = std::size_t{4} << 20U;
constexpr std::size_t kTopTags = 8;
constexpr std::size_t kMeanTagLength = 16;  ///< Longer "tags" are captions.

std::string value_of(const Metadata& metadata, const char* key, std::size_t limit_bytes) {
  const auto found = metadata.find(key);
  // Trainers write the text "None" for what they do not know.
  return found == metadata.end() || found->second == "None"
             ? ""
             : clean_text(found->second, limit_bytes);
}

/// Tags that nearly every training set holds, which say nothing of this one.
bool is_common_tag(const std::string& tag) {
  static const std::set<std::string, std::less<>> common = {"1girl",
                                                            "1boy",
                                                            "solo",
                                                            "looking at viewer",
                                                            "simple background",
                                                            "smile",
                                                            "blush",
                                                            "open mouth",
                                                            "long hair",
                                                            "short hair",
                                                            "breasts",
                                                            "masterpiece",
                                                            "best quality",
                                                            "highres",
                                                            "white background",
                                                            "upper body",
                                                            "standing",
                                                            "full body",
                                                            "bangs",
                                                            "closed mouth"};
  return common.find(tag) != common.end();
}

/// "10_ukiyoe style" -> "ukiyoe style": folders of kohya's training sets are called so.
std::string concept_of_folder(std::string_view folder) {
  const std::size_t digits = folder.find_first_not_of("0123456789");
  if (digits == folder.npos || digits == 0 || folder[digits] != '_') {
    return "";
  }
  std::string words = clean_line(folder.substr(digits + 1), kMaxNameBytes);
  static const std::set<std::string, std::less<>> empty = {
      "img", "image", "images", "data", "dataset", "train", "lora", "style", "concept", "input"};
  return empty.find(to_lower(words)) == empty.end() ? words : "";
}

/// Counts of all training tags and the concept words of the largest folder.
void read_tag_frequency(const std::string& text, Card& card) {
  json folders;
  try {
    folders =
        parse_json(text, "ss_tag_frequency", {.max_bytes = kTagFrequencyBytes, .max_depth = 4});
  } catch (const Error&) {
    return;  // Damaged training notes are silence.
  }
  if (!folders.is_object()) {
    return;
  }
  std::map<std::string, double> counts;
  double largest = -1;
  std::string concept_words;
  std::size_t tag_bytes = 0;
  for (const auto& [folder, tags] : folders.items()) {
    double total = 0;
    for (const auto& [tag, count] : tags.items()) {
      const double number = count.is_number() ? count.get<double>() : 0;
      const std::string clean = clean_line(tag, kMaxNameBytes);
      total += number;
      if (!clean.empty() && counts.try_emplace(clean, 0).second) {
        tag_bytes += clean.size();
      }
      counts[clean] += number;
    }
    if (total > largest) {
      largest = total;
      concept_words = concept_of_folder(folder);
    }
  }
  counts.erase("");
  if (card.triggers.empty() && !concept_words.empty()) {
    card.triggers.push_back(concept_words);
  }
  if (counts.empty() || tag_bytes / counts.size() >= kMeanTagLength || !card.tags.empty()) {
    return;
  }
  std::vector<std::pair<std::string, double>> ranked(counts.begin(), counts.end());
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  for (const auto& [tag, count] : ranked) {
    if (card.tags.size() < kTopTags && !is_common_tag(to_lower(tag))) {
      card.tags.push_back(tag);
    }
  }
}

}  // namespace

Card card_of_metadata(const Metadata& metadata) {
  Card card;
  card.name = clean_line(value_of(metadata, "modelspec.title", kMaxNameBytes), kMaxNameBytes);
  if (card.name.empty()) {
    card.name = clean_line(value_of(metadata, "ss_output_name", kMaxNameBytes), kMaxNameBytes);
  }
  card.description =
      html_to_text(value_of(metadata, "modelspec.description", kMaxDescriptionBytes));
  for (const char* key : {"modelspec.architecture", "ss_base_model_version", "ss_base_model"}) {
    add_base(value_of(metadata, key, kMaxNameBytes), card.bases);
  }
  card.licence.name =
      clean_line(value_of(metadata, "modelspec.license", kMaxNameBytes), kMaxNameBytes);
  const std::string phrase = value_of(metadata, "modelspec.trigger_phrase", kMaxItemBytes);
  if (!phrase.empty()) {
    card.triggers.push_back(phrase);
  }
  for (std::string& tag : split_list(value_of(metadata, "modelspec.tags", kMaxItemBytes), ',')) {
    card.tags.push_back(clean_line(tag, kMaxNameBytes));
  }
  const auto frequency = metadata.find("ss_tag_frequency");
  if (frequency != metadata.end()) {
    read_tag_frequency(frequency->second, card);
  }
  // What a trainer wrote says nothing of safety, but adult words still do.
  card.rating = rating_of({}, card.name, card.tags, card.triggers);
  card.real_person = shows_real_person({}, card.name, card.tags);
  read_weight_from_texts(card, value_of(metadata, "modelspec.usage_hint", kMaxItemBytes));
  return card;
}

}  // namespace stylus::catalog
