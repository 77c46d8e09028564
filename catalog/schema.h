#pragma once

#include <span>

#include "catalog/database.h"

namespace stylus::catalog {

/// "STLS": tells our file from any other SQLite file.
inline constexpr int kApplicationId = 0x53544C53;

/// The DDL of every version ever shipped, in order; entry 0 makes version 1. Append only.
[[nodiscard]] std::span<const char* const> migrations();

/// Checks that `database` is ours and brings it to the newest schema.
/// Errors: kCorruptData for a foreign file or a newer schema; kUnavailable for an older schema
///         that may only be read.
void open_schema(Database& database, Database::Access access);

}  // namespace stylus::catalog
