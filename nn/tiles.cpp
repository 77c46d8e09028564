#include "nn/tiles.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace stylus::nn {
namespace {

/// Fades from the end of `before` to the start of `tile` along `dim`, inside `tile`.
void blend(const at::Tensor& before, at::Tensor& tile, std::int64_t dim, std::int64_t extent) {
  extent = std::min({before.size(dim), tile.size(dim), extent});
  if (extent <= 0) {
    return;
  }
  std::vector<std::int64_t> shape(4, 1);
  shape[static_cast<std::size_t>(dim)] = extent;
  const at::Tensor share =
      at::arange(extent, tile.options()).div_(static_cast<double>(extent)).view(shape);
  const at::Tensor faded = before.narrow(dim, before.size(dim) - extent, extent);
  at::Tensor start = tile.narrow(dim, 0, extent);
  start.copy_(faded.mul(share.neg().add_(1)).add_(start.mul(share)));
}

}  // namespace

at::Tensor convert_in_tiles(const at::Tensor& x, const TilePlan& plan,
                            const std::function<at::Tensor(const at::Tensor&)>& convert) {
  std::vector<at::Tensor> joined_rows;
  std::vector<at::Tensor> above;
  for (std::int64_t top = 0; top < x.size(2); top += plan.step) {
    const at::Tensor band = x.narrow(2, top, std::min(plan.tile, x.size(2) - top));
    std::vector<at::Tensor> row;
    std::vector<at::Tensor> kept;
    for (std::int64_t left = 0; left < x.size(3); left += plan.step) {
      at::Tensor tile = convert(band.narrow(3, left, std::min(plan.tile, x.size(3) - left)));
      if (!above.empty()) {
        blend(above[row.size()], tile, 2, plan.blend);
      }
      if (!row.empty()) {
        blend(row.back(), tile, 3, plan.blend);
      }
      kept.push_back(tile.narrow(2, 0, std::min(plan.keep, tile.size(2)))
                         .narrow(3, 0, std::min(plan.keep, tile.size(3))));
      row.push_back(std::move(tile));
    }
    joined_rows.push_back(at::cat(kept, 3));
    above = std::move(row);
  }
  return at::cat(joined_rows, 2);
}

}  // namespace stylus::nn
