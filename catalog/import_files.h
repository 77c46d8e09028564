#pragma once

#include <filesystem>

#include "catalog/import_job.h"
#include "catalog/sidecars.h"

namespace stylus::catalog {

/// True for endings that adapter files have, pickles (which are refused) included.
[[nodiscard]] bool is_adapter_file(const std::filesystem::path& path);

/// Reads one adapter file, or only what lies beside it where the file is known by path, size and
/// time. Same bytes as a known adapter: a further place of it, or the file was moved here.
void import_file_with_sidecars(ImportJob& job, const std::filesystem::path& path,
                               const SidecarSet& sidecars);

}  // namespace stylus::catalog
