// What lies beside adapter files, and sidecars without a file.
#include "catalog/import_sidecars.h"

#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "support/error.h"
#include "support/file.h"
#include "support/hash.h"

namespace stylus::catalog {
namespace {

namespace fs = std::filesystem;

std::optional<Card> read_one(const Sidecar& sidecar, const ImportOptions& options) {
  const auto prompts = options.example_prompts ? ExamplePrompts::kKeep : ExamplePrompts::kDrop;
  return read_sidecar(sidecar.kind, read_file(sidecar.path, kMaxCardBytes), prompts);
}

/// An empty card unless the file is a sidecar in content too.
Card read_if_sidecar(const Sidecar& sidecar, const ImportOptions& options) {
  try {
    return read_one(sidecar, options).value_or(Card{});
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

FileStamp stamp_of(const fs::path& path) {
  struct stat status {};
  require(::stat(path.c_str(), &status) == 0, ErrorCode::kIo, "cannot look at '", path.string(),
          "': ", std::generic_category().message(errno));
  constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
  return {static_cast<std::int64_t>(status.st_size),
          static_cast<std::int64_t>(status.st_mtim.tv_sec) * kNanosecondsPerSecond +
              static_cast<std::int64_t>(status.st_mtim.tv_nsec)};
}

std::string sidecar_digest(const SidecarSet& sidecars, const ImportOptions& options) {
  std::string stamps = options.example_prompts ? "sidecars+" : "sidecars-";
  for (const Sidecar& sidecar : sidecars.files) {
    const FileStamp stamp = stamp_of(sidecar.path);
    stamps += sidecar.path.filename().string() + '|' + std::to_string(stamp.size_bytes) + '|' +
              std::to_string(stamp.modified_ns) + '\n';
  }
  return digest_of(stamps);
}

Card read_sidecars(ImportJob& job, const SidecarSet& sidecars) {
  std::vector<Card> cards;
  for (const Sidecar& sidecar : sidecars.files) {
    try {
      std::optional<Card> card = read_one(sidecar, job.options);
      if (card) {
        cards.push_back(std::move(*card));
      }
    } catch (const Error& error) {
      ++job.report.seen;
      job.refuse(sidecar.path.string(), error.what());
    }
  }
  return merge_cards(cards);
}

void import_lone_sidecars(ImportJob& job, const fs::path& stem, const SidecarSet& sidecars) {
  const std::string key = source_key(SourceKind::kSidecars, stem.string());
  std::string digest;
  if (!job.succeeds(stem, [&] { digest = sidecar_digest(sidecars, job.options); })) {
    ++job.report.seen;
    return;
  }
  if (row_of_source(job.database, key, digest)) {
    ++job.report.seen;
    job.count(Stored::kUnchanged);
    return;
  }
  AdapterChange change;
  change.updates.push_back({key, digest, {}});
  Card& card = change.updates.front().card;
  const bool any_json =
      sidecars.files.size() == 1 && sidecars.files.front().kind == SidecarKind::kUserJson;
  // Folders hold JSON files of all kinds; only a tool's own ending promises a sidecar.
  card = any_json ? read_if_sidecar(sidecars.files.front(), job.options)
                  : read_sidecars(job, sidecars);
  if (card == Card{}) {
    ++job.report.ignored;
    return;
  }
  ++job.report.seen;
  change.id = card.id;
  if (change.id.empty() && !card.hashes.empty()) {
    change.id = "sha256:" + card.hashes.front();
  }
  if (change.id.empty()) {
    change.id = "sidecar:" + sha256_hex(stem.string()).substr(0, 32);
  }
  if (card.name.empty()) {
    card.name = clean_line(stem.filename().string(), kMaxNameBytes);
  }
  std::optional<AdapterRow> row = row_of_id(job.database, change.id);
  job.batch.open();
  job.count(store_change(job.database, row, change));
  job.batch.close_item();
  job.tell("reading files");
}

}  // namespace stylus::catalog
