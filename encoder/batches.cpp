#include "encoder/batches.h"

#include <algorithm>

#include "support/parallel.h"

namespace stylus::encoder {
namespace {

// Enough tokens that reading the weights costs little beside the arithmetic, few enough that the
// batch's own numbers stay in a core's cache.
constexpr std::size_t kBatchTokens = 256;
// Below this a second core costs more than it brings.
constexpr std::size_t kSmallestBatchTokens = 12;
constexpr std::size_t kTextsPerPiece = 16;

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t tokens = 0;
};

std::vector<Range> join(const std::vector<TokenIds>& texts) {
  std::size_t total = 0;
  for (const TokenIds& ids : texts) {
    total += ids.size();
  }
  const std::size_t share = (total + hardware_threads() - 1) / hardware_threads();
  const std::size_t limit = std::clamp(share, kSmallestBatchTokens, kBatchTokens);
  std::vector<Range> ranges;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (ranges.empty() || ranges.back().tokens + texts[i].size() > limit) {
      ranges.push_back({i, i, 0});
    }
    ranges.back().end = i + 1;
    ranges.back().tokens += texts[i].size();
  }
  return ranges;
}

}  // namespace

Rows encode_in_batches(std::span<const std::string> texts, std::size_t dim,
                       const std::function<TokenIds(const std::string&)>& tokenize,
                       const std::function<Rows(const Batch&)>& run) {
  std::vector<TokenIds> tokens(texts.size());
  parallel_for(texts.size(), kTextsPerPiece, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      tokens[i] = tokenize(texts[i]);
    }
  });
  std::vector<std::size_t> places;  // of the texts that have tokens
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!tokens[i].empty()) {
      places.push_back(i);
    }
  }
  std::erase_if(tokens, [](const TokenIds& ids) { return ids.empty(); });

  Rows result(texts.size(), dim);
  const std::vector<Range> ranges = join(tokens);
  parallel_for(ranges.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      const Range& range = ranges[r];
      const Rows rows =
          run({std::span(tokens).subspan(range.begin, range.end - range.begin), range.tokens});
      for (std::size_t i = 0; i < rows.rows; ++i) {
        std::copy_n(rows.row(i).begin(), dim, result.row(places[range.begin + i]).begin());
      }
    }
  });
  return result;
}

}  // namespace stylus::encoder
