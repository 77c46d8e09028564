#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "catalog/batch.h"
#include "catalog/database.h"
#include "catalog/importer.h"
#include "catalog/store.h"
#include "support/error.h"

namespace stylus::catalog {

/// What the parts of one import share.
struct ImportJob {
  ImportJob(Database& target, const ImportOptions& import_options)
      : database(target), options(import_options), batch(target, import_options.dry_run) {}

  Database& database;
  const ImportOptions& options;
  Batch batch;
  ImportReport report;

  void count(Stored stored) {
    report.added += stored == Stored::kAdded ? 1 : 0;
    report.changed += stored == Stored::kChanged ? 1 : 0;
    report.unchanged += stored == Stored::kUnchanged ? 1 : 0;
  }
  void refuse(std::string source, std::string reason) {
    report.refused.push_back({std::move(source), std::move(reason)});
  }
  /// Runs what reads a file; refuses the file where it fails. Only reading is tried so: a database
  /// that fails is no fault of the file.
  template <typename Action>
  [[nodiscard]] bool succeeds(const std::filesystem::path& path, const Action& action) {
    try {
      action();
      return true;
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) {
        throw;
      }
      refuse(path.string(), error.what());
      return false;
    }
  }
  /// Tells the caller now and then how far we are. When it cancels, what is finished is stored.
  void tell(const char* stage, std::size_t total = 0) {
    constexpr std::int64_t kEvery = 100;
    if (!options.progress || report.seen % kEvery != 0) {
      return;
    }
    try {
      options.progress({stage, static_cast<std::size_t>(report.seen), total});
    } catch (const Error&) {
      batch.commit();
      throw;
    }
  }
};

/// Reads every line of a card list.
void import_card_list(ImportJob& job, const std::filesystem::path& file);

/// Reads every adapter file and lone sidecar under a folder, and marks what vanished from it.
void import_folder(ImportJob& job, const std::filesystem::path& folder);

/// Reads one adapter file with its sidecars.
void import_adapter_file(ImportJob& job, const std::filesystem::path& file);

/// A text that changes whenever a source has to be read again, from what it was read from.
[[nodiscard]] std::string digest_of(std::string_view content);

}  // namespace stylus::catalog
