#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

namespace stylus::weights {

/// Numbers in a sketch.
inline constexpr std::size_t kDirectionNumbers = 256;

/// Where the update of an adapter points, small enough to compare thousands: of each layer's update
/// D the products u^T D v with 16 pairs of random vectors of signs, added up in 16 groups of
/// layers, and the whole scaled to length 1. The cosine of two sketches estimates that of the whole
/// updates, with a standard deviation of some 0.06 where they are unrelated. The vectors depend on
/// the layer's name and place only, so that files made anywhere compare; '.' and '_' are one.
///
/// Only plain low-rank layers take part; empty if there is none.
/// Requires: as read_adapter_file().
/// Cost: one pass over the file, about 32 multiply-adds a parameter.
[[nodiscard]] std::vector<float> update_direction(const std::filesystem::path& path);

/// Cosine of two sketches, in [-1, 1]. Requires: equal lengths.
[[nodiscard]] double direction_cosine(std::span<const float> a, std::span<const float> b);

}  // namespace stylus::weights
