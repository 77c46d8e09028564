#include "retriever/corpus.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "support/error.h"

namespace stylus::retriever {
namespace {

constexpr double kB = 0.75;
constexpr std::array<double, kFields> kFieldWeights = {3, 2, 1, 0.5};

std::uint64_t bit(std::size_t i) { return std::uint64_t{1} << (i % 64); }

std::size_t count_bits(const std::vector<std::uint64_t>& words) {
  std::size_t total = 0;
  for (const std::uint64_t word : words) {
    total += static_cast<std::size_t>(std::popcount(word));
  }
  return total;
}

/// The presence bits, without those beyond the last slot that a damaged file may hold.
std::vector<std::uint64_t> present_bits(const IndexView& view) {
  std::vector<std::uint64_t> words(view.present().begin(), view.present().end());
  if (view.slots() % 64 != 0) {
    words.back() &= bit(view.slots()) - 1;
  }
  return words;
}

/// A number in [0, 1) that depends on i alone (a step of splitmix64).
double jitter(std::uint64_t i) {
  std::uint64_t z = (i + 1) * 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
  return static_cast<double>((z ^ (z >> 31U)) >> 11U) * 0x1p-53;
}

}  // namespace

Corpus::Corpus(IndexView base, std::optional<IndexView> tail) {
  parts_.push_back({std::move(base), {}});
  if (tail && tail->header().documents > 0) {
    parts_.push_back({std::move(*tail), {}});
  }
  for (Part& part : parts_) {
    part.live = present_bits(part.view);
    if (part.view.dim() > 0) {
      require(dim_ == 0 || dim_ == part.view.dim(), ErrorCode::kCorruptData, "the index has ", dim_,
              " dimensions, what changed since has ", part.view.dim());
      dim_ = part.view.dim();
    }
  }
  replace_by_tail();
  count_corpus();
}

void Corpus::replace_by_tail() {
  if (parts_.size() < 2) {
    return;
  }
  Part& base = parts_[0];
  const IndexView& tail = parts_[1].view;
  replaced_.resize(base.live.size());
  for (std::size_t slot = 0; slot < tail.slots(); ++slot) {
    const auto old = base.view.slot_of(tail.row_of(slot));
    if (old && is_live(0, *old)) {
      base.live[*old / 64] &= ~bit(*old);
      replaced_[*old / 64] |= bit(*old);
    }
  }
}

void Corpus::count_corpus() {
  std::array<std::uint64_t, kFields> terms = {};
  std::uint32_t longest = 0;
  for (const Part& part : parts_) {
    adapters_ += static_cast<std::int64_t>(count_bits(part.live));
    longest = std::max(longest, part.view.header().max_field_length);
    for (std::size_t f = 0; f < kFields; ++f) {
      terms[f] += part.view.header().field_terms[f];
    }
  }
  for (std::size_t slot = 0; slot < replaced_.size() * 64; ++slot) {
    if ((replaced_[slot / 64] & bit(slot)) != 0) {
      for (std::size_t f = 0; f < kFields; ++f) {
        terms[f] -= parts_[0].view.field_lengths(slot)[f];
      }
    }
  }
  for (std::size_t f = 0; f < kFields; ++f) {
    const double total = static_cast<double>(terms[f]);
    mean_lengths_[f] = adapters_ > 0 ? total / static_cast<double>(adapters_) : 0;
    field_factors_[f].resize(longest + 1);
    for (std::size_t length = 0; length <= longest; ++length) {
      field_factors_[f][length] = static_cast<float>(kFieldWeights[f] / length_norm(f, length));
    }
  }
}

bool Corpus::has_codes() const {
  return dim_ > 0 && std::all_of(parts_.begin(), parts_.end(),
                                 [](const Part& part) { return part.view.has_codes(); });
}

double Corpus::length_norm(std::size_t field, std::size_t length) const {
  const double mean = mean_lengths_[field];
  return mean > 0 ? 1 - kB + kB * static_cast<double>(length) / mean : 1;
}

double Corpus::idf(std::int64_t adapters_with) const {
  const auto n = static_cast<double>(adapters_with);
  return std::log(1 + std::max(0.0, static_cast<double>(adapters_) - n + 0.5) / (n + 0.5));
}

std::optional<Place> Corpus::find(std::int64_t row) const {
  for (std::size_t part = parts_.size(); part-- > 0;) {
    const auto slot = parts_[part].view.slot_of(row);
    if (slot && is_live(part, *slot)) {
      return place_of(part, *slot);
    }
  }
  return std::nullopt;
}

TermUse Corpus::find_term(std::string_view stem) const {
  TermUse use;
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    const IndexView& view = parts_[part].view;
    use.numbers[part] = view.find_term(stem);
    if (!use.numbers[part]) {
      continue;
    }
    const TermEntry& entry = view.term(*use.numbers[part]);
    use.adapters += entry.postings;
    for (std::size_t f = 0; f < kFields; ++f) {
      use.field_adapters[f] += entry.field_postings[f];
    }
  }
  if (!replaced_.empty() && use.numbers[0]) {
    for (const Posting& posting : parts_[0].view.postings(*use.numbers[0])) {
      if (posting.slot / 64 < replaced_.size() &&
          (replaced_[posting.slot / 64] & bit(posting.slot)) != 0) {
        --use.adapters;
        for (std::size_t f = 0; f < kFields; ++f) {
          use.field_adapters[f] -= posting.count[f] > 0 ? 1 : 0;
        }
      }
    }
  }
  if (use.adapters <= 0) {
    use.numbers = {};  // every adapter that had it was replaced
  }
  return use;
}

