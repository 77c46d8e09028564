#include "catalog/categories.h"

#include <algorithm>
#include <array>
#include <bitset>

#include "catalog/words.h"

namespace stylus::catalog {
namespace {

constexpr std::array<std::string_view, 13> kNames = {
    "character", "style",  "concept", "clothing",  "pose",   "background", "building",
    "vehicle",   "animal", "object",  "celebrity", "action", "tool"};
constexpr std::size_t kCount = kNames.size();

/// A word that names the category by itself when it is a whole tag.
struct Rule {
  std::size_t category;
  PhraseList tags;   ///< Whole tags.
  PhraseList words;  ///< In name, triggers and description, where no tag decided.
};

const std::array<Rule, kCount>& rules() {
  static const std::array<Rule, kCount> table = {{
      {0,
       {"character",
        "characters",
        "anime character",
        "game character",
        "video game character",
        "videogame character",
        "cartoon character",
        "fictional character",
        "movie character",
        "consistent character",
        "character pack",
        "characterpack",
        "vtuber",
        "vtuber character",
        "virtual youtuber",
        "original character",
        "oc",
        "waifu",
        "角色",
        "キャラクター"},
       {"character", "vtuber", "waifu", "heroine", "protagonist", "角色", "キャラクター"}},
      {1,
       {"style",         "styles",     "art style",     "artstyle",
        "style lora",    "style art",  "anime style",   "artist style",
        "drawing style", "draw style", "cartoon style", "painting style",
        "artist",        "watercolor", "oil painting",  "pixel art",
        "line art",      "lineart",    "sketch",        "画风",
        "风格",          "画風"},
       {"style", "styles", "stylized", "art style", "artstyle", "aesthetic", "watercolor",
        "painting", "pixel art", "lineart", "line art", "sketch", "画风", "风格", "画風"}},
      {2,
       {"concept", "concepts", "concept lora", "effect", "theme", "expression", "expressions"},
       {"concept", "effect", "expression"}},
      {3,
       {"clothing", "clothes", "outfit",   "outfits", "costume", "costumes",
        "dress",    "uniform", "armor",    "armour",  "fashion", "fashion design",
        "hanfu",    "kimono",  "swimsuit", "suit",    "cloth",   "hat",
        "hats",     "shoes",   "jacket",   "服装",    "衣服"},
       {"clothing", "clothes", "outfit", "costume", "dress", "uniform", "armor", "armour", "hanfu",
        "kimono", "jacket", "sweater", "skirt", "服装", "衣服"}},
      {4,
       {"pose", "poses", "posing", "gesture", "hand gesture", "姿势"},
       {"pose", "poses", "gesture", "姿势"}},
      {5,
       {"background", "backgrounds", "scenery", "landscape", "landscapes", "scene", "scenes",
        "environment", "interior", "city", "cityscape", "背景"},
       {"background", "scenery", "landscape", "landscapes", "cityscape", "environment", "背景"}},
      {6,
       {"building", "buildings", "architecture", "architecture design", "house", "castle",
        "interior design", "建筑"},
       {"building", "buildings", "architecture", "castle", "house", "temple", "建筑"}},
      {7,
       {"vehicle", "vehicles", "car", "cars", "ship", "ships", "aircraft", "train", "tank",
        "spaceship", "motorcycle", "automotive"},
       {"vehicle", "vehicles", "car", "cars", "aircraft", "spaceship", "motorcycle", "truck"}},
      {8,
       {"animal", "animals", "cat", "cats", "dog", "dogs", "bird", "birds", "horse", "dinosaur",
        "wildlife", "creature", "creatures"},
       {"animal", "animals", "cat", "dog", "bird", "horse", "dinosaur", "creature"}},
      {9,
       {"object", "objects", "asset", "assets", "item", "items", "prop", "props", "icon", "icons",
        "game icon", "weapon", "weapons", "gun", "sword", "food", "furniture", "toy"},
       {"object", "objects", "item", "icon", "weapon", "weapons", "sword", "furniture", "food"}},
      {10,
       {"celebrity", "celebrities", "real person", "actress", "actor", "singer", "idol group"},
       {"celebrity", "real person"}},
      {11,
       {"action", "actions", "fighting", "dancing", "sports", "动作"},
       {"action", "fighting", "dancing", "running", "jumping", "动作"}},
      {12,
       {"tool", "tools", "slider", "sliders", "utility", "detail", "details", "detailer",
        "enhancer", "lighting", "general purpose"},
       {"slider", "enhancer", "detailer", "tweaker"}},
  }};
  return table;
}

/// Words of a description beyond this speak of usage and training more than of the subject.
constexpr std::size_t kDescriptionWords = 40;
constexpr std::size_t kTagWords = 8;
constexpr std::size_t kTextWords = 60;

}  // namespace

std::span<const std::string_view> category_names() { return kNames; }

std::vector<std::string> categories_of(std::string_view name, const std::vector<std::string>& tags,
                                       const std::vector<std::string>& triggers,
                                       std::string_view description) {
  std::bitset<kCount> found;
  for (const std::string& tag : tags) {
    const std::vector<std::string> words = words_of(tag, kTagWords);
    for (const Rule& rule : rules()) {
      if (rule.tags.contains(words)) {
        found.set(rule.category);
      }
    }
  }
  if (found.none()) {
    const std::vector<std::vector<std::string>> texts = {
        words_of(name, kTextWords),
        triggers.empty() ? std::vector<std::string>{} : words_of(triggers.front(), kTextWords),
        words_of(description, kDescriptionWords)};
    // The name speaks of the subject; a later text is asked only where the earlier are silent.
    for (std::size_t i = 0; i < texts.size() && found.none(); ++i) {
      for (const Rule& rule : rules()) {
        found[rule.category] = rule.words.matches(texts[i]);
      }
    }
  }
  std::vector<std::string> categories;
  for (std::size_t i = 0; i < kCount; ++i) {
    if (found[i]) {
      categories.emplace_back(kNames[i]);
    }
  }
  return categories;
}

}  // namespace stylus::catalog
