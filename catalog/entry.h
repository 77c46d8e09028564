#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/adapter.h"
#include "catalog/card.h"
#include "catalog/database.h"

namespace stylus::catalog {

/// What was read off the adapter file itself.
struct FileFacts {
  std::string sha256;
  std::string autov3;
  std::string file_name;
  double frobenius_norm = 0;
  std::int64_t rank = 0;
  std::vector<std::string> tensor_bases;  ///< Families that the tensors allow, likeliest first.

  [[nodiscard]] bool operator==(const FileFacts&) const = default;
};

/// Everything stored of one adapter that its indexes derive from.
struct Entry {
  std::string id;
  Card card;  ///< All sources merged.
  FileFacts facts;
  std::vector<std::string> categories;
  Overlay overlay;
  bool installed = false;

  [[nodiscard]] bool operator==(const Entry&) const = default;
};

/// Bits of a facet: what a filter asks of an adapter, in one number.
namespace facet {
inline constexpr std::int64_t kRatingMask = 3;
inline constexpr std::int64_t kRealPerson = 4;
inline constexpr std::int64_t kCharacter = 8;
inline constexpr std::int64_t kCommercial = 16;
inline constexpr std::int64_t kInstalled = 32;
inline constexpr std::int64_t kBlocked = 64;
inline constexpr std::int64_t kCount = 128;  ///< Facets are 0 … 127.
}  // namespace facet

[[nodiscard]] std::int64_t flags_of(const Entry& entry);

/// The card's families, else what the tensors say.
[[nodiscard]] const std::vector<std::string>& effective_bases(const Entry& entry);

[[nodiscard]] std::optional<AdapterRow> row_of_id(Database& database, std::string_view id);

/// Requires: the row exists, else Error(kNotFound).
[[nodiscard]] Entry read_entry(Database& database, AdapterRow row);

/// Stores a new adapter in the next free row with the next revision.
AdapterRow add_entry(Database& database, const Entry& entry);

/// Replaces what is stored of `row` (which was `before`), with the next revision.
void replace_entry(Database& database, AdapterRow row, const Entry& before, const Entry& after);

/// List columns.
[[nodiscard]] std::string pack_list(const std::vector<std::string>& items);
[[nodiscard]] std::vector<std::string> unpack_list(std::string_view packed);

}  // namespace stylus::catalog
