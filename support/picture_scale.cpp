#include "support/picture_scale.h"

#include <algorithm>
#include <vector>

#include "support/error.h"

namespace stylus {
namespace {

/// The old pixels under one new pixel along an axis, with the share of each that it covers.
struct Cover {
  std::int64_t first = 0;
  std::vector<double> shares;  ///< They sum to 1.
};

std::vector<Cover> covers(std::int64_t from, std::int64_t to) {
  std::vector<Cover> all(static_cast<std::size_t>(to));
  const double step = static_cast<double>(from) / static_cast<double>(to);
  for (std::int64_t i = 0; i < to; ++i) {
    const double begin = static_cast<double>(i) * step;
    const double end = std::min(begin + step, static_cast<double>(from));
    Cover& cover = all[static_cast<std::size_t>(i)];
    cover.first = std::min(static_cast<std::int64_t>(begin), from - 1);
    for (std::int64_t old = cover.first; old < from && static_cast<double>(old) < end; ++old) {
      const double inside =
          std::min(end, static_cast<double>(old + 1)) - std::max(begin, static_cast<double>(old));
      cover.shares.push_back(std::max(inside, 0.0) / (end - begin));
    }
  }
  return all;
}

}  // namespace

Picture scaled_to_fit(const Picture& picture, std::int64_t side) {
  require(side > 0 && picture.width > 0 && picture.height > 0, ErrorCode::kInvalidArgument,
          "cannot scale a picture of ", picture.width, " x ", picture.height, " to ", side,
          " pixels");
  const std::int64_t longest = std::max(picture.width, picture.height);
  if (longest <= side) {
    return picture;
  }
  const std::int64_t width = std::max<std::int64_t>(1, picture.width * side / longest);
  const std::int64_t height = std::max<std::int64_t>(1, picture.height * side / longest);
  const std::vector<Cover> columns = covers(picture.width, width);
  const std::vector<Cover> rows = covers(picture.height, height);
  Picture small(width, height);
  for (std::int64_t y = 0; y < height; ++y) {
    const Cover& row = rows[static_cast<std::size_t>(y)];
    for (std::int64_t x = 0; x < width; ++x) {
      const Cover& column = columns[static_cast<std::size_t>(x)];
      double sums[3] = {0, 0, 0};
      for (std::size_t j = 0; j < row.shares.size(); ++j) {
        const std::uint8_t* old =
            picture.pixel(column.first, row.first + static_cast<std::int64_t>(j));
        for (const double share : column.shares) {
          for (double& sum : sums) {
            sum += row.shares[j] * share * *old++;
          }
        }
      }
      for (int channel = 0; channel < 3; ++channel) {
        small.pixel(x, y)[channel] = static_cast<std::uint8_t>(sums[channel] + 0.5);
      }
    }
  }
  return small;
}

}  // namespace stylus
