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

/// Sidecars whose adapter file is not there are a card too. `stem`: path without ending.
void import_lone_sidecars(ImportJob& job, const std::filesystem::path& stem,
                          const SidecarSet& sidecars);

/// All sidecars of one adapter merged; a broken one is refused and the others count.
[[nodiscard]] Card read_sidecars(ImportJob& job, const SidecarSet& sidecars);

}  // namespace stylus::catalog
