#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace stylus::catalog {

/// A second, independent look at a catalogue file: plain SQLite, none of our code.
class RawDatabase {
 public:
  explicit RawDatabase(const std::filesystem::path& file) {
    sqlite3* connection = nullptr;
    const int result = sqlite3_open(file.c_str(), &connection);
    connection_.reset(connection);
    if (result != SQLITE_OK) {
      throw std::runtime_error("cannot open " + file.string());
    }
  }

  /// All rows of a query as text, one line a row.
  [[nodiscard]] std::string rows(const std::string& sql) const {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(connection_.get(), sql.c_str(), -1, &raw, nullptr) != SQLITE_OK) {
      throw std::runtime_error(sql + ": " + sqlite3_errmsg(connection_.get()));
    }
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
    std::string text;
    int result = SQLITE_ROW;
    while ((result = sqlite3_step(raw)) == SQLITE_ROW) {
      for (int i = 0; i < sqlite3_column_count(raw); ++i) {
        const void* bytes = sqlite3_column_blob(raw, i);
        text += i == 0 ? "" : "|";
        if (bytes != nullptr) {
          text.append(static_cast<const char*>(bytes),
                      static_cast<std::size_t>(sqlite3_column_bytes(raw, i)));
        }
      }
      text += '\n';
    }
    if (result != SQLITE_DONE) {
      throw std::runtime_error(sql + ": " + sqlite3_errmsg(connection_.get()));
    }
    return text;
  }

  void run(const std::string& sql) const { (void)rows(sql); }

  /// Everything that an import stores, row by row.
  [[nodiscard]] std::string content() const {
    std::string text;
    for (const char* table : {"meta", "adapter", "document", "prompts", "version_notes", "source",
                              "place", "known_hash", "stem", "facet", "tag", "overlay", "vector",
                              "refinement", "trigger_phrase", "model_reply"}) {
      text += std::string("== ") + table + "\n" +
              rows(std::string("SELECT * FROM ") + table +
                   (std::string(table) == "facet" ? " ORDER BY 1, 2, 3" : " ORDER BY 1, 2"));
    }
    return text;
  }

  /// "" if SQLite and FTS5 find nothing wrong.
  [[nodiscard]] std::string damage() const {
    const std::string check = rows("PRAGMA integrity_check");
    if (check != "ok\n") {
      return check;
    }
    try {
      run("INSERT INTO document_index (document_index, rank) VALUES ('integrity-check', 1)");
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return rows("PRAGMA foreign_key_check");
  }

 private:
  struct Closer {
    void operator()(sqlite3* connection) const { sqlite3_close(connection); }
  };
  std::unique_ptr<sqlite3, Closer> connection_;
};

}  // namespace stylus::catalog
