#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace stylus::composer {

/// Adapters of one keyword, as places in the plan's adapter list.
using MaskGroup = std::vector<std::size_t>;

/// Which adapters are on in each of `images` images (Stylus paper 3.3): per keyword one of them,
/// all, or none.
///
/// The first image has everything on. Each further one is drawn so that it differs most from those
/// before; no image has everything off by itself, and none is repeated before all were used.
/// Adapters in no group are always on. At most 4,096 of the possible masks are considered.
/// Shapes: result [images][adapters].
/// Requires: every place < adapters and in one group at most.
/// Ensures: the same arguments -> the same masks.
/// Cost: images * 4,096 * adapters at worst.
[[nodiscard]] std::vector<std::vector<bool>> draw_masks(const std::vector<MaskGroup>& groups,
                                                        std::size_t adapters, std::size_t images,
                                                        std::int64_t seed);

}  // namespace stylus::composer
