#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "support/picture.h"

namespace stylus::evaluator {

/// Pillow's resampling filters.
enum class Filter : std::uint8_t { kBox, kBilinear, kBicubic, kLanczos };

/// "box", "bilinear", "bicubic" or "lanczos"; Error(kInvalidArgument) for another name.
[[nodiscard]] Filter filter_named(std::string_view name);

/// The picture at another size, equal to Pillow's `Image.resize` byte for byte.
///
/// Downscaling widens the filter (antialias). Two passes, first across, then down; the picture
/// between them is 8-bit too.
/// Requires: width and height from 1 to kMaxPictureSide, else Error(kInvalidArgument).
/// Source: generation-and-evaluation 15.2; Pillow's Resample.c.
[[nodiscard]] Picture resize_picture(const Picture& picture, std::int64_t width,
                                     std::int64_t height, Filter filter);

/// One channel in floating point: Pillow's mode "F". Values are not clipped.
/// Requires: values of input_width * input_height.
[[nodiscard]] std::vector<float> resize_plane(const std::vector<float>& values,
                                              std::int64_t input_width, std::int64_t input_height,
                                              std::int64_t width, std::int64_t height,
                                              Filter filter);

/// The short side to `size` with the shape kept (the long side rounded down as transformers does
/// it), then the middle `size` x `size`.
[[nodiscard]] Picture resize_and_crop(const Picture& picture, std::int64_t size, Filter filter);

}  // namespace stylus::evaluator
