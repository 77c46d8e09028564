#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "retriever/index_format.h"
#include "support/file.h"

namespace stylus::retriever {

/// A read-only index: a mapped file, or bytes in memory.
///
/// Opening checks the header, its checksum and that every section lies in the file with the size
/// that the counts ask for; the contents are not read. So every accessor here checks the ranges
/// that it was given by the contents: a damaged file can give wrong answers, never a crash.
///
/// Requires: an index of this version, else Error(kCorruptData).
/// Thread safety: const methods from several threads.
/// Cost: a few microseconds to open, whatever the size.
class IndexView {
 public:
  explicit IndexView(const std::filesystem::path& file);
  explicit IndexView(std::string bytes);
  IndexView(IndexView&&) noexcept = default;
  IndexView& operator=(IndexView&&) noexcept = default;

  [[nodiscard]] const IndexHeader& header() const { return *header_; }
  [[nodiscard]] std::size_t slots() const { return header_->slots; }
  [[nodiscard]] std::size_t dim() const { return header_->dim; }
  [[nodiscard]] std::string_view encoder() const;
  [[nodiscard]] bool has_codes() const { return !codes_.empty(); }

  [[nodiscard]] std::span<const std::uint64_t> present() const { return present_; }
  [[nodiscard]] bool is_present(std::size_t slot) const {
    return slot < slots() && (present_[slot / 64] >> (slot % 64) & 1U) != 0;
  }
  [[nodiscard]] bool slot_is_row() const { return rows_.empty(); }
  [[nodiscard]] std::uint32_t row_of(std::size_t slot) const {
    return rows_.empty() ? static_cast<std::uint32_t>(slot) : rows_[slot];
  }
  /// Slot of a row, if the index has one (the adapter may still be absent).
  [[nodiscard]] std::optional<std::uint32_t> slot_of(std::int64_t row) const;

  /// Terms of each field of a slot. Requires: slot < slots().
  [[nodiscard]] const std::uint16_t* field_lengths(std::size_t slot) const {
    return field_lengths_.data() + slot * kFields;
  }

  [[nodiscard]] std::size_t terms() const { return terms_.size(); }
  [[nodiscard]] std::optional<std::uint32_t> find_term(std::string_view stem) const;
  [[nodiscard]] const TermEntry& term(std::uint32_t number) const { return terms_[number]; }
  [[nodiscard]] std::span<const Posting> postings(std::uint32_t number) const;
  /// The posting of one slot, or nullptr.
  [[nodiscard]] const Posting* find_posting(std::uint32_t number, std::uint32_t slot) const;

  /// Tags of a slot as in kTagTerms.
  [[nodiscard]] std::span<const std::uint32_t> tag_terms(std::size_t slot) const;
  [[nodiscard]] std::span<const std::uint32_t> phrase_hits(std::uint64_t hash) const;

  /// binary16 [kVectorFields, dim]. Requires: slot < slots() and dim() > 0.
  [[nodiscard]] const std::uint16_t* vectors(std::size_t slot) const {
    return vectors_.data() + slot * kVectorFields * dim();
  }
  [[nodiscard]] std::span<const std::uint8_t> codes() const { return codes_; }
  [[nodiscard]] std::span<const float> code_scales() const { return code_scales_; }
  [[nodiscard]] std::span<const std::uint16_t> rotation() const { return rotation_; }

 private:
  void open(std::span<const std::byte> bytes, std::string_view what);

  MappedFile file_;
  std::string memory_;
  const IndexHeader* header_ = nullptr;
  std::span<const std::uint64_t> present_;
  std::span<const std::uint32_t> rows_;
  std::span<const std::uint16_t> field_lengths_;
  std::span<const std::uint64_t> term_offsets_;
  std::span<const char> term_bytes_;
  std::span<const TermEntry> terms_;
  std::span<const Posting> postings_;
  std::span<const std::uint32_t> tag_offsets_;
  std::span<const std::uint32_t> tag_terms_;
  std::span<const PhraseEntry> phrases_;
  std::span<const std::uint32_t> phrase_hits_;
  std::span<const std::uint16_t> vectors_;
  std::span<const std::uint8_t> codes_;
  std::span<const float> code_scales_;
  std::span<const std::uint16_t> rotation_;
};

}  // namespace stylus::retriever
