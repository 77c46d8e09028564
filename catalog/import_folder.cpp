// Walks a folder: which files are adapters, which lie beside them, and which vanished.
#include <algorithm>
#include <map>
#include <set>
#include <system_error>
#include <vector>

#include "catalog/import_files.h"
#include "catalog/import_sidecars.h"
#include "support/error.h"

namespace stylus::catalog {
namespace {

namespace fs = std::filesystem;

class FolderImport {
 public:
  explicit FolderImport(ImportJob& job) : job_(job) {}

  void walk(const fs::path& folder) {
    std::error_code error;
    const fs::path real = fs::canonical(folder, error);
    // Links may lead back up or to the same folder twice.
    if (error || !entered_.insert(real).second) {
      return;
    }
    std::set<std::string> names;
    std::vector<fs::path> folders;
    if (!list(folder, names, folders)) {
      unread_.push_back(folder.string() + "/");
      return;
    }
    import_files(folder, names);
    for (const fs::path& inner : folders) {
      walk(inner);
    }
  }

  /// Marks the places under `folder` that were not met.
  void mark_missing(const fs::path& folder) {
    std::string prefix = folder.string();
    if (prefix.back() != '/') {
      prefix += '/';
    }
    std::vector<std::pair<std::string, AdapterRow>> gone;
    {
      Database::Query query = job_.database.query(
          "SELECT path, row FROM place WHERE path >= ?1 AND path < ?2 AND missing = 0 "
          "ORDER BY path");
      std::string end = prefix;
      end.back() = '0';  // The character after '/'.
      query->bind(prefix, end);
      while (query->step()) {
        std::string path(query->text(0));
        if (met_.count(path) == 0 && !lies_in_unread(path)) {
          gone.emplace_back(std::move(path), query->integer(1));
        }
      }
    }
    for (const auto& [path, row] : gone) {
      job_.batch.open();
      job_.database.run("UPDATE place SET missing = 1 WHERE path = ?1", path);
      note_places(job_.database, row);
      ++job_.report.missing;
      job_.batch.close_item();
    }
  }

 private:
  bool list(const fs::path& folder, std::set<std::string>& names, std::vector<fs::path>& folders) {
    std::error_code error;
    fs::directory_iterator entries(folder, error);
    for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
      std::error_code ignored;
      if (entries->is_directory(ignored)) {
        folders.push_back(entries->path());
      } else if (entries->is_regular_file(ignored)) {
        names.insert(entries->path().filename().string());
      }
    }
    std::sort(folders.begin(), folders.end());
    if (error) {
      ++job_.report.seen;
      job_.refuse(folder.string(), "the folder cannot be read: " + error.message());
    }
    return !error;
  }

  void import_files(const fs::path& folder, const std::set<std::string>& names) {
    std::set<std::string> used;
    for (const std::string& name : names) {
      const fs::path path = folder / name;
      if (is_adapter_file(path)) {
        used.insert(name);
        const SidecarSet sidecars = find_sidecars(folder, path.stem().string(), names, used);
        met_.insert(path.string());
        import_file_with_sidecars(job_, path, sidecars);
      }
    }
    for (const std::string& name : names) {
      const std::optional<std::string> stem = sidecar_stem(name);
      if (used.count(name) == 0 && stem) {
        import_lone_sidecars(job_, folder / *stem, find_sidecars(folder, *stem, names, used));
      }
    }
    job_.report.ignored += static_cast<std::int64_t>(names.size() - used.size());
  }

  [[nodiscard]] bool lies_in_unread(const std::string& path) const {
    return std::any_of(unread_.begin(), unread_.end(), [&](const std::string& folder) {
      return path.compare(0, folder.size(), folder) == 0;
    });
  }

  ImportJob& job_;
  std::set<fs::path> entered_;
  std::set<std::string> met_;
  std::vector<std::string> unread_;
};

}  // namespace

void import_folder(ImportJob& job, const fs::path& folder) {
  FolderImport import(job);
  import.walk(folder);
  import.mark_missing(folder);
}

}  // namespace stylus::catalog
