#include "catalog/import_job.h"

namespace stylus::catalog {
void import_folder(ImportJob&, const std::filesystem::path& folder) {
  fail(ErrorCode::kUnsupported, folder.string(), ": folders are not read yet");
}
void import_adapter_file(ImportJob&, const std::filesystem::path& file) {
  fail(ErrorCode::kUnsupported, file.string(), ": files are not read yet");
}
}  // namespace stylus::catalog
