#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "catalog/adapter.h"

namespace stylus::catalog {

/// A set of catalogue rows as a bitmap: what a filter compiles to.
/// Thread safety: const methods from several threads.
class AdapterSet {
 public:
  AdapterSet() = default;
  /// Empty set with room for rows 0 … max_row.
  explicit AdapterSet(AdapterRow max_row) : words_(static_cast<std::size_t>(max_row) / 64 + 1) {}

  void insert(AdapterRow row) {
    const auto word = static_cast<std::size_t>(row) / 64;
    if (word >= words_.size()) {
      words_.resize(word + 1);
    }
    words_[word] |= bit(row);
  }
  void erase(AdapterRow row) {
    const auto word = static_cast<std::size_t>(row) / 64;
    if (word < words_.size()) {
      words_[word] &= ~bit(row);
    }
  }
  [[nodiscard]] bool contains(AdapterRow row) const {
    const auto word = static_cast<std::size_t>(row) / 64;
    return word < words_.size() && (words_[word] & bit(row)) != 0;
  }
  [[nodiscard]] std::size_t size() const {
    std::size_t total = 0;
    for (const std::uint64_t word : words_) {
      total += static_cast<std::size_t>(std::popcount(word));
    }
    return total;
  }
  /// Rows in both sets, with room for as many rows as this one.
  [[nodiscard]] AdapterSet intersected(const AdapterSet& other) const {
    AdapterSet both = *this;
    for (std::size_t i = 0; i < both.words_.size(); ++i) {
      both.words_[i] &= i < other.words_.size() ? other.words_[i] : 0;
    }
    return both;
  }
  /// Bit b of word w stands for row 64 w + b.
  [[nodiscard]] const std::vector<std::uint64_t>& words() const { return words_; }
  [[nodiscard]] bool operator==(const AdapterSet&) const = default;

 private:
  static std::uint64_t bit(AdapterRow row) {
    return std::uint64_t{1} << (static_cast<std::uint64_t>(row) % 64);
  }
  std::vector<std::uint64_t> words_;
};

}  // namespace stylus::catalog
