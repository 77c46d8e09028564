#include "weights/update_direction.h"

#include <cmath>
#include <cstdint>
#include <string_view>

#include "support/error.h"
#include "weights/adapter_config.h"
#include "weights/factor.h"
#include "weights/layer_update.h"
#include "weights/safetensors_file.h"
#include "weights/update_scale.h"

namespace stylus::weights {
namespace {

constexpr Eigen::Index kPairs = 16;
constexpr std::uint64_t kGroups = kDirectionNumbers / kPairs;

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  return hash;
}

/// Mixes a counter into 64 bits that look random (splitmix64).
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

/// [rows, kPairs] of +1 and -1.
Matrix signs(Eigen::Index rows, std::uint64_t seed) {
  Matrix matrix(rows, kPairs);
  for (Eigen::Index row = 0; row < rows; ++row) {
    std::uint64_t bits = mixed(seed + static_cast<std::uint64_t>(row));
    for (Eigen::Index pair = 0; pair < kPairs; ++pair, bits >>= 1U) {
      matrix(row, pair) = (bits & 1U) != 0 ? 1.0 : -1.0;
    }
  }
  return matrix;
}

bool is_plain(const LayerUpdate& layer) {
  return layer.algorithm == Algorithm::kLora && layer.has(Part::kUp) && layer.has(Part::kDown) &&
         !layer.has(Part::kMid);
}

}  // namespace

std::vector<float> update_direction(const std::filesystem::path& path) {
  const SafetensorsFile file(path);
  const GroupedTensors grouped = group_tensors(file.tensors(), file.metadata());
  std::vector<double> sums(kDirectionNumbers, 0.0);
  bool any = false;
  for (const LayerUpdate& layer : grouped.layers) {
    if (!is_plain(layer)) {
      continue;
    }
    const Matrix down = decode_matrix(*layer.part(Part::kDown));  // [r, I]
    const Matrix up = decode_matrix(*layer.part(Part::kUp));      // [O, r]
    if (up.cols() != down.rows()) {
      continue;
    }
    const std::uint64_t name = hash_of(layer.component + ":" + flattened(layer.module));
    const Matrix narrow = down * signs(down.cols(), mixed(name));     // [r, pairs]
    const Matrix wide = up * narrow;                                  // [O, pairs]
    const Matrix left = signs(up.rows(), mixed(name ^ 0x5bd1e995U));  // [O, pairs]
    const double scale = update_scale(layer, {}).scale;
    const std::size_t group = static_cast<std::size_t>(name % kGroups) * kPairs;
    for (Eigen::Index pair = 0; pair < kPairs; ++pair) {
      sums[group + static_cast<std::size_t>(pair)] += scale * left.col(pair).dot(wide.col(pair));
    }
    any = true;
  }
  double square = 0;
  for (const double sum : sums) {
    square += sum * sum;
  }
  if (!any || !std::isfinite(square) || square <= 0) {
    return {};
  }
  std::vector<float> direction;
  direction.reserve(sums.size());
  for (const double sum : sums) {
    direction.push_back(static_cast<float>(sum / std::sqrt(square)));
  }
  return direction;
}

double direction_cosine(std::span<const float> a, std::span<const float> b) {
  require(a.size() == b.size(), ErrorCode::kInvalidArgument, "the directions have ", a.size(),
          " and ", b.size(), " numbers");
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  }
  return sum;
}

}  // namespace stylus::weights
