#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"

namespace stylus::catalog {

/// An adapter that a text search found.
struct TextMatch {
  AdapterRow row = 0;
  double score = 0;  ///< BM25 over weighted fields; larger is better.
};

/// The k best matches of `query` in names (weight 3), tags (2), triggers (1) and descriptions
/// (0.5), best first, ties by row. Any word may match; words of scripts without blanks match by
/// pairs of characters. Every text is a valid query: quotes, brackets and operators are only
/// characters. Not the ranking of prompts (that is the retriever's), but for people who browse.
///
/// Cost: milliseconds; proportional to how often the words occur.
[[nodiscard]] std::vector<TextMatch> search_text(const Catalog& catalog, std::string_view query,
                                                 std::size_t k);

enum class ListOrder {
  kRow,        ///< In order of import.
  kName,       ///< By name, ignoring case; ties by row.
  kDownloads,  ///< As the cards state them, most first; ties by row.
  kAdded,      ///< Newest row first.
};

struct ListOptions {
  Filter filter{};
  bool all = false;        ///< Everything, whatever the filter says; blocked ones too.
  std::string category{};  ///< "style"; "" = any.
  std::string match{};     ///< Words for search_text(); the matches then come best first.
  ListOrder order = ListOrder::kRow;
  std::size_t limit = 0;  ///< 0 = no limit.
  std::size_t offset = 0;
};

struct Listing {
  std::size_t total = 0;         ///< Adapters that fit, before limit and offset.
  std::vector<AdapterRow> rows;  ///< Of this page, in order; details by Catalog::get().
};

/// Adapters that fit, in order, one page of them. Characters are listed too, as nobody has to
/// name them here.
/// Requires: a category of category_names() or "", else Error(kInvalidArgument).
[[nodiscard]] Listing list_adapters(const Catalog& catalog, const ListOptions& options);

}  // namespace stylus::catalog
