#include "retriever/code_book.h"

#include <faiss/VectorTransform.h>

#include <algorithm>
#include <cmath>
#include <exception>

#include "support/error.h"
#include "support/half.h"
#include "support/parallel.h"

namespace stylus::retriever {
namespace {

constexpr std::size_t kTrainingRows = 20'000;
constexpr std::size_t kBlock = 4096;
constexpr int kRotationSeed = 1234;

/// Every (n / kTrainingRows)-th entry.
std::vector<std::uint32_t> spread_sample(std::span<const std::uint32_t> used) {
  const std::size_t count = std::min(used.size(), kTrainingRows);
  std::vector<std::uint32_t> sample(count);
  for (std::size_t i = 0; i < count; ++i) {
    sample[i] = used[i * used.size() / count];
  }
  return sample;
}

void mix_into(const CodeBook& book, const std::uint16_t* fields, float* mixed) {
  for (std::size_t d = 0; d < book.dim; ++d) {
    mixed[d] = book.mix[0] * from_half(fields[d]) + book.mix[1] * from_half(fields[book.dim + d]) +
               book.mix[2] * from_half(fields[2 * book.dim + d]);
  }
}

/// The deviation of a field's cosines to unit queries, taken over all directions: the root of the
/// vectors' mean squared distance from their mean, up to a factor that all fields share.
std::array<float, kVectorFields> mix_weights(std::span<const std::uint16_t> vectors,
                                             std::size_t dim,
                                             std::span<const std::uint32_t> sample) {
  std::array<float, kVectorFields> weights = {};
  for (std::size_t f = 0; f < kVectorFields; ++f) {
    std::vector<double> sum(dim);
    double squares = 0;
    for (const std::uint32_t slot : sample) {
      const std::uint16_t* vector = vectors.data() + (slot * kVectorFields + f) * dim;
      for (std::size_t d = 0; d < dim; ++d) {
        const double value = from_half(vector[d]);
        sum[d] += value;
        squares += value * value;
      }
    }
    const auto n = static_cast<double>(sample.size());
    double spread = squares / n;
    for (const double total : sum) {
      spread -= (total / n) * (total / n);
    }
    weights[f] = static_cast<float>(1.0 / std::sqrt(std::max(spread, 1e-6)));
  }
  return weights;
}

/// PCA to at most kCodeDim directions, then a random rotation of those: [kCodeDim, dim].
std::vector<std::uint16_t> learn_rotation(const std::vector<float>& mixed, std::size_t rows,
                                          std::size_t dim) {
  const std::size_t kept = std::min(dim, kCodeDim);
  faiss::PCAMatrix pca(static_cast<int>(dim), static_cast<int>(kept));
  pca.train(static_cast<faiss::Index::idx_t>(rows), mixed.data());
  faiss::RandomRotationMatrix turn(static_cast<int>(kept), static_cast<int>(kCodeDim));
  turn.init(kRotationSeed);
  std::vector<float> rotation(kCodeDim * dim);
  for (std::size_t out = 0; out < kCodeDim; ++out) {
    for (std::size_t k = 0; k < kept; ++k) {
      const float factor = turn.A[out * kept + k];
      for (std::size_t d = 0; d < dim; ++d) {
        rotation[out * dim + d] += factor * pca.A[k * dim + d];
      }
    }
  }
  std::vector<std::uint16_t> halves(rotation.size());
  std::transform(rotation.begin(), rotation.end(), halves.begin(), to_half);
  return halves;
}

void pack(const float* numbers, std::uint8_t* code, float& scale) {
  float largest = 0;
  for (std::size_t d = 0; d < kCodeDim; ++d) {
    largest = std::max(largest, std::fabs(numbers[d]));
  }
  scale = largest / 7;
  const float factor = largest > 0 ? 7 / largest : 0;
  const auto number = [&](std::size_t d) {
    return static_cast<std::uint8_t>(std::lrint(numbers[d] * factor) + 8);
  };
  for (std::size_t d = 0; d < kCodeBytes; ++d) {
    code[d] = static_cast<std::uint8_t>(number(d) | (number(d + kCodeBytes) << 4U));
  }
}

}  // namespace

std::vector<float> CodeBook::rotate(std::span<const float> vectors) const {
  const std::size_t count = vectors.size() / dim;
  std::vector<float> numbers(count * kCodeDim);
  faiss::LinearTransform transform(static_cast<int>(dim), static_cast<int>(kCodeDim), false);
  transform.A.resize(rotation.size());
  std::transform(rotation.begin(), rotation.end(), transform.A.begin(), from_half);
  transform.is_trained = true;
  transform.apply_noalloc(static_cast<faiss::Index::idx_t>(count), vectors.data(), numbers.data());
  return numbers;
}

CodeBook train_code_book(std::span<const std::uint16_t> vectors, std::size_t dim,
                         std::span<const std::uint32_t> used) {
  CodeBook book;
  book.dim = dim;
  const std::vector<std::uint32_t> sample = spread_sample(used);
  book.mix = mix_weights(vectors, dim, sample);
  std::vector<float> mixed(sample.size() * dim);
  for (std::size_t i = 0; i < sample.size(); ++i) {
    mix_into(book, vectors.data() + sample[i] * kVectorFields * dim, mixed.data() + i * dim);
  }
  try {
    book.rotation = learn_rotation(mixed, sample.size(), dim);
  } catch (const std::exception& error) {
    fail(ErrorCode::kUnavailable, "faiss could not learn the rotation of ", sample.size(),
         " vectors of ", dim, " dimensions: ", error.what());
  }
  return book;
}

void encode(const CodeBook& book, std::span<const std::uint16_t> vectors,
            std::span<std::uint8_t> codes, std::span<float> scales) {
  const std::size_t slots = scales.size();
  for (std::size_t begin = 0; begin < slots; begin += kBlock) {
    const std::size_t count = std::min(kBlock, slots - begin);
    std::vector<float> mixed(count * book.dim);
    parallel_for(count, 256, [&](std::size_t from, std::size_t to) {
      for (std::size_t i = from; i < to; ++i) {
        mix_into(book, vectors.data() + (begin + i) * kVectorFields * book.dim,
                 mixed.data() + i * book.dim);
      }
    });
    const std::vector<float> numbers = book.rotate(mixed);
    parallel_for(count, 256, [&](std::size_t from, std::size_t to) {
      for (std::size_t i = from; i < to; ++i) {
        pack(numbers.data() + i * kCodeDim, codes.data() + (begin + i) * kCodeBytes,
             scales[begin + i]);
      }
    });
  }
}

CodedQueries code_queries(std::span<const std::uint16_t> rotation, std::size_t dim,
                          std::span<const float> queries) {
  CodedQueries coded;
  const std::size_t count = queries.size() / dim;
  std::array<float[kLanes], kCodeDim> numbers;
  kernels().dot_half(rotation.data(), kCodeDim, queries.data(), dim, count, numbers.data());
  for (std::size_t lane = 0; lane < count; ++lane) {
    float largest = 0;
    for (const auto& number : numbers) {
      largest = std::max(largest, std::fabs(number[lane]));
    }
    const bool usable = std::isfinite(largest) && largest > 0;  // a damaged file may hold NaN
    coded.scale[lane] = usable ? largest / 127 : 0;
    for (std::size_t d = 0; d < kCodeDim; ++d) {
      const long value = usable ? std::lrint(numbers[d][lane] * 127 / largest) : 0;
      coded.values.values[lane][d] = static_cast<std::int8_t>(std::clamp(value, -127L, 127L));
      coded.offset[lane] += 8 * coded.values.values[lane][d];
    }
  }
  return coded;
}

}  // namespace stylus::retriever
