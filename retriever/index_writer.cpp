// IndexBuilder::write(): from what was collected to the bytes of docs/formats.md#index.
#include <algorithm>
#include <bit>
#include <ostream>

#include "retriever/index_builder.h"
#include "support/error.h"

namespace stylus::retriever {
namespace {

/// Lays out sections one after the other, then writes header and sections.
class SectionWriter {
 public:
  template <typename T>
  void add(SectionId id, const std::vector<T>& items) {
    parts_[id] = std::as_bytes(std::span(items));
  }

  void write(IndexHeader& header, std::ostream& out) {
    std::uint64_t offset = aligned(sizeof(IndexHeader));
    for (std::size_t id = 0; id < kSections; ++id) {
      header.sections[id] = {offset, parts_[id].size()};
      offset = aligned(offset + parts_[id].size());
    }
    header.file_bytes = offset;
    header.checksum = hash_bytes(&header, offsetof(IndexHeader, checksum));
    put(out, std::as_bytes(std::span(&header, 1)));
    for (const auto& part : parts_) {
      put(out, part);
    }
  }

 private:
  static std::uint64_t aligned(std::uint64_t offset) {
    return (offset + kSectionAlignment - 1) / kSectionAlignment * kSectionAlignment;
  }
  static void put(std::ostream& out, std::span<const std::byte> bytes) {
    static constexpr std::array<char, kSectionAlignment> kZeros = {};
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    out.write(kZeros.data(), static_cast<std::streamsize>(aligned(bytes.size()) - bytes.size()));
  }

  std::array<std::span<const std::byte>, kSections> parts_ = {};
};

struct TermTexts {
  std::vector<std::uint64_t> offsets = {0};
  std::vector<char> bytes;

  explicit TermTexts(const std::vector<std::string>& stems) {
    for (const std::string& stem : stems) {
      bytes.insert(bytes.end(), stem.begin(), stem.end());
      offsets.push_back(bytes.size());
    }
  }
};

void insert(std::vector<PhraseEntry>& table, const PhraseEntry& entry) {
  const std::size_t mask = table.size() - 1;
  std::size_t place = entry.hash & mask;
  while (table[place].hits != 0) {
    place = (place + 1) & mask;
  }
  table[place] = entry;
}

struct PhraseTable {
  std::vector<PhraseEntry> entries;
  std::vector<std::uint32_t> hits;

  /// `pairs`: (hash, hit), sorted and distinct. At least half of the entries stay empty.
  template <typename Pairs>
  explicit PhraseTable(const Pairs& pairs) {
    std::size_t distinct = 0;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      distinct += i == 0 || pairs[i].hash != pairs[i - 1].hash ? 1 : 0;
    }
    entries.resize(std::bit_ceil(2 * distinct + 1));
    for (std::size_t i = 0; i < pairs.size();) {
      const std::size_t first = i;
      for (; i < pairs.size() && pairs[i].hash == pairs[first].hash; ++i) {
        hits.push_back(pairs[i].hit);
      }
      insert(entries, {pairs[first].hash, static_cast<std::uint32_t>(first),
                       static_cast<std::uint32_t>(i - first)});
    }
  }
};

/// Postings by term; within a term they keep the order in which they came, by slot.
struct PostingLists {
  std::vector<TermEntry> terms;
  std::vector<Posting> postings;

  template <typename Pending>
  PostingLists(const Pending& pending, const std::vector<std::uint32_t>& number) {
    terms.resize(number.size());
    for (const auto& [term, posting] : pending) {
      ++terms[number[term]].postings;
    }
    std::uint64_t total = 0;
    for (TermEntry& entry : terms) {
      entry.first_posting = total;
      total += entry.postings;
    }
    postings.resize(total);
    std::vector<std::uint64_t> next(terms.size());
    std::transform(terms.begin(), terms.end(), next.begin(),
                   [](const TermEntry& entry) { return entry.first_posting; });
    for (const auto& [term, posting] : pending) {
      TermEntry& entry = terms[number[term]];
      postings[next[number[term]]++] = posting;
      for (std::size_t f = 0; f < kFields; ++f) {
        entry.field_postings[f] += posting.count[f] > 0 ? 1U : 0U;
      }
    }
  }
};

void renumber_tags(std::vector<std::uint32_t>& tag_terms,
                   const std::vector<std::uint32_t>& number) {
  for (std::size_t i = 0; i < tag_terms.size();) {
    const std::size_t end = i + 1 + tag_terms[i];
    for (++i; i < end; ++i) {
      tag_terms[i] = number[tag_terms[i]];
    }
  }
}

}  // namespace

void IndexBuilder::write(std::ostream& out) {
  const std::vector<std::uint32_t> number = sort_terms();
  renumber_tags(tag_terms_, number);
  const PostingLists lists(postings_, number);
  postings_.clear();
  postings_.shrink_to_fit();
  const auto less = [](const PendingPhrase& a, const PendingPhrase& b) {
    return a.hash != b.hash ? a.hash < b.hash : a.hit < b.hit;
  };
  const auto equal = [](const PendingPhrase& a, const PendingPhrase& b) {
    return a.hash == b.hash && a.hit == b.hit;
  };
  std::sort(phrases_.begin(), phrases_.end(), less);
  phrases_.erase(std::unique(phrases_.begin(), phrases_.end(), equal), phrases_.end());
  const PhraseTable phrases(phrases_);
  const TermTexts texts(stems_);
  count_vectors();
  if (tag_offsets_.empty()) {
    tag_offsets_.push_back(0);
  }

  CodeBook book;
  std::vector<std::uint8_t> codes;
  std::vector<float> scales;
  make_codes(book, codes, scales);
  header_.mix = book.mix;

  SectionWriter writer;
  writer.add(kPresent, present_);
  writer.add(kRows, rows_);
  writer.add(kFieldLengths, field_lengths_);
  writer.add(kTermOffsets, texts.offsets);
  writer.add(kTermBytes, texts.bytes);
  writer.add(kTerms, lists.terms);
  writer.add(kPostings, lists.postings);
  writer.add(kTagOffsets, tag_offsets_);
  writer.add(kTagTerms, tag_terms_);
  writer.add(kPhrases, phrases.entries);
  writer.add(kPhraseHits, phrases.hits);
  writer.add(kVectors, vectors_);
  writer.add(kCodes, codes);
  writer.add(kCodeScales, scales);
  writer.add(kRotation, book.rotation);
  writer.write(header_, out);
  require(out.good(), ErrorCode::kIo, "cannot write an index of ", header_.file_bytes, " bytes");
}

void IndexBuilder::make_codes(CodeBook& book, std::vector<std::uint8_t>& codes,
                              std::vector<float>& scales) const {
  const bool wanted = options_.code_book != nullptr || header_.documents >= options_.codes_from;
  if (header_.dim == 0 || !wanted) {
    return;
  }
  if (options_.code_book != nullptr) {
    book = *options_.code_book;
  } else {
    std::vector<std::uint32_t> used;
    for (std::uint32_t slot = 0; slot < fields_seen_.size(); ++slot) {
      if (fields_seen_[slot] != 0) {
        used.push_back(slot);
      }
    }
    book = train_code_book(vectors_, header_.dim, used);
  }
  codes.resize(header_.slots * kCodeBytes);
  scales.resize(header_.slots);
  encode(book, vectors_, codes, scales);
}

}  // namespace stylus::retriever
