#include "catalog/listing.h"

#include <algorithm>
#include <cstdint>

#include "catalog/categories.h"
#include "catalog/cjk.h"
#include "catalog/code_points.h"
#include "catalog/entry.h"
#include "catalog/impl.h"
#include "catalog/words.h"
#include "support/error.h"
#include "support/text.h"

namespace stylus::catalog {
namespace {

constexpr std::size_t kQueryWords = 64;
constexpr std::size_t kQueryBytes = 16384;

bool has_cjk(std::string_view word) {
  CodePoints reader(word);
  while (reader.next()) {
    if (is_cjk(reader.value())) {
      return true;
    }
  }
  return false;
}

bool is_one_character(std::string_view text) {
  CodePoints reader(text);
  return reader.next() && reader.bytes().size() == text.size();
}

/// An FTS5 expression that no input can break: every word in quotes, joined by OR. Words come
/// without quotes themselves, as these are no word characters.
std::string match_expression(std::string_view query) {
  std::string expression;
  const auto add = [&expression](const std::string& term) {
    expression += (expression.empty() ? "" : " OR ") + term;
  };
  for (const std::string& word : words_of(truncate_utf8(query, kQueryBytes), kQueryWords)) {
    if (!has_cjk(word)) {
      add("{name tags triggers description} : \"" + word + "\"");
      continue;
    }
    const std::vector<std::string> pairs = split_list(cjk_bigrams({word}), ' ');
    for (const std::string& pair : pairs) {
      // A single character is the beginning of a pair, unless it ends the run.
      const bool single = pairs.size() == 1 && is_one_character(pair);
      add("{cjk} : \"" + pair + "\"" + (single ? "*" : ""));
    }
  }
  return expression;
}

std::vector<AdapterRow> sorted_rows(Database& database, ListOrder order) {
  std::string_view sql = "SELECT row FROM adapter ORDER BY row";
  if (order == ListOrder::kName) {
    sql = "SELECT row FROM adapter ORDER BY name COLLATE NOCASE, row";
  } else if (order == ListOrder::kDownloads) {
    sql = "SELECT row FROM adapter ORDER BY downloads DESC, row";
  } else if (order == ListOrder::kAdded) {
    sql = "SELECT row FROM adapter ORDER BY row DESC";
  }
  std::vector<AdapterRow> rows;
  Database::Query query = database.query(sql);
  while (query->step()) {
    rows.push_back(query->integer(0));
  }
  return rows;
}

AdapterSet rows_of_category(Database& database, AdapterRow max_row, const std::string& category) {
  AdapterSet rows(max_row);
  Database::Query query =
      database.query("SELECT row, categories FROM adapter WHERE instr(categories, ?1) > 0");
  query->bind(category);
  while (query->step()) {
    const std::vector<std::string> names = unpack_list(query->text(1));
    if (std::find(names.begin(), names.end(), category) != names.end()) {
      rows.insert(query->integer(0));
    }
  }
  return rows;
}

}  // namespace

std::vector<TextMatch> search_text(const Catalog& catalog, std::string_view query, std::size_t k) {
  std::vector<TextMatch> matches;
  const std::string expression = match_expression(query);
  if (expression.empty() || k == 0) {
    return matches;
  }
  // Pairs of characters weigh like tags: they do not tell their field.
  Database::Query statement = catalog.impl().database.query(
      "SELECT rowid, bm25(document_index, 3.0, 2.0, 1.0, 0.5, 2.0) AS cost FROM document_index "
      "WHERE document_index MATCH ?1 ORDER BY cost, rowid LIMIT ?2");
  statement->bind(expression, static_cast<std::int64_t>(std::min(k, std::size_t{1} << 40U)));
  while (statement->step()) {
    matches.push_back({statement->integer(0), -statement->real(1)});
  }
  return matches;
}

Listing list_adapters(const Catalog& catalog, const ListOptions& options) {
  Database& database = catalog.impl().database;
  const auto names = category_names();
  require(options.category.empty() ||
              std::find(names.begin(), names.end(), options.category) != names.end(),
          ErrorCode::kInvalidArgument, "there is no category '", options.category,
          "': choose one of ", join(std::vector<std::string>(names.begin(), names.end()), ", "));
  const CompiledFilter filter = options.all ? CompiledFilter{} : catalog.compile(options.filter);
  AdapterSet category;
  if (!options.category.empty()) {
    category = rows_of_category(database, catalog.max_row(), options.category);
  }
  std::vector<AdapterRow> rows;
  if (options.match.empty()) {
    rows = sorted_rows(database, options.order);
  } else {
    for (const TextMatch& match : search_text(catalog, options.match, SIZE_MAX)) {
      rows.push_back(match.row);
    }
  }
  std::erase_if(rows, [&](AdapterRow row) {
    const bool fits =
        options.all || filter.allowed.contains(row) || filter.only_if_named.contains(row);
    return !fits || (!options.category.empty() && !category.contains(row));
  });
  Listing listing{rows.size(), {}};
  const std::size_t begin = std::min(options.offset, rows.size());
  const std::size_t end =
      options.limit == 0 ? rows.size() : std::min(rows.size(), begin + options.limit);
  listing.rows.assign(rows.begin() + static_cast<std::ptrdiff_t>(begin),
                      rows.begin() + static_cast<std::ptrdiff_t>(end));
  return listing;
}

}  // namespace stylus::catalog
