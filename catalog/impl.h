#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/database.h"

namespace stylus::catalog {

/// What the files of this room share behind the front door.
struct Catalog::Impl {
  Impl(const std::filesystem::path& file, Database::Access access) : database(file, access) {}

  /// Reading compiles and keeps statements, so even const callers need it writable.
  mutable Database database;

  /// Filters compiled at `compiled_revision`, newest last.
  std::int64_t compiled_revision = -1;
  std::vector<std::pair<Filter, CompiledFilter>> compiled;
};

}  // namespace stylus::catalog
