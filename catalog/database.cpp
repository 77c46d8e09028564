#include "catalog/database.h"

#include <sqlite3.h>

#include <utility>

#include "support/error.h"

namespace stylus::catalog {
namespace {

constexpr int kBusyTimeoutMs = 5'000;

ErrorCode code_of(int result) {
  switch (result & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::kUnavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorCode::kCorruptData;
    default:
      return ErrorCode::kIo;
  }
}

[[noreturn]] void fail_sqlite(sqlite3* connection, int result, std::string_view doing) {
  const ErrorCode code = code_of(result);
  const char* hint = "";
  if (code == ErrorCode::kUnavailable) {
    hint = "; another stylus is writing to it: wait for it or stop it";
  } else if (code == ErrorCode::kCorruptData) {
    hint = "; the file is none of stylus or is damaged: move it away and make it anew";
  }
  fail(code, "the database refused to ", doing, ": ",
       connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(result), " (SQLite ",
       result, ")", hint);
}

}  // namespace

void Statement::Finalizer::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

Statement::Statement(sqlite3* connection, std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v3(connection, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (result != SQLITE_OK) {
    fail_sqlite(connection, result, "read its tables");
  }
  statement_.reset(statement);
}

void Statement::bind_one(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), index, value);
}
void Statement::bind_one(int index, double value) {
  sqlite3_bind_double(statement_.get(), index, value);
}
void Statement::bind_one(int index, std::string_view value) {
  // A null pointer would bind NULL, which is not the empty text.
  sqlite3_bind_text64(statement_.get(), index, value.data() != nullptr ? value.data() : "",
                      value.size(), SQLITE_STATIC, SQLITE_UTF8);
}
void Statement::bind_one(int index, std::span<const std::byte> value) {
  sqlite3_bind_blob64(statement_.get(), index,
                      value.empty() ? "" : static_cast<const void*>(value.data()), value.size(),
                      SQLITE_STATIC);
}
void Statement::bind_one(int index, std::nullopt_t) { sqlite3_bind_null(statement_.get(), index); }

bool Statement::step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) {
    return true;
  }
  if (result != SQLITE_DONE) {
    sqlite3* connection = sqlite3_db_handle(statement_.get());
    fail_sqlite(connection, result, "read or write a row");
  }
  return false;
}

void Statement::reset() noexcept {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}
double Statement::real(int column) const { return sqlite3_column_double(statement_.get(), column); }
std::string_view Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return {data != nullptr ? data : "",
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}
std::span<const std::byte> Statement::blob(int column) const {
  const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement_.get(), column));
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}
bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

void Database::Closer::operator()(sqlite3* connection) const noexcept {
  sqlite3_close_v2(connection);
}

Database::Database(const std::filesystem::path& file, Access access) {
  sqlite3* connection = nullptr;
  const int flags =
      access == Access::kRead ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int result = sqlite3_open_v2(file.c_str(), &connection,
                                     flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  connection_.reset(connection);
  if (result != SQLITE_OK) {
    fail_sqlite(connection, result, "open '" + file.string() + "'");
  }
  sqlite3_busy_timeout(connection, kBusyTimeoutMs);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  execute(
      "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -65536;"
      "PRAGMA temp_store = MEMORY;");
}

Database::Query::Query(Database& owner, std::string_view sql) {
  auto found = owner.pool_.find(sql);
  if (found == owner.pool_.end()) {
    found = owner.pool_.try_emplace(std::string(sql)).first;
  }
  pool_ = &found->second;
  if (pool_->empty()) {
    statement_ = std::make_unique<Statement>(owner.connection_.get(), sql);
  } else {
    statement_ = std::move(pool_->back());
    pool_->pop_back();
  }
}

Database::Query::~Query() {
  statement_->reset();
  try {
    pool_->push_back(std::move(statement_));
  } catch (...) {  // Out of memory: the statement is simply not kept.
    statement_.reset();
  }
}

void Database::execute(const char* script) {
  const int result = sqlite3_exec(connection_.get(), script, nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) {
    fail_sqlite(connection_.get(), result, "prepare itself");
  }
}

Transaction::Transaction(Database& database) : database_(database) {
  database_.run("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (open_) {
    try {
      database_.run("ROLLBACK");
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): SQLite rolled back by itself.
    }
  }
}

void Transaction::commit() {
  database_.run("COMMIT");
  open_ = false;
}

}  // namespace stylus::catalog
