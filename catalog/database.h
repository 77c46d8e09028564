#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace stylus::catalog {

/// A compiled SQL statement. Parameters count from 1 in bind order, columns from 0.
///
/// Texts and blobs are bound without a copy: they must live until step() has returned false or
/// the statement is reset.
class Statement {
 public:
  Statement(sqlite3* connection, std::string_view sql);

  template <typename... Values>
  void bind(const Values&... values) {
    int index = 0;
    (bind_one(++index, values), ...);
  }
  /// True while there is a row to read.
  bool step();
  void reset() noexcept;

  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;
  /// Valid until the next step() or reset().
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::span<const std::byte> blob(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };

  void bind_one(int index, std::int64_t value);
  void bind_one(int index, int value) { bind_one(index, static_cast<std::int64_t>(value)); }
  void bind_one(int index, bool value) { bind_one(index, std::int64_t{value ? 1 : 0}); }
  void bind_one(int index, double value);
  void bind_one(int index, std::string_view value);
  void bind_one(int index, const std::string& value) { bind_one(index, std::string_view(value)); }
  void bind_one(int index, const char* value) { bind_one(index, std::string_view(value)); }
  void bind_one(int index, std::span<const std::byte> value);
  void bind_one(int index, std::nullopt_t);
  template <typename Value>
  void bind_one(int index, const std::optional<Value>& value) {
    value ? bind_one(index, *value) : bind_one(index, std::nullopt);
  }

  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

/// One connection to a SQLite file, with a pool of its compiled statements.
///
/// Errors: Error(kUnavailable) for a lock held too long, Error(kCorruptData) for a file that is
///         no database, Error(kIo) for everything else that SQLite refuses.
/// Thread safety: one thread at a time.
class Database {
 public:
  enum class Access { kRead, kWrite };

  Database(const std::filesystem::path& file, Access access);

  /// A statement borrowed from the pool: reset and given back at the end of its scope, so that a
  /// caller's callback may run the same query again.
  class Query {
   public:
    Query(Database& owner, std::string_view sql);
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    ~Query();
    Statement* operator->() { return statement_.get(); }

   private:
    std::vector<std::unique_ptr<Statement>>* pool_;
    std::unique_ptr<Statement> statement_;
  };

  [[nodiscard]] Query query(std::string_view sql) { return Query(*this, sql); }

  template <typename... Values>
  void run(std::string_view sql, const Values&... values) {
    Query statement(*this, sql);
    statement->bind(values...);
    while (statement->step()) {
    }
  }
  /// First column of the first row, or nothing.
  template <typename... Values>
  [[nodiscard]] std::optional<std::int64_t> number(std::string_view sql, const Values&... values) {
    Query statement(*this, sql);
    statement->bind(values...);
    return statement->step() && !statement->is_null(0) ? std::optional(statement->integer(0))
                                                       : std::nullopt;
  }
  /// Several statements at once, without parameters or results.
  void execute(const char* script);

 private:
  friend class Query;
  struct Closer {
    void operator()(sqlite3* connection) const noexcept;
  };
  std::unique_ptr<sqlite3, Closer> connection_;
  std::map<std::string, std::vector<std::unique_ptr<Statement>>, std::less<>> pool_;
};

/// Everything between construction and commit() is stored together or not at all.
class Transaction {
 public:
  explicit Transaction(Database& database);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace stylus::catalog
