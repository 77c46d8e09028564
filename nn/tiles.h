#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace stylus::nn {

/// How a picture is cut and its converted tiles put together again.
struct TilePlan {
  std::int64_t tile = 0;   ///< Side of a tile before conversion.
  std::int64_t step = 0;   ///< From one tile to the next, before conversion.
  std::int64_t blend = 0;  ///< Pixels blended with the tile above and to the left, after it.
  std::int64_t keep = 0;   ///< Pixels kept of a tile, after conversion.
};

/// Cuts x [B, C, H, W] into overlapping tiles, converts each, blends and joins the results.
/// Tiles at the right and the bottom may be smaller. In memory at a time: two rows of results.
/// Source: tiled_decode of diffusers' AutoencoderKL.
[[nodiscard]] at::Tensor convert_in_tiles(
    const at::Tensor& x, const TilePlan& plan,
    const std::function<at::Tensor(const at::Tensor&)>& convert);

}  // namespace stylus::nn
