#include "retriever/index_view.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "retriever/kernels.h"
#include "support/error.h"

namespace stylus::retriever {
namespace {

/// Reads the section table of one header; remembers what it is called for messages.
struct SectionReader {
  std::span<const std::byte> bytes;
  const IndexHeader& header;
  std::string_view what;

  template <typename T>
  [[nodiscard]] std::span<const T> any(SectionId id) const {
    const Section& section = header.sections[id];
    const bool inside = section.offset <= bytes.size() &&
                        section.bytes <= bytes.size() - section.offset &&
                        section.offset % kSectionAlignment == 0 && section.bytes % sizeof(T) == 0;
    require(inside, ErrorCode::kCorruptData, "section ", static_cast<int>(id), " of ", what, " (",
            section.bytes, " bytes at ", section.offset, ") does not fit the file of ",
            bytes.size(), " bytes; delete the index, it will be built again");
    return {reinterpret_cast<const T*>(bytes.data() + section.offset), section.bytes / sizeof(T)};
  }

  template <typename T>
  [[nodiscard]] std::span<const T> exactly(SectionId id, std::size_t count) const {
    const std::span<const T> items = any<T>(id);
    require(items.size() == count, ErrorCode::kCorruptData, "section ", static_cast<int>(id),
            " of ", what, " has ", items.size(), " entries, expected ", count,
            "; delete the index, it will be built again");
    return items;
  }

  template <typename T>
  [[nodiscard]] std::span<const T> all_or_none(SectionId id, std::size_t count) const {
    return header.sections[id].bytes == 0 ? std::span<const T>() : exactly<T>(id, count);
  }
};

void check_header(const IndexHeader& header, std::size_t size, std::string_view what) {
  require(header.magic == kIndexMagic, ErrorCode::kCorruptData, what,
          " is not a search index of stylus");
  require(header.version == kIndexVersion && header.byte_order == kByteOrder,
          ErrorCode::kCorruptData, what, " has index version ", header.version, ", expected ",
          kIndexVersion);
  const std::uint64_t checksum = hash_bytes(&header, offsetof(IndexHeader, checksum));
  require(checksum == header.checksum, ErrorCode::kCorruptData, "the header of ", what,
          " is damaged (checksum ", header.checksum, ", computed ", checksum, ")");
  require(header.file_bytes == size, ErrorCode::kCorruptData, what, " has ", size,
          " bytes, its header says ", header.file_bytes);
  constexpr std::uint64_t kMostSlots = std::uint64_t{1} << 31U;
  require(header.slots < kMostSlots && header.documents <= header.slots && header.dim <= 65536 &&
              header.max_field_length <= std::numeric_limits<std::uint16_t>::max(),
          ErrorCode::kCorruptData, "the counts of ", what, " are out of range: ", header.slots,
          " slots, ", header.documents, " adapters, ", header.dim, " dimensions");
}

}  // namespace

IndexView::IndexView(const std::filesystem::path& file) : file_(file) {
  open(file_.bytes(), file.string());
}

IndexView::IndexView(std::string bytes) : memory_(std::move(bytes)) {
  open(std::as_bytes(std::span(memory_)), "the index in memory");
}

void IndexView::open(std::span<const std::byte> bytes, std::string_view what) {
  require(bytes.size() >= sizeof(IndexHeader), ErrorCode::kCorruptData, what, " has ", bytes.size(),
          " bytes, an index has at least ", sizeof(IndexHeader));
  header_ = reinterpret_cast<const IndexHeader*>(bytes.data());
  check_header(*header_, bytes.size(), what);
  const SectionReader read{bytes, *header_, what};
  const std::size_t count = header_->slots;
  const std::size_t width = header_->dim;
  present_ = read.exactly<std::uint64_t>(kPresent, (count + 63) / 64);
  rows_ = read.all_or_none<std::uint32_t>(kRows, count);
  field_lengths_ = read.exactly<std::uint16_t>(kFieldLengths, count * kFields);
  terms_ = read.any<TermEntry>(kTerms);
  term_offsets_ = read.exactly<std::uint64_t>(kTermOffsets, terms_.size() + 1);
  term_bytes_ = read.any<char>(kTermBytes);
  postings_ = read.any<Posting>(kPostings);
  tag_offsets_ = read.exactly<std::uint32_t>(kTagOffsets, count + 1);
  tag_terms_ = read.any<std::uint32_t>(kTagTerms);
  phrases_ = read.any<PhraseEntry>(kPhrases);
  require(phrases_.empty() || std::has_single_bit(phrases_.size()), ErrorCode::kCorruptData,
          "the phrase table of ", what, " has ", phrases_.size(), " entries, no power of two");
  phrase_hits_ = read.any<std::uint32_t>(kPhraseHits);
  vectors_ = read.exactly<std::uint16_t>(kVectors, count * kVectorFields * width);
  codes_ = read.all_or_none<std::uint8_t>(kCodes, count * kCodeBytes);
  const bool coded = !codes_.empty();
  code_scales_ = read.exactly<float>(kCodeScales, coded ? count : 0);
  rotation_ = read.exactly<std::uint16_t>(kRotation, coded ? kCodeDim * width : 0);
}

std::string_view IndexView::encoder() const {
  const auto& name = header_->encoder;
  return {name.data(),
          static_cast<std::size_t>(std::find(name.begin(), name.end(), '\0') - name.begin())};
}

std::optional<std::uint32_t> IndexView::slot_of(std::int64_t row) const {
  if (row < 0 || row > std::numeric_limits<std::uint32_t>::max()) {
    return std::nullopt;
  }
  const auto wanted = static_cast<std::uint32_t>(row);
  if (rows_.empty()) {
    return wanted < slots() ? std::optional(wanted) : std::nullopt;
  }
  const auto place = std::lower_bound(rows_.begin(), rows_.end(), wanted);
  if (place == rows_.end() || *place != wanted) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(place - rows_.begin());
}

std::optional<std::uint32_t> IndexView::find_term(std::string_view stem) const {
  const auto text_of = [&](std::size_t number) -> std::string_view {
    const std::uint64_t begin = term_offsets_[number];
    const std::uint64_t end = term_offsets_[number + 1];
    const bool inside = begin <= end && end <= term_bytes_.size();
    return inside ? std::string_view(term_bytes_.data() + begin, end - begin) : std::string_view();
  };
  std::size_t low = 0;
  std::size_t high = terms_.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (text_of(middle) < stem) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == terms_.size() || text_of(low) != stem) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(low);
}

