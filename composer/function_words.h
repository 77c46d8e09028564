#pragma once

#include <string_view>

namespace stylus::composer {

/// A word that no adapter serves and that parts two keywords: articles, prepositions, numbers,
/// pronouns; English, and those of German, French and Spanish that are no English words.
[[nodiscard]] bool is_function_word(std::string_view word);

/// A word that says what is not wanted: "no", "without", "isn't", "ohne", "sans" …
[[nodiscard]] bool is_negation(std::string_view word);

/// Words after which a negation no longer holds: "no boats AT sunset".
[[nodiscard]] bool ends_negation(std::string_view word);

/// "a", "the", "some" …: after "and" they start something new ("no boats and A lighthouse").
[[nodiscard]] bool is_determiner(std::string_view word);

}  // namespace stylus::composer
