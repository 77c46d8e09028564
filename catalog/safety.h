#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/adapter.h"

namespace stylus::catalog {

/// What a card says about the safety of its pictures.
struct SafetyFlags {
  std::optional<bool> nsfw;
  /// Civitai's bit mask over all pictures: PG 1, PG-13 2, R 4, X 8, XXX 16, blocked 32; 0 means
  /// that nobody rated them.
  std::optional<std::int64_t> nsfw_level;
  std::optional<bool> real_person;  ///< Civitai's "poi".
};

/// The rating of a card: adult if a flag, a level bit from R upwards or an adult word of name, tags
/// or triggers says so; unrated for level 0; safe if a flag or level says so; else nothing.
/// Words are matched whole, so "Essex" and "bassoon" are harmless.
[[nodiscard]] std::optional<Rating> rating_of(const SafetyFlags& flags, std::string_view name,
                                              const std::vector<std::string>& tags,
                                              const std::vector<std::string>& triggers);

/// True for adapters that show a real person: by flag, by tag, by words of the name.
[[nodiscard]] bool shows_real_person(const SafetyFlags& flags, std::string_view name,
                                     const std::vector<std::string>& tags);

}  // namespace stylus::catalog
