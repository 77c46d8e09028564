// One adapter file with its sidecars.
#include "catalog/import_files.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <system_error>

#include "catalog/import_sidecars.h"
#include "support/error.h"
#include "support/text.h"
#include "weights/adapter_file.h"

namespace stylus::catalog {
namespace {

namespace fs = std::filesystem;

std::string stem_path(const fs::path& path) { return (path.parent_path() / path.stem()).string(); }

/// A place as stored.
struct KnownPlace {
  AdapterRow row = 0;
  FileStamp stamp;
  bool missing = false;
  std::string previews;
};

std::optional<KnownPlace> known_place(Database& database, const std::string& path) {
  Database::Query query = database.query(
      "SELECT row, size_bytes, modified_ns, missing, previews FROM place WHERE path = ?1");
  query->bind(path);
  if (!query->step()) {
    return std::nullopt;
  }
  return KnownPlace{query->integer(0),
                    {query->integer(1), query->integer(2)},
                    query->integer(3) != 0,
                    std::string(query->text(4))};
}

FileFacts facts_of(const weights::AdapterFacts& read, const weights::FileHashes& hashes,
                   const fs::path& path) {
  FileFacts facts;
  facts.sha256 = hashes.sha256;
  facts.autov3 = hashes.autov3;
  facts.file_name = clean_line(path.filename().string(), kMaxNameBytes);
  facts.frobenius_norm = std::isfinite(read.frobenius_norm) ? read.frobenius_norm : 0;
  facts.rank = read.rank;
  facts.tensor_bases = read.base_candidates;
  if (facts.tensor_bases.empty() && !read.base.empty()) {
    facts.tensor_bases.push_back(read.base);
  }
  return facts;
}

/// The row of an adapter with these bytes: the file itself under another name, or a card that
/// lists its hash and has no file yet.
std::optional<AdapterRow> row_of_bytes(Database& database, const std::string& sha256) {
  std::optional<AdapterRow> row =
      database.number("SELECT min(row) FROM adapter WHERE sha256 = ?1 AND sha256 <> ''", sha256);
  if (!row) {
    row = database.number(
        "SELECT min(k.row) FROM known_hash k JOIN adapter a USING (row) "
        "WHERE k.sha256 = ?1 AND a.sha256 = ''",
        sha256);
  }
  return row;
}

/// Sidecars that wait for their file.
std::optional<AdapterRow> row_of_lone_sidecars(Database& database, const std::string& key) {
  return database.number(
      "SELECT s.row FROM source s JOIN adapter a USING (row) WHERE s.key = ?1 AND a.sha256 = ''",
      key);
}

bool is_there(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

class FileImport {
 public:
  FileImport(ImportJob& job, const fs::path& path, const SidecarSet& sidecars)
      : job_(job),
        database_(job.database),
        path_(path),
        sidecars_(sidecars),
        place_(path.string()),
        sidecar_key_(source_key(SourceKind::kSidecars, stem_path(path))),
        file_key_(source_key(SourceKind::kFile, place_)),
        previews_(pack_list(sidecars.previews)),
        known_(known_place(database_, place_)) {}

  /// Looks at the file, and opens it unless it is the known one.
  /// Errors: those of the file. Nothing is stored yet.
  void read() {
    stamp_ = stamp_of(path_);
    digest_ = sidecar_digest(sidecars_, job_.options);
    if (!known_ || known_->stamp != stamp_) {
      read_file();
    }
  }

  void store() { hashes_ ? store_file() : update_sidecars(); }

 private:
  /// The file is the one we know: nothing but what lies beside it can have changed.
  void update_sidecars() {
    const bool same = sidecars_.files.empty()
                          ? !database_.number("SELECT 1 FROM source WHERE key = ?1", sidecar_key_)
                          : row_of_source(database_, sidecar_key_, digest_) == known_->row;
    if (same && !known_->missing && known_->previews == previews_) {
      job_.count(Stored::kUnchanged);
      return;
    }
    AdapterChange change;
    if (!same) {
      add_sidecars(change);
    }
    change.installed = true;
    change.touched = known_->missing || known_->previews != previews_;
    std::optional<AdapterRow> row = known_->row;
    job_.batch.open();
    const Stored stored = store_change(database_, row, change);
    write_place(*row);
    job_.count(stored);
  }

  void read_file() {
    // Others may write while we read: it can take long.
    job_.batch.commit();
    const auto norms =
        job_.options.compute_norms ? weights::NormMode::kCompute : weights::NormMode::kSkip;
    const weights::AdapterFacts facts = weights::read_adapter_file(path_, norms);
    const weights::FileHashes hashes = weights::hash_adapter_file(path_);
    SourceUpdate file{file_key_, digest_of(hashes.sha256), card_of_metadata(facts.metadata)};
    file.card.kind = facts.kind;
    if (file.card.name.empty()) {
      file.card.name = clean_line(path_.stem().string(), kMaxNameBytes);
    }
    file.card.source = "folder";
    change_.id = "sha256:" + hashes.sha256;
    change_.facts = facts_of(facts, hashes, path_);
    change_.updates.push_back(std::move(file));
    hashes_ = hashes;
  }

  void store_file() {
    AdapterChange& change = change_;
    change.installed = true;
    change.touched = true;
    add_sidecars(change);
    job_.batch.open();
    std::optional<AdapterRow> row = row_of_bytes(database_, hashes_->sha256);
    if (!row) {
      row = row_of_lone_sidecars(database_, sidecar_key_);
    }
    if (!row) {
      row = row_of_id(database_, change.id);
    }
    const bool further_place = row && leave_dead_places(*row, change);
    if (further_place && !(known_ && known_->row == *row)) {
      // The first place names the file; the second adds only itself and its sidecars.
      change.facts = read_entry(database_, *row).facts;
    }
    const bool known_bytes = known_ && row && known_->row == *row;
    const Stored stored = store_change(database_, row, change);
    write_place(*row);
    if (known_ && known_->row != *row) {
      note_places(database_, known_->row);  // Other bytes took its path.
    }
    if (further_place && !known_bytes) {
      ++job_.report.duplicates;
    } else {
      job_.count(stored);
    }
    // Reading took long compared with a flush: what is read is kept.
    job_.batch.commit();
  }

  /// Forgets places of the row that are no longer on disk: the file was moved here. True if
  /// another place is left.
  bool leave_dead_places(AdapterRow row, AdapterChange& change) {
    std::vector<std::string> dead;
    bool another = false;
    {
      Database::Query query =
          database_.query("SELECT path FROM place WHERE row = ?1 ORDER BY path");
      query->bind(row);
      while (query->step()) {
        std::string path(query->text(0));
        if (path != place_ && is_there(path)) {
          another = true;
        } else if (path != place_) {
          dead.push_back(std::move(path));
        }
      }
    }
    for (const std::string& path : dead) {
      change.removed.push_back(source_key(SourceKind::kFile, path));
      const std::string sidecars = source_key(SourceKind::kSidecars, stem_path(path));
      if (sidecars != sidecar_key_) {
        change.removed.push_back(sidecars);
      }
      database_.run("DELETE FROM place WHERE path = ?1", path);
    }
    return another;
  }

  void add_sidecars(AdapterChange& change) {
    if (sidecars_.files.empty()) {
      change.removed.push_back(sidecar_key_);
      return;
    }
    SourceUpdate update{sidecar_key_, digest_, read_sidecars(job_, sidecars_)};
    update.card.kind.clear();  // The tensors know it.
    change.updates.push_back(std::move(update));
  }

  void write_place(AdapterRow row) {
    database_.run(
        "INSERT OR REPLACE INTO place (path, row, size_bytes, modified_ns, missing, previews) "
        "VALUES (?1, ?2, ?3, ?4, 0, ?5)",
        place_, row, stamp_.size_bytes, stamp_.modified_ns, previews_);
  }

  ImportJob& job_;
  Database& database_;
  const fs::path& path_;
  const SidecarSet& sidecars_;
  std::string place_;
  std::string sidecar_key_;
  std::string file_key_;
  std::string previews_;
  std::optional<KnownPlace> known_;
  FileStamp stamp_;
  std::string digest_;
  AdapterChange change_;
  std::optional<weights::FileHashes> hashes_;  ///< Only of a file that was read.
};

constexpr std::array<std::string_view, 2> kAdapterEndings = {".safetensors", ".sft"};
constexpr std::array<std::string_view, 7> kPickleEndings = {".pt",  ".pth", ".ckpt", ".bin",
                                                            ".pt2", ".pkl", ".gguf"};

template <std::size_t kSize>
bool has_ending(const fs::path& path, const std::array<std::string_view, kSize>& endings) {
  const std::string extension = to_lower(path.extension().string());
  return std::find(endings.begin(), endings.end(), extension) != endings.end();
}

}  // namespace

bool is_adapter_file(const fs::path& path) {
  return has_ending(path, kAdapterEndings) || has_ending(path, kPickleEndings);
}

void import_file_with_sidecars(ImportJob& job, const fs::path& path, const SidecarSet& sidecars) {
  ++job.report.seen;
  FileImport import(job, path, sidecars);
  const auto read = [&] {
    require(is_adapter_file(path), ErrorCode::kUnsupported,
            "the ending is neither .safetensors nor .jsonl");
    import.read();
  };
  if (job.succeeds(path, read)) {
    import.store();
  }
  job.batch.close_item();
  job.tell("reading files");
}

void import_adapter_file(ImportJob& job, const fs::path& file) {
  std::set<std::string> names;
  std::error_code error;
  fs::directory_iterator entries(file.parent_path(), error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    names.insert(entries->path().filename().string());
  }
  std::set<std::string> used;
  const SidecarSet sidecars = find_sidecars(file.parent_path(), file.stem().string(), names, used);
  import_file_with_sidecars(job, file, sidecars);
}

}  // namespace stylus::catalog
