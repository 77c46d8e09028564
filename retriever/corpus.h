#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "catalog/adapter_set.h"
#include "retriever/index_view.h"

namespace stylus::retriever {

/// One index of the corpus with the slots of it that count.
struct Part {
  IndexView view;
  std::vector<std::uint64_t> live;  ///< By slot: present and not replaced by a later part.
};

/// An adapter: the part in the highest bit, its slot below.
using Place = std::uint32_t;
[[nodiscard]] inline Place place_of(std::size_t part, std::uint32_t slot) {
  return static_cast<Place>(part << 31U) | slot;
}
[[nodiscard]] inline std::size_t part_of(Place place) { return place >> 31U; }
[[nodiscard]] inline std::uint32_t slot_in_part(Place place) { return place & 0x7FFFFFFFU; }

/// A filter in the terms of the parts.
struct AllowedSlots {
  std::vector<std::vector<std::uint64_t>> words;  ///< Per part, by slot; only live ones.
  std::size_t count = 0;
};

/// Where one stem stands in the whole corpus.
struct TermUse {
  std::array<std::optional<std::uint32_t>, 2> numbers;  ///< Per part.
  std::int64_t adapters = 0;                            ///< With the stem in any field.
  std::array<std::int64_t, kFields> field_adapters = {};
};

/// The index file and the small index of what changed since, as one collection: every count and
/// every mean is over both, as if they had been built together.
///
/// Thread safety: const methods from several threads.
class Corpus {
 public:
  explicit Corpus(IndexView base, std::optional<IndexView> tail = std::nullopt);

  [[nodiscard]] std::span<const Part> parts() const { return parts_; }
  [[nodiscard]] std::int64_t row_of(Place place) const {
    return parts_[part_of(place)].view.row_of(slot_in_part(place));
  }
  [[nodiscard]] std::optional<Place> find(std::int64_t row) const;

  [[nodiscard]] std::int64_t adapters() const { return adapters_; }
  [[nodiscard]] std::size_t dim() const { return dim_; }  ///< 0 without vectors.
  /// Whether every part with vectors has first-stage codes.
  [[nodiscard]] bool has_codes() const;
  [[nodiscard]] const std::uint16_t* vectors(Place place) const {
    return parts_[part_of(place)].view.vectors(slot_in_part(place));
  }
  [[nodiscard]] bool is_live(std::size_t part, std::uint32_t slot) const {
    const auto& live = parts_[part].live;
    return slot / 64 < live.size() && (live[slot / 64] >> (slot % 64) & 1U) != 0;
  }

  [[nodiscard]] AllowedSlots allowed_slots(const catalog::AdapterSet& allowed) const;
  /// About `wanted` allowed adapters, one from each equal stretch of the allowed rows, the same for
  /// the same rows however they lie in parts. In order of part and slot.
  [[nodiscard]] std::vector<Place> sample(const AllowedSlots& allowed, std::size_t wanted) const;

  [[nodiscard]] TermUse find_term(std::string_view stem) const;
  [[nodiscard]] double idf(std::int64_t adapters_with) const;
  /// 1 - b + b len / mean len of a field (b = 0.75).
  [[nodiscard]] double length_norm(std::size_t field, std::size_t length) const;
  /// w_f / length_norm, tabled: the factor of a field's count in BM25F.
  [[nodiscard]] float field_factor(std::size_t field, std::size_t length) const {
    const std::vector<float>& table = field_factors_[field];
    return table[length < table.size() ? length : table.size() - 1];
  }

 private:
  void replace_by_tail();
  void count_corpus();

  std::vector<Part> parts_;
  std::vector<std::uint64_t> replaced_;  ///< Slots of the first part that the tail replaces.
  std::int64_t adapters_ = 0;
  std::size_t dim_ = 0;
  std::array<double, kFields> mean_lengths_ = {};
  std::array<std::vector<float>, kFields> field_factors_;
};

}  // namespace stylus::retriever