std::span<const Posting> IndexView::postings(std::uint32_t number) const {
  const TermEntry& entry = terms_[number];
  const std::uint64_t begin = std::min<std::uint64_t>(entry.first_posting, postings_.size());
  return postings_.subspan(begin,
                           std::min<std::uint64_t>(entry.postings, postings_.size() - begin));
}

const Posting* IndexView::find_posting(std::uint32_t number, std::uint32_t slot) const {
  const std::span<const Posting> list = postings(number);
  const auto place = std::lower_bound(
      list.begin(), list.end(), slot,
      [](const Posting& posting, std::uint32_t wanted) { return posting.slot < wanted; });
  return place != list.end() && place->slot == slot ? &*place : nullptr;
}

std::span<const std::uint32_t> IndexView::tag_terms(std::size_t slot) const {
  const std::size_t begin = tag_offsets_[slot];
  const std::size_t end = tag_offsets_[slot + 1];
  const bool inside = begin <= end && end <= tag_terms_.size();
  return inside ? tag_terms_.subspan(begin, end - begin) : std::span<const std::uint32_t>();
}

std::span<const std::uint32_t> IndexView::phrase_hits(std::uint64_t hash) const {
  const std::size_t mask = phrases_.size() - 1;
  // Bounded by the table's size: in a damaged file no entry need be empty.
  for (std::size_t step = 0; step < phrases_.size(); ++step) {
    const PhraseEntry& entry = phrases_[(hash + step) & mask];
    if (entry.hits == 0) {
      break;
    }
    if (entry.hash == hash) {
      const std::size_t begin = std::min<std::size_t>(entry.first_hit, phrase_hits_.size());
      return phrase_hits_.subspan(begin,
                                  std::min<std::size_t>(entry.hits, phrase_hits_.size() - begin));
    }
  }
  return {};
}

}  // namespace stylus::retriever
