#include "evaluator/run_store.h"

#include <algorithm>

#include "catalog/database.h"
#include "support/error.h"

namespace stylus::evaluator {

using catalog::Database;
using catalog::Transaction;

struct RunStore::Impl {
  explicit Impl(const std::filesystem::path& file) : database(file, Database::Access::kWrite) {}
  mutable Database database;
};

namespace {

constexpr const char* kSchema = R"(
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS plans (
  model TEXT NOT NULL, method TEXT NOT NULL, prompt TEXT NOT NULL,
  plan TEXT NOT NULL, error TEXT NOT NULL, seconds REAL NOT NULL,
  PRIMARY KEY (model, method, prompt)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pictures (
  key TEXT PRIMARY KEY, batch INTEGER NOT NULL, place INTEGER NOT NULL,
  model TEXT NOT NULL, method TEXT NOT NULL, prompt TEXT NOT NULL,
  guidance REAL NOT NULL, seed INTEGER NOT NULL,
  state INTEGER NOT NULL, sha256 TEXT NOT NULL, error TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pictures_by_batch ON pictures (batch, place);
CREATE TABLE IF NOT EXISTS items (
  number INTEGER PRIMARY KEY, model TEXT NOT NULL, method TEXT NOT NULL, prompt TEXT NOT NULL,
  guidance REAL NOT NULL, image INTEGER NOT NULL,
  picture TEXT NOT NULL REFERENCES pictures (key));
CREATE TABLE IF NOT EXISTS batches (
  number INTEGER PRIMARY KEY, pictures INTEGER NOT NULL,
  seconds REAL NOT NULL, prepare_seconds REAL NOT NULL);
)";

}  // namespace

RunStore::RunStore(const std::filesystem::path& file) : impl_(std::make_unique<Impl>(file)) {
  impl_->database.execute(kSchema);
}
RunStore::~RunStore() = default;
RunStore::RunStore(RunStore&&) noexcept = default;

void RunStore::put_plans(const std::vector<StoredPlan>& plans) {
  Transaction transaction(impl_->database);
  for (const StoredPlan& plan : plans) {
    impl_->database.run("INSERT OR REPLACE INTO plans VALUES (?, ?, ?, ?, ?, ?)", plan.model,
                        plan.method, plan.prompt, plan.plan, plan.error, plan.seconds);
  }
  transaction.commit();
}

std::vector<StoredPlan> RunStore::plans() const {
  std::vector<StoredPlan> result;
  Database::Query query = impl_->database.query(
      "SELECT model, method, prompt, plan, error, seconds FROM plans ORDER BY 1, 2, 3");
  while (query->step()) {
    StoredPlan plan;
    plan.model = query->text(0);
    plan.method = query->text(1);
    plan.prompt = query->text(2);
    plan.plan = query->text(3);
    plan.error = query->text(4);
    plan.seconds = query->real(5);
    result.push_back(std::move(plan));
  }
  return result;
}

void RunStore::lay_out(const std::vector<RunItem>& items,
                       const std::vector<PictureTask>& pictures) {
  Transaction transaction(impl_->database);
  require(!is_laid_out(), ErrorCode::kInvalidArgument, "the run is laid out already");
  std::int64_t place = 0;
  for (const PictureTask& picture : pictures) {
    impl_->database.run("INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, '', '')",
                        picture.key, picture.batch, place++, picture.model, picture.method,
                        picture.prompt, picture.guidance, picture.seed);
  }
  for (const RunItem& item : items) {
    impl_->database.run(
        "INSERT INTO items (model, method, prompt, guidance, image, picture) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        item.model, item.method, item.prompt, item.guidance, item.image, item.key);
  }
  transaction.commit();
}

bool RunStore::is_laid_out() const {
  return impl_->database.number("SELECT count(*) FROM items").value_or(0) > 0;
}

std::vector<RunItem> RunStore::items() const {
  std::vector<RunItem> result;
  Database::Query query = impl_->database.query(
      "SELECT model, method, prompt, guidance, image, picture FROM items ORDER BY number");
  while (query->step()) {
    RunItem item;
    item.model = query->text(0);
    item.method = query->text(1);
    item.prompt = query->text(2);
    item.guidance = query->real(3);
    item.image = query->integer(4);
    item.key = query->text(5);
    result.push_back(std::move(item));
  }
  return result;
}

std::vector<PictureRecord> RunStore::pictures() const {
  std::vector<PictureRecord> result;
  Database::Query query = impl_->database.query(
      "SELECT key, batch, model, method, prompt, guidance, seed, state, sha256, error "
      "FROM pictures ORDER BY batch, place");
  while (query->step()) {
    PictureRecord record;
    record.task.key = query->text(0);
    record.task.batch = query->integer(1);
    record.task.model = query->text(2);
    record.task.method = query->text(3);
    record.task.prompt = query->text(4);
    record.task.guidance = query->real(5);
    record.task.seed = query->integer(6);
    record.state = static_cast<PictureState>(query->integer(7));
    record.sha256 = query->text(8);
    record.error = query->text(9);
    result.push_back(std::move(record));
  }
  return result;
}

std::int64_t RunStore::batch_count() const {
  return impl_->database.number("SELECT max(batch) + 1 FROM pictures").value_or(0);
}

void RunStore::finish_batch(std::int64_t batch, const std::vector<Finished>& pictures,
                            const BatchTimes& times) {
  Transaction transaction(impl_->database);
  for (const Finished& picture : pictures) {
    impl_->database.run("UPDATE pictures SET state = 1, sha256 = ?, error = '' WHERE key = ?",
                        picture.sha256, picture.key);
  }
  impl_->database.run("INSERT OR REPLACE INTO batches VALUES (?, ?, ?, ?)", batch,
                      static_cast<std::int64_t>(times.pictures), times.seconds,
                      times.prepare_seconds);
  transaction.commit();
}

void RunStore::fail_picture(const std::string& key, const std::string& error) {
  impl_->database.run("UPDATE pictures SET state = 2, error = ? WHERE key = ? AND state <> 1",
                      error, key);
}

void RunStore::reopen_failed() {
  impl_->database.run("UPDATE pictures SET state = 0, error = '' WHERE state = 2");
}

std::vector<BatchTimes> RunStore::times() const {
  std::vector<BatchTimes> result;
  Database::Query query = impl_->database.query(
      "SELECT pictures, seconds, prepare_seconds FROM batches ORDER BY number");
  while (query->step()) {
    result.push_back({static_cast<std::size_t>(query->integer(0)), query->real(1), query->real(2)});
  }
  return result;
}

void RunStore::merge(const RunStore& other) {
  const std::vector<RunItem> own = items();
  const std::vector<RunItem> theirs = other.items();
  const bool same = std::equal(
      own.begin(), own.end(), theirs.begin(), theirs.end(), [](const RunItem& a, const RunItem& b) {
        return a.key == b.key && a.method == b.method && a.prompt == b.prompt && a.image == b.image;
      });
  require(same, ErrorCode::kInvalidArgument,
          "the shards do not hold the same items: they were planned with different catalogues or "
          "adapter files; give every shard the same ones");
  Transaction transaction(impl_->database);
  for (const PictureRecord& record : other.pictures()) {
    if (record.state == PictureState::kDone) {
      impl_->database.run("UPDATE pictures SET state = 1, sha256 = ?, error = '' WHERE key = ?",
                          record.sha256, record.task.key);
    } else if (record.state == PictureState::kFailed) {
      impl_->database.run("UPDATE pictures SET state = 2, error = ? WHERE key = ? AND state = 0",
                          record.error, record.task.key);
    }
  }
  Database::Query query =
      other.impl_->database.query("SELECT number, pictures, seconds, prepare_seconds FROM batches");
  while (query->step()) {
    impl_->database.run("INSERT OR IGNORE INTO batches VALUES (?, ?, ?, ?)", query->integer(0),
                        query->integer(1), query->real(2), query->real(3));
  }
  transaction.commit();
}

}  // namespace stylus::evaluator
