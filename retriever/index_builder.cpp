#include "retriever/index_builder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "retriever/words.h"
#include "support/error.h"
#include "support/half.h"

namespace stylus::retriever {
namespace {

constexpr std::uint32_t kDropped = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint8_t kAllFields = (1U << kVectorFields) - 1U;
constexpr std::size_t kMaxTagsOrPhrases = 1000;  // a card that lists more is not worth the space

}  // namespace

IndexBuilder::IndexBuilder(IndexOptions options) : options_(std::move(options)) {
  header_.revision = options_.revision;
  const std::size_t length = std::min(options_.encoder.size(), header_.encoder.size() - 1);
  std::copy_n(options_.encoder.begin(), length, header_.encoder.begin());
}

std::uint32_t IndexBuilder::next_slot(std::int64_t row) {
  require(row > 0 && row < (std::int64_t{1} << 31U), ErrorCode::kInvalidArgument, "row ", row,
          " of the catalogue is out of the range of the index, 1 to 2^31 - 1");
  const std::size_t slot = options_.by_row ? static_cast<std::size_t>(row) : header_.documents;
  const bool ascending = options_.by_row
                             ? slot >= header_.slots
                             : rows_.empty() || rows_.back() < static_cast<std::uint32_t>(row);
  require(ascending, ErrorCode::kInvalidArgument, "row ", row,
          " came after a higher one; the index is built in row order");
  header_.slots = slot + 1;
  ++header_.documents;
  present_.resize(slot / 64 + 1);
  present_[slot / 64] |= std::uint64_t{1} << (slot % 64);
  field_lengths_.resize(header_.slots * kFields);
  tag_offsets_.resize(header_.slots + 1, static_cast<std::uint32_t>(tag_terms_.size()));
  if (!options_.by_row) {
    rows_.push_back(static_cast<std::uint32_t>(row));
  }
  return static_cast<std::uint32_t>(slot);
}

/// Number of a word's term. Stemming is remembered by word: real cards repeat few words often.
std::uint32_t IndexBuilder::term_of(std::string_view word) {
  const auto [known, is_new] = term_of_word_.try_emplace(std::string(word), kDropped);
  if (is_new && !is_stop_word(word)) {
    std::string stem = stem_of(word);
    const auto next = static_cast<std::uint32_t>(stems_.size());
    const auto [place, new_stem] = term_of_stem_.try_emplace(std::move(stem), next);
    if (new_stem) {
      stems_.push_back(place->first);
    }
    known->second = place->second;
  }
  return known->second;
}

std::vector<std::uint32_t> IndexBuilder::terms_of_field(std::string_view text) {
  std::vector<std::uint32_t> terms;
  for_each_word(text, [&](std::string_view word, std::size_t, std::size_t) {
    const std::uint32_t term = term_of(word);
    if (term != kDropped) {
      terms.push_back(term);
    }
  });
  return terms;
}

void IndexBuilder::add(const catalog::Document& document) {
  const std::uint32_t slot = next_slot(document.row);
  const catalog::CardText text = catalog::card_text_of(document);
  std::array<std::vector<std::uint32_t>, kFields> fields;
  for (std::size_t f = 0; f < kFields; ++f) {
    fields[f] = terms_of_field(text.fields[f]);
    const std::size_t length =
        std::min<std::size_t>(fields[f].size(), std::numeric_limits<std::uint16_t>::max());
    field_lengths_[slot * kFields + f] = static_cast<std::uint16_t>(length);
    header_.field_terms[f] += length;
    header_.max_field_length =
        std::max(header_.max_field_length, static_cast<std::uint32_t>(length));
  }
  add_postings(slot, fields);
  add_tags(text.tags);
  add_phrases(slot, text.names, false);
  add_phrases(slot, text.phrases, true);
}

void IndexBuilder::add_postings(std::uint32_t slot,
                                const std::array<std::vector<std::uint32_t>, kFields>& fields) {
  std::vector<std::pair<std::uint32_t, std::size_t>> found;
  for (std::size_t f = 0; f < kFields; ++f) {
    for (const std::uint32_t term : fields[f]) {
      found.emplace_back(term, f);
    }
  }
  std::sort(found.begin(), found.end());
  const std::size_t before = postings_.size();
  for (const auto& [term, field] : found) {
    if (postings_.size() == before || postings_.back().term != term) {
      postings_.push_back({term, {slot, {}}});
    }
    std::uint8_t& count = postings_.back().posting.count[field];
    count = static_cast<std::uint8_t>(std::min(count + 1, 255));
  }
}

void IndexBuilder::add_tags(const std::vector<std::string>& tags) {
  for (std::size_t i = 0; i < std::min(tags.size(), kMaxTagsOrPhrases); ++i) {
    const std::vector<std::uint32_t> terms = terms_of_field(tags[i]);
    if (!terms.empty()) {
      tag_terms_.push_back(static_cast<std::uint32_t>(terms.size()));
      tag_terms_.insert(tag_terms_.end(), terms.begin(), terms.end());
    }
  }
  require(tag_terms_.size() < std::numeric_limits<std::uint32_t>::max(),
          ErrorCode::kInvalidArgument, "the catalogue's tags hold more than 2^32 words");
  tag_offsets_.back() = static_cast<std::uint32_t>(tag_terms_.size());
}

void IndexBuilder::add_phrases(std::uint32_t slot, const std::vector<std::string>& texts,
                               bool trigger) {
  for (std::size_t i = 0; i < std::min(texts.size(), kMaxTagsOrPhrases); ++i) {
    const std::vector<std::uint32_t> terms = terms_of_field(texts[i]);
    if (terms.empty() || terms.size() > kMaxPhraseTerms) {
      continue;
    }
    PhraseHash hash;
    for (const std::uint32_t term : terms) {
      hash.add(stems_[term]);
    }
    phrases_.push_back({hash.value(), slot * 2 + (trigger ? 1U : 0U)});
  }
}

std::optional<std::uint32_t> IndexBuilder::slot_of(std::int64_t row) const {
  std::size_t slot = 0;
  if (options_.by_row) {
    slot = row < 0 ? header_.slots : static_cast<std::size_t>(row);
  } else {
    const auto place = std::lower_bound(rows_.begin(), rows_.end(), row);
    slot = place != rows_.end() && *place == row ? static_cast<std::size_t>(place - rows_.begin())
                                                 : header_.slots;
  }
  const bool there = slot < header_.slots && (present_[slot / 64] >> (slot % 64) & 1U) != 0;
  return there ? std::optional(static_cast<std::uint32_t>(slot)) : std::nullopt;
}

void IndexBuilder::set_vector(std::size_t field, std::int64_t row, std::span<const float> vector) {
  const std::optional<std::uint32_t> slot = slot_of(row);
  if (!slot) {
    return;
  }
  if (header_.dim == 0) {
    header_.dim = static_cast<std::uint32_t>(vector.size());
    vectors_.resize(header_.slots * kVectorFields * vector.size());
    fields_seen_.resize(header_.slots);
  }
  require(vector.size() == header_.dim, ErrorCode::kCorruptData, "the vector '",
          kVectorFieldNames[field], "' of row ", row, " has ", vector.size(),
          " numbers, others have ", header_.dim);
  std::uint16_t* out = vectors_.data() + (*slot * kVectorFields + field) * header_.dim;
  for (std::size_t d = 0; d < vector.size(); ++d) {
    require(std::isfinite(vector[d]), ErrorCode::kCorruptData, "the vector '",
            kVectorFieldNames[field], "' of row ", row, " holds ", vector[d]);
    out[d] = to_half(vector[d]);
  }
  fields_seen_[*slot] |= static_cast<std::uint8_t>(1U << field);
}

void IndexBuilder::count_vectors() {
  header_.vectors =
      static_cast<std::uint64_t>(std::count(fields_seen_.begin(), fields_seen_.end(), kAllFields));
}

/// Sorts the stems; returns the new number of each old one.
std::vector<std::uint32_t> IndexBuilder::sort_terms() {
  std::vector<std::uint32_t> order(stems_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return stems_[a] < stems_[b]; });
  std::vector<std::uint32_t> number(stems_.size());
  std::vector<std::string> sorted(stems_.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    number[order[i]] = i;
    sorted[i] = std::move(stems_[order[i]]);
  }
  stems_ = std::move(sorted);
  term_of_word_.clear();
  term_of_stem_.clear();
  return number;
}

}  // namespace stylus::retriever
