#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

#include "retriever/index_format.h"

namespace stylus::retriever {

/// Cosines of one adapter to one query, by vector field.
using Cosines = std::array<float, kVectorFields>;

/// Running sums of cosines, from which means and deviations follow.
class Moments {
 public:
  void add(const Cosines& cosines) {
    for (std::size_t i = 0; i < kVectorFields; ++i) {
      sum_[i] += cosines[i];
      for (std::size_t j = i; j < kVectorFields; ++j) {
        product_[i][j] += double{cosines[i]} * cosines[j];
      }
    }
    ++count_;
  }
  void add(const Moments& other) {
    for (std::size_t i = 0; i < kVectorFields; ++i) {
      sum_[i] += other.sum_[i];
      for (std::size_t j = i; j < kVectorFields; ++j) {
        product_[i][j] += other.product_[i][j];
      }
    }
    count_ += other.count_;
  }
  [[nodiscard]] double mean(std::size_t i) const { return count_ > 0 ? sum_[i] / n() : 0; }
  [[nodiscard]] double covariance(std::size_t i, std::size_t j) const {
    const double product = i <= j ? product_[i][j] : product_[j][i];
    return count_ > 0 ? product / n() - mean(i) * mean(j) : 0;
  }

 private:
  [[nodiscard]] double n() const { return static_cast<double>(count_); }

  std::array<double, kVectorFields> sum_ = {};
  std::array<std::array<double, kVectorFields>, kVectorFields> product_ = {};
  std::size_t count_ = 0;
};

/// quality-recipe section 5 for one query:
///   0.7 z(z(cos T) + z(cos TT) + z(cos S)) + 0.3 z(BM25F), z(s) = (s - mean) / (std + 1e-9),
/// with means and deviations over the allowed adapters. Without vectors it is z(BM25F), and
/// without known words the first summand alone.
///
/// The deviation of the inner sum needs no second pass over the adapters: it follows from the
/// covariances of the three cosines.
class Fusion {
 public:
  void set_lexical(double mean, double deviation) {
    lexical_mean_ = mean;
    lexical_factor_ = 1 / (deviation + kEpsilon);
    has_lexical_ = true;
  }
  void set_dense(const Moments& moments) {
    double variance = 0;
    for (std::size_t i = 0; i < kVectorFields; ++i) {
      means_[i] = moments.mean(i);
      factors_[i] = 1 / (std::sqrt(std::fmax(0.0, moments.covariance(i, i))) + kEpsilon);
    }
    for (std::size_t i = 0; i < kVectorFields; ++i) {
      for (std::size_t j = 0; j < kVectorFields; ++j) {
        variance += moments.covariance(i, j) * factors_[i] * factors_[j];
      }
    }
    sum_factor_ = 1 / (std::sqrt(std::fmax(0.0, variance)) + kEpsilon);
    has_dense_ = true;
  }
  [[nodiscard]] bool has_dense() const { return has_dense_; }
  [[nodiscard]] bool has_lexical() const { return has_lexical_; }

  [[nodiscard]] double z_cosine(std::size_t field, float cosine) const {
    return (cosine - means_[field]) * factors_[field];
  }
  [[nodiscard]] double z_dense(const Cosines& cosines) const {
    double sum = 0;
    for (std::size_t i = 0; i < kVectorFields; ++i) {
      sum += z_cosine(i, cosines[i]);
    }
    return sum * sum_factor_;  // the inner sum has mean 0
  }
  [[nodiscard]] double z_lexical(float score) const {
    return has_lexical_ ? (score - lexical_mean_) * lexical_factor_ : 0;
  }
  [[nodiscard]] double dense_share() const { return has_dense_ ? 0.7 : 0; }
  [[nodiscard]] double lexical_share() const { return has_dense_ ? 0.3 : 1; }

  /// Never NaN: a damaged index may hold any number, and sorting needs an order.
  [[nodiscard]] float score(const Cosines& cosines, float lexical) const {
    double score = lexical_share() * z_lexical(lexical);
    if (has_dense_) {
      score += dense_share() * z_dense(cosines);
    }
    return std::isnan(score) ? std::numeric_limits<float>::lowest() : static_cast<float>(score);
  }

 private:
  static constexpr double kEpsilon = 1e-9;
  std::array<double, kVectorFields> means_ = {};
  std::array<double, kVectorFields> factors_ = {};
  double sum_factor_ = 0;
  double lexical_mean_ = 0;
  double lexical_factor_ = 0;
  bool has_dense_ = false;
  bool has_lexical_ = false;
};

}  // namespace stylus::retriever
