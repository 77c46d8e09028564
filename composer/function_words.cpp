#include "composer/function_words.h"

#include <algorithm>
#include <string>
#include <unordered_set>

#include "support/text.h"

namespace stylus::composer {
namespace {

using Words = std::unordered_set<std::string>;

Words words(std::string_view list) {
  Words set;
  for (std::string& word : split_list(list, ' ')) {
    set.insert(std::move(word));
  }
  return set;
}

bool holds(const Words& set, std::string_view word) { return set.count(std::string(word)) != 0; }

bool ends_with(std::string_view word, std::string_view end) {
  return word.size() >= end.size() && word.substr(word.size() - end.size()) == end;
}

}  // namespace

bool is_function_word(std::string_view word) {
  static const Words kWords = words(
      "a an the of in on at to with and or for from by is are was be been being it its it's this "
      "that these those as into onto over under up down near next some very several many few two "
      "three four five six seven eight nine ten while through out off his her their there who "
      "which has have had he she they them him other another each all both one during around "
      "behind above below along between across against front top side back inside outside beside "
      "about some any no not nor but than then only just only without within upon toward towards "
      "der das dem ein eine einen einem einer und mit im auf bei zum zur von vom aus "
      "le les une du des et dans sur avec aux "
      "el los las un una unos unas y del al por para sobre entre");
  return holds(kWords, word);
}

bool is_negation(std::string_view word) {
  static const Words kWords = words(
      "no not without never none neither nor cannot excluding except lacking sans ohne kein keine "
      "keinen keinem keiner");
  return holds(kWords, word) || ends_with(word, "n't");
}

bool ends_negation(std::string_view word) {
  static const Words kWords = words(
      "but with in on at near under over above below behind beside between along across around "
      "against next inside outside during while by from into onto through toward towards instead "
      "mit im auf bei avec dans sur");
  return holds(kWords, word);
}

bool is_determiner(std::string_view word) {
  static const Words kWords = words(
      "a an the some several many few one two three four five six seven eight nine ten his her "
      "their this that these those another ein eine einen une un");
  return holds(kWords, word);
}

}  // namespace stylus::composer
