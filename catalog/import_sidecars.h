#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "catalog/import_job.h"
#include "catalog/sidecars.h"

namespace stylus::catalog {

/// What tells without opening a file that it is the one we know.
struct FileStamp {
  std::int64_t size_bytes = 0;
  std::int64_t modified_ns = 0;
  [[nodiscard]] bool operator==(const FileStamp&) const = default;
};

[[nodiscard]] FileStamp stamp_of(const std::filesystem::path& path);

/// Changes whenever one of the sidecars does, or what is to be read of them.
/// Errors: Error(kIo) when one cannot be looked at.
[[nodiscard]] std::string sidecar_digest(const SidecarSet& sidecars, const ImportOptions& options);

/// All sidecars of one adapter merged; a broken one is refused and the others count.
[[nodiscard]] Card read_sidecars(ImportJob& job, const SidecarSet& sidecars);

/// Sidecars whose adapter file is not there are a card too. `stem`: path without ending.
void import_lone_sidecars(ImportJob& job, const std::filesystem::path& stem,
                          const SidecarSet& sidecars);

}  // namespace stylus::catalog
