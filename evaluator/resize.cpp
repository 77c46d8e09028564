#include "evaluator/resize.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "support/error.h"

namespace stylus::evaluator {
namespace {

/// Which inputs make an output, and how much each counts.
struct Taps {
  std::int64_t first = 0;
  std::vector<double> weights;  // sum 1
};

double support_of(Filter filter) {
  switch (filter) {
    case Filter::kBox:
      return 0.5;
    case Filter::kBilinear:
      return 1.0;
    case Filter::kBicubic:
      return 2.0;
    case Filter::kLanczos:
      return 3.0;
  }
  return 1.0;
}

double sinc(double x) {
  const double angle = std::numbers::pi * x;
  return x == 0 ? 1.0 : std::sin(angle) / angle;
}

double value_of(Filter filter, double x) {
  switch (filter) {
    case Filter::kBox:
      return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
    case Filter::kBilinear:
      return std::max(0.0, 1.0 - std::abs(x));
    case Filter::kBicubic: {
      constexpr double a = -0.5;
      x = std::abs(x);
      if (x < 1) {
        return ((a + 2) * x - (a + 3)) * x * x + 1;
      }
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0.0;
    }
    case Filter::kLanczos:
      return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0.0;
  }
  return 0.0;
}

std::vector<Taps> taps_of(std::int64_t in, std::int64_t out, Filter filter) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double stretch = std::max(scale, 1.0);
  const double support = support_of(filter) * stretch;
  std::vector<Taps> all(static_cast<std::size_t>(out));
  for (std::int64_t i = 0; i < out; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const std::int64_t low =
        std::max<std::int64_t>(static_cast<std::int64_t>(centre - support + 0.5), 0);
    const std::int64_t high =
        std::min<std::int64_t>(static_cast<std::int64_t>(centre + support + 0.5), in);
    Taps& taps = all[static_cast<std::size_t>(i)];
    taps.first = low;
    double sum = 0;
    for (std::int64_t j = low; j < high; ++j) {
      const double weight =
          value_of(filter, (static_cast<double>(j) - centre + 0.5) * (1.0 / stretch));
      taps.weights.push_back(weight);
      sum += weight;
    }
    if (sum != 0) {
      for (double& weight : taps.weights) {
        weight /= sum;
      }
    }
  }
  return all;
}

constexpr int kFixedBits = 22;

/// The weights in fixed point, rounded half away from zero.
std::vector<std::int64_t> fixed_weights(const Taps& taps) {
  std::vector<std::int64_t> fixed;
  for (const double weight : taps.weights) {
    const double scaled = weight * (1 << kFixedBits);
    fixed.push_back(static_cast<std::int64_t>(scaled + (weight < 0 ? -0.5 : 0.5)));
  }
  return fixed;
}

/// One pass over bytes: `count` lines, neighbours along the pass `step` bytes apart.
void pass(const std::uint8_t* in, std::uint8_t* out, const std::vector<Taps>& all,
          std::int64_t lines, std::int64_t in_line, std::int64_t out_line, std::int64_t step) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::vector<std::int64_t> weights = fixed_weights(all[i]);
    for (std::int64_t line = 0; line < lines; ++line) {
      const std::uint8_t* from = in + line * in_line + all[i].first * step;
      std::int64_t sum = std::int64_t{1} << (kFixedBits - 1);
      for (const std::int64_t weight : weights) {
        sum += weight * *from;
        from += step;
      }
      out[line * out_line + static_cast<std::int64_t>(i) * step] =
          static_cast<std::uint8_t>(std::clamp<std::int64_t>(sum >> kFixedBits, 0, 255));
    }
  }
}

void check_size(std::int64_t width, std::int64_t height) {
  require(width >= 1 && height >= 1 && width <= kMaxPictureSide && height <= kMaxPictureSide,
          ErrorCode::kInvalidArgument, "a picture cannot be resized to ", width, " x ", height,
          "; both sides must be from 1 to ", kMaxPictureSide);
}

}  // namespace

Filter filter_named(std::string_view name) {
  if (name == "box") {
    return Filter::kBox;
  }
  if (name == "bilinear") {
    return Filter::kBilinear;
  }
  if (name == "bicubic") {
    return Filter::kBicubic;
  }
  require(name == "lanczos", ErrorCode::kInvalidArgument, "'", name,
          "' is no filter; use box, bilinear, bicubic or lanczos");
  return Filter::kLanczos;
}

Picture resize_picture(const Picture& picture, std::int64_t width, std::int64_t height,
                       Filter filter) {
  check_size(width, height);
  const Picture* source = &picture;
  Picture across;
  if (width != picture.width) {
    across = Picture(width, picture.height);
    const std::vector<Taps> taps = taps_of(picture.width, width, filter);
    for (std::int64_t channel = 0; channel < 3; ++channel) {
      pass(picture.rgb.data() + channel, across.rgb.data() + channel, taps, picture.height,
           picture.width * 3, width * 3, 3);
    }
    source = &across;
  }
  if (height == picture.height) {
    return *source;
  }
  Picture result(width, height);
  // Down: the lines of the pass are the columns and their channels.
  pass(source->rgb.data(), result.rgb.data(), taps_of(picture.height, height, filter), width * 3, 1,
       1, width * 3);
  return result;
}

std::vector<float> resize_plane(const std::vector<float>& values, std::int64_t input_width,
                                std::int64_t input_height, std::int64_t width, std::int64_t height,
                                Filter filter) {
  check_size(width, height);
  require(input_width > 0 && input_height > 0 &&
              values.size() == static_cast<std::size_t>(input_width * input_height),
          ErrorCode::kInvalidArgument, values.size(), " values are no plane of ", input_width,
          " x ", input_height);
  const auto apply = [](const std::vector<float>& in, const std::vector<Taps>& all,
                        std::int64_t lines, std::int64_t in_line, std::int64_t out_line,
                        std::int64_t step) {
    std::vector<float> out(static_cast<std::size_t>(lines) * all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      for (std::int64_t line = 0; line < lines; ++line) {
        double sum = 0;
        std::int64_t place = line * in_line + all[i].first * step;
        for (const double weight : all[i].weights) {
          sum += weight * static_cast<double>(in[static_cast<std::size_t>(place)]);
          place += step;
        }
        out[static_cast<std::size_t>(line * out_line + static_cast<std::int64_t>(i) * step)] =
            static_cast<float>(sum);
      }
    }
    return out;
  };
  std::vector<float> result = values;
  if (width != input_width) {
    result =
        apply(result, taps_of(input_width, width, filter), input_height, input_width, width, 1);
  }
  if (height != input_height) {
    result = apply(result, taps_of(input_height, height, filter), width, 1, 1, width);
  }
  return result;
}

Picture resize_and_crop(const Picture& picture, std::int64_t size, Filter filter) {
  require(picture.width > 0 && picture.height > 0, ErrorCode::kInvalidArgument,
          "an empty picture cannot be resized");
  const bool is_wide = picture.width >= picture.height;
  const std::int64_t longer = size * (is_wide ? picture.width : picture.height) /
                              (is_wide ? picture.height : picture.width);
  const Picture scaled =
      resize_picture(picture, is_wide ? longer : size, is_wide ? size : longer, filter);
  const std::int64_t left = (scaled.width - size) / 2;
  const std::int64_t top = (scaled.height - size) / 2;
  Picture result(size, size);
  for (std::int64_t y = 0; y < size; ++y) {
    const std::uint8_t* from = scaled.pixel(left, top + y);
    std::copy(from, from + size * 3, result.pixel(0, y));
  }
  return result;
}

}  // namespace stylus::evaluator
