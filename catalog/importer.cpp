#include "catalog/importer.h"

#include <system_error>

#include "catalog/impl.h"
#include "catalog/import_job.h"
#include "support/error.h"
#include "support/hash.h"
#include "support/text.h"

namespace stylus::catalog {
namespace {

namespace fs = std::filesystem;

/// Raise when a reader of this room learns something, so that known sources are read again.
constexpr std::string_view kReaderVersion = "2:";
constexpr std::size_t kDigestDigits = 32;

bool is_card_list(const fs::path& path) {
  const std::string extension = to_lower(path.extension().string());
  return extension == ".jsonl" || extension == ".ndjson";
}

}  // namespace

std::string digest_of(std::string_view content) {
  return sha256_hex(std::string(kReaderVersion).append(content)).substr(0, kDigestDigits);
}

ImportReport import_paths(Catalog& catalog, const std::vector<fs::path>& paths,
                          const ImportOptions& options) {
  for (const fs::path& path : paths) {
    std::error_code error;
    require(fs::exists(path, error), ErrorCode::kNotFound, "there is nothing at '", path.string(),
            "' to import");
  }
  ImportJob job(catalog.impl().database, options);
  for (const fs::path& given : paths) {
    const fs::path path = fs::absolute(given).lexically_normal();
    if (fs::is_directory(path)) {
      import_folder(job, path);
    } else if (is_card_list(path)) {
      import_card_list(job, path);
    } else {
      import_adapter_file(job, path);
    }
    job.batch.commit();
  }
  return job.report;
}

}  // namespace stylus::catalog
