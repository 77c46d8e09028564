#include "encoder/attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "encoder/linear.h"
#include "encoder/row_math.h"

namespace stylus::encoder {
namespace {

static_assert(kHeadWidth == kPanelWidth, "a head's values are one panel");

/// Keys as a packed matrix [32, count]: column c of panel p is the key of token 32 p + c. Columns
/// beyond the last token stay zero.
std::vector<float> packed_keys(const Rows& projected, std::size_t first, std::size_t count,
                               std::size_t column) {
  const std::size_t panels = (count + kPanelWidth - 1) / kPanelWidth;
  std::vector<float> packed(panels * kHeadWidth * kPanelWidth);
  for (std::size_t t = 0; t < count; ++t) {
    const auto key = projected.row(first + t).subspan(column, kHeadWidth);
    float* out = packed.data() + t / kPanelWidth * kHeadWidth * kPanelWidth + t % kPanelWidth;
    for (std::size_t i = 0; i < kHeadWidth; ++i) {
      out[i * kPanelWidth] = key[i];
    }
  }
  return packed;
}

}  // namespace

void attend_head(const Rows& projected, std::size_t first, std::size_t count, std::size_t column,
                 Rows& mixed) {
  const std::size_t width = mixed.dim;
  const std::vector<float> keys = packed_keys(projected, first, count, width + column);
  std::vector<float> values(count * kHeadWidth);
  std::vector<const float*> queries(count);
  for (std::size_t t = 0; t < count; ++t) {
    const auto row = projected.row(first + t);
    queries[t] = row.data() + column;
    std::copy_n(row.data() + 2 * width + column, kHeadWidth, values.data() + t * kHeadWidth);
  }

  Rows scores(count, keys.size() / kHeadWidth);
  multiply(queries, {keys.data(), kHeadWidth, scores.dim}, scores.values.data(), scores.dim);
  const float factor = 1.0F / std::sqrt(static_cast<float>(kHeadWidth));
  for (std::size_t t = 0; t < count; ++t) {
    const std::span<float> row = scores.row(t).first(count);
    scale(row, factor);
    softmax(row);
  }
  multiply(row_pointers(scores), {values.data(), count, kHeadWidth},
           mixed.row(first).data() + column, width);
}

}  // namespace stylus::encoder
