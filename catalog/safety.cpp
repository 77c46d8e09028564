#include "catalog/safety.h"

#include "catalog/words.h"

namespace stylus::catalog {
namespace {

constexpr std::int64_t kAdultBits = 4 | 8 | 16 | 32;
constexpr std::size_t kWordLimit = 400;

const PhraseList& adult_words() {
  static const PhraseList list = {
      "nsfw",     "porn",      "porno",   "pornographic", "hentai",   "xxx",     "sex",
      "sexual",   "nude",      "nudes",   "nudity",       "naked",    "topless", "bottomless",
      "genitals", "genitalia", "penis",   "vagina",       "pussy",    "cock",    "dildo",
      "blowjob",  "handjob",   "footjob", "fellatio",     "creampie", "cumshot", "cum",
      "bukkake",  "ahegao",    "orgasm",  "masturbation", "bdsm",     "bondage", "futanari",
      "futa",     "gangbang",  "anal",    "nipples",      "areola",   "areolae", "erotic",
      "erotica",  "lewd",      "18禁",    "r18",          "r 18",     "色情",    "成人"};
  return list;
}

const PhraseList& person_tags() {
  static const PhraseList list = {"celebrity",   "celebrities",     "celeb",     "real person",
                                  "real people", "actress",         "actor",     "politician",
                                  "influencer",  "instagram model", "kpop idol", "k pop idol",
                                  "youtuber",    "pornstar",        "supermodel"};
  return list;
}

const PhraseList& person_names() {
  static const PhraseList list = {"celebrity",       "real person", "actress",
                                  "instagram model", "kpop idol",   "supermodel"};
  return list;
}

bool any_matches(const PhraseList& list, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    if (list.matches(words_of(text, kWordLimit))) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<Rating> rating_of(const SafetyFlags& flags, std::string_view name,
                                const std::vector<std::string>& tags,
                                const std::vector<std::string>& triggers) {
  if (flags.nsfw.value_or(false) || (flags.nsfw_level.value_or(0) & kAdultBits) != 0 ||
      adult_words().matches(words_of(name, kWordLimit)) || any_matches(adult_words(), tags) ||
      any_matches(adult_words(), triggers)) {
    return Rating::kAdult;
  }
  if (flags.nsfw_level) {
    return *flags.nsfw_level == 0 ? Rating::kUnrated : Rating::kSafe;
  }
  return flags.nsfw ? std::optional(Rating::kSafe) : std::nullopt;
}

bool shows_real_person(const SafetyFlags& flags, std::string_view name,
                       const std::vector<std::string>& tags) {
  if (flags.real_person.value_or(false) || person_names().matches(words_of(name, kWordLimit))) {
    return true;
  }
  for (const std::string& tag : tags) {
    if (person_tags().contains(words_of(tag, kWordLimit))) {
      return true;
    }
  }
  return false;
}

}  // namespace stylus::catalog
