#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "catalog/card_text.h"

namespace stylus::retriever {

// The bytes of an index file, little endian. Format: docs/formats.md#index

inline constexpr std::array<char, 8> kIndexMagic = {'S', 'T', 'Y', 'L', 'I', 'N', 'D', 'X'};
inline constexpr std::uint32_t kIndexVersion = 1;
inline constexpr std::uint32_t kByteOrder = 0x01020304;
inline constexpr std::size_t kSectionAlignment = 64;

/// The fields of BM25F, in the order of the index.
using catalog::kDescription, catalog::kTags, catalog::kTitle, catalog::kTriggers;
inline constexpr std::size_t kFields = catalog::kCardFields;

/// The vectors of an adapter, in the order of the index.
inline constexpr std::size_t kVectorFields = 3;
inline constexpr std::array<const char*, kVectorFields> kVectorFieldNames = {"title", "title_tags",
                                                                             "summary"};

enum SectionId : std::size_t {
  kPresent,       ///< u64: bit b of word w: slot 64 w + b holds an adapter.
  kRows,          ///< u32 row of each slot; empty: slot = row.
  kFieldLengths,  ///< u16 [slots, kFields]: terms a field.
  kTermOffsets,   ///< u64 [terms + 1] into kTermBytes; stems in byte order.
  kTermBytes,     ///< stems, one after the other.
  kTerms,         ///< TermEntry [terms]
  kPostings,      ///< Posting; those of one term together, slots ascending.
  kTagOffsets,    ///< u32 [slots + 1] into kTagTerms.
  kTagTerms,      ///< u32: per tag its number of terms, then their numbers.
  kPhrases,       ///< PhraseEntry: open addressing by hash, a power of two entries.
  kPhraseHits,    ///< u32: slot * 2 + 1 for a trigger, + 0 for a name; ascending a phrase.
  kVectors,       ///< binary16 [slots, kVectorFields, dim]
  kCodes,         ///< u8 [slots, kCodeBytes]; empty in a small index.
  kCodeScales,    ///< f32 [slots]
  kRotation,      ///< binary16 [kCodeDim, dim]: mixed vector -> numbers of the code.
  kSections
};

struct Section {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

struct IndexHeader {
  std::array<char, 8> magic = kIndexMagic;
  std::uint32_t version = kIndexVersion;
  std::uint32_t byte_order = kByteOrder;
  std::uint64_t file_bytes = 0;
  std::int64_t revision = 0;                            ///< Of the catalogue that was read.
  std::array<char, 64> encoder = {};                    ///< First 63 bytes of the encoder's id.
  std::uint64_t slots = 0;                              ///< Highest slot + 1.
  std::uint64_t documents = 0;                          ///< Adapters.
  std::uint64_t vectors = 0;                            ///< Adapters with all their vectors.
  std::array<std::uint64_t, kFields> field_terms = {};  ///< Sum of the field lengths.
  std::uint32_t dim = 0;                                ///< Of the vectors; 0 without an encoder.
  std::uint32_t max_field_length = 0;
  std::array<float, kVectorFields> mix = {};  ///< Weights of the mixed vector of the codes.
  std::uint32_t reserved = 0;
  std::array<Section, kSections> sections = {};
  std::uint64_t checksum = 0;  ///< FNV-1a of the header's bytes before this field.
};
static_assert(sizeof(IndexHeader) % 8 == 0);
static_assert(offsetof(IndexHeader, checksum) + 8 == sizeof(IndexHeader), "no padding at the end");

struct TermEntry {
  std::uint64_t first_posting = 0;
  std::uint32_t postings = 0;                              ///< Adapters with the term in any field.
  std::array<std::uint32_t, kFields> field_postings = {};  ///< … in each field.
  std::uint32_t reserved = 0;
};
static_assert(sizeof(TermEntry) == 32);

struct Posting {
  std::uint32_t slot = 0;
  std::array<std::uint8_t, kFields> count = {};  ///< Occurrences by field, at most 255.
};
static_assert(sizeof(Posting) == 8);

struct PhraseEntry {
  std::uint64_t hash = 0;
  std::uint32_t first_hit = 0;
  std::uint32_t hits = 0;  ///< 0: no phrase here.
};
static_assert(sizeof(PhraseEntry) == 16);

/// Hash of bytes for checksums and phrases (Fowler-Noll-Vo 1a, 64 bit). Continues from `state`.
inline constexpr std::uint64_t kHashStart = 0xCBF29CE484222325ULL;
[[nodiscard]] inline std::uint64_t hash_bytes(const void* data, std::size_t size,
                                              std::uint64_t state = kHashStart) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  for (std::size_t i = 0; i < size; ++i) {
    state = (state ^ bytes[i]) * 0x100000001B3ULL;
  }
  return state;
}

}  // namespace stylus::retriever