AllowedSlots Corpus::allowed_slots(const catalog::AdapterSet& allowed) const {
  AllowedSlots slots;
  const std::vector<std::uint64_t>& by_row = allowed.words();
  for (const Part& part : parts_) {
    std::vector<std::uint64_t> words(part.live.size());
    for (std::size_t w = 0; w < words.size(); ++w) {
      if (part.view.slot_is_row()) {
        words[w] = w < by_row.size() ? part.live[w] & by_row[w] : 0;
        continue;
      }
      for (std::uint64_t rest = part.live[w]; rest != 0; rest &= rest - 1) {
        const auto b = static_cast<std::size_t>(std::countr_zero(rest));
        words[w] |= allowed.contains(part.view.row_of(64 * w + b)) ? bit(b) : 0;
      }
    }
    slots.count += count_bits(words);
    slots.words.push_back(std::move(words));
  }
  return slots;
}

std::vector<Place> Corpus::sample(const AllowedSlots& allowed, std::size_t wanted) const {
  std::vector<Place> places;
  if (allowed.count == 0) {
    return places;
  }
  // The allowed adapters of all parts by row, so that the sample does not see the parts.
  std::vector<std::uint64_t> rows = allowed.words[0];
  for (std::size_t part = parts_[0].view.slot_is_row() ? 1 : 0; part < parts_.size(); ++part) {
    for (std::uint32_t slot = 0; slot < parts_[part].view.slots(); ++slot) {
      if ((allowed.words[part][slot / 64] & bit(slot)) != 0) {
        const std::size_t row = parts_[part].view.row_of(slot);
        rows.resize(std::max(rows.size(), row / 64 + 1));
        rows[row / 64] |= bit(row);
      }
    }
  }
  const double stretch = static_cast<double>(allowed.count) / static_cast<double>(wanted);
  std::size_t before = 0;
  std::size_t next = 0;
  const auto target = [&] {
    return static_cast<std::size_t>((static_cast<double>(next) + jitter(next)) * stretch);
  };
  for (std::size_t w = 0; w < rows.size() && next < wanted; ++w) {
    const auto here = static_cast<std::size_t>(std::popcount(rows[w]));
    std::uint64_t rest = rows[w];
    std::size_t skipped = 0;
    while (next < wanted && target() < before + here) {
      for (; skipped < target() - before; ++skipped) {
        rest &= rest - 1;
      }
      const auto row = static_cast<std::int64_t>(64 * w) + std::countr_zero(rest);
      if (const auto place = find(row)) {
        places.push_back(*place);
      }
      ++next;
    }
    before += here;
  }
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return places;
}

}  // namespace stylus::retriever
