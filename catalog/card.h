#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/adapter.h"

namespace stylus::catalog {

/// What one source (a card list, the sidecars of a file, the file itself) says of an adapter, in
/// our words and cleaned. Empty fields mean that the source is silent.
struct Card {
  std::string id;  ///< "civitai:3679" or another origin; "" when the source names none.
  std::string name;
  std::string kind;
  std::vector<std::string> bases;  ///< Slugs.
  std::vector<std::string> tags;
  std::vector<std::string> triggers;
  std::string description;                 ///< Plain text.
  std::vector<std::string> version_notes;  ///< What its author wrote of each version; plain texts.
  std::optional<Rating> rating;
  bool real_person = false;
  Licence licence;
  std::vector<std::string> hashes;  ///< SHA-256 of the files that the card names, lower case.
  std::vector<std::string> file_names;
  std::vector<std::string> example_prompts;
  WeightAdvice advice;  ///< kDefault: the source says nothing.
  std::int64_t downloads = 0;
  std::string source;

  [[nodiscard]] bool operator==(const Card&) const = default;
};

/// Bounds that every text of a card is cut to; a longer one is cut, never refused.
inline constexpr std::size_t kMaxNameBytes = 500;
inline constexpr std::size_t kMaxItemBytes = 4096;  ///< One tag, trigger or file name.
inline constexpr std::size_t kMaxDescriptionBytes = std::size_t{200} << 10U;
inline constexpr std::size_t kMaxPromptBytes = std::size_t{16} << 10U;
inline constexpr std::size_t kMaxItems = 500;
inline constexpr std::size_t kMaxCardBytes = std::size_t{8} << 20U;  ///< A longer line is refused.
inline constexpr std::size_t kMaxPrompts = 100;
inline constexpr std::size_t kMaxVersions = 100;
inline constexpr std::size_t kMaxVersionNoteBytes = std::size_t{16} << 10U;

/// Repaired UTF-8 without control characters but line feed and tab, trimmed, at most
/// `limit_bytes` long.
[[nodiscard]] std::string clean_text(std::string_view text, std::size_t limit_bytes);

/// The same on one line.
[[nodiscard]] std::string clean_line(std::string_view text, std::size_t limit_bytes);

/// One card out of several, strongest first: of each field the first that is not empty, lists
/// whole. The careful side wins for the rating (adult over safe over nothing) and for real
/// persons; the weight comes from the source with the strongest kind of evidence.
[[nodiscard]] Card merge_cards(const std::vector<Card>& strongest_first);

/// Card <-> the JSON text kept in the database. The second requires text that the first made,
/// else Error(kCorruptData).
[[nodiscard]] std::string card_to_json(const Card& card);
[[nodiscard]] Card card_from_json(std::string_view text);

}  // namespace stylus::catalog
