#include "encoder/unigram_tokenizer.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "support/error.h"
#include "support/text.h"

namespace stylus::encoder {
namespace {

constexpr std::string_view kBlank = "\xE2\x96\x81";  // U+2581
constexpr double kUnknownPenalty = 10.0;             // below the rarest piece

std::size_t character_bytes(std::string_view text) {
  const auto lead = static_cast<std::uint8_t>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return std::min(length, text.size());
}

/// The fields of a darts-clone unit.
std::uint32_t child_offset(std::uint32_t unit) { return (unit >> 10U) << ((unit & 0x200U) >> 6U); }
bool has_leaf(std::uint32_t unit) { return (unit & 0x100U) != 0; }
bool has_label(std::uint32_t unit, std::uint8_t byte) { return (unit & 0x800000FFU) == byte; }
std::uint32_t leaf_value(std::uint32_t unit) { return unit & 0x7FFFFFFFU; }

}  // namespace

UnigramTokenizer::UnigramTokenizer(const UnigramTables& tables) : tables_(tables) {
  require(!tables.scores.empty() && std::all_of(tables.scores.begin(), tables.scores.end(),
                                                [](float score) { return std::abs(score) < 1e6F; }),
          ErrorCode::kCorruptData, "the tokenizer's ", tables.scores.size(),
          " piece scores are missing or not finite");
  require(tables.charsmap_text.empty() || tables.charsmap_text.back() == 0, ErrorCode::kCorruptData,
          "the tokenizer's replacement texts have no end");
  unknown_score_ =
      static_cast<double>(*std::min_element(tables.scores.begin(), tables.scores.end())) -
      kUnknownPenalty;
}

UnigramTokenizer::Replacement UnigramTokenizer::normalize_prefix(std::string_view rest) const {
  // The longest key of the map that `rest` starts with.
  const auto& units = tables_.charsmap_units;
  std::size_t best_length = 0;
  std::uint32_t best_value = 0;
  std::size_t node = units.empty() ? 0 : child_offset(units[0]);
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(rest[i]);
    node ^= byte;
    if (node >= units.size() || !has_label(units[node], byte)) {
      break;
    }
    const std::uint32_t unit = units[node];
    node ^= child_offset(unit);
    if (has_leaf(unit) && node < units.size()) {
      best_length = i + 1;
      best_value = leaf_value(units[node]);
    }
  }
  if (best_length == 0 || best_value >= tables_.charsmap_text.size()) {
    const std::size_t length = character_bytes(rest);
    return {rest.substr(0, length), length};
  }
  const auto text = tables_.charsmap_text.subspan(best_value);
  const auto end = std::find(text.begin(), text.end(), std::uint8_t{0});
  return {
      {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(end - text.begin())},
      best_length};
}

std::string UnigramTokenizer::normalize(std::string_view text) const {
  while (!text.empty()) {
    const Replacement piece = normalize_prefix(text);
    if (piece.text != " ") {
      break;
    }
    text.remove_prefix(piece.consumed);
  }
  if (text.empty()) {
    return {};
  }
  std::string result(kBlank);
  bool after_blank = true;
  while (!text.empty()) {
    const Replacement found = normalize_prefix(text);
    text.remove_prefix(found.consumed);
    std::string_view piece = found.text;
    while (after_blank && piece.starts_with(' ')) {
      piece.remove_prefix(1);
    }
    for (const char c : piece) {
      if (c == ' ') {
        result += kBlank;
      } else {
        result += c;
      }
    }
    if (!piece.empty()) {
      after_blank = piece.back() == ' ';
    }
  }
  while (result.ends_with(kBlank)) {
    result.resize(result.size() - kBlank.size());
  }
  return result;
}

std::vector<std::int32_t> UnigramTokenizer::segment(std::string_view normalized) const {
  struct Best {
    double score = -1e38;
    std::size_t start = 0;
    std::int32_t piece = kUnknown;
  };
  std::vector<Best> best(normalized.size() + 1);  // per end of a piece, in bytes
  best[0].score = 0.0;
  const auto offer = [&best](std::size_t start, std::size_t end, std::int32_t piece, double score) {
    if (score > best[end].score) {
      best[end] = {score, start, piece};
    }
  };
  for (std::size_t i = 0; i < normalized.size();) {
    const std::size_t character = character_bytes(normalized.substr(i));
    const double base = best[i].score;
    bool has_single = false;
    std::optional<std::int32_t> node =
        tables_.pieces.child(Trie::kRoot, static_cast<std::uint8_t>(normalized[i]));
    for (std::size_t end = i + 1; node.has_value(); ++end) {
      const std::int32_t piece = tables_.pieces.piece(*node);
      if (piece >= 0) {
        offer(i, end, piece,
              base + static_cast<double>(tables_.scores[static_cast<std::size_t>(piece)]));
        has_single = has_single || end == i + character;
      }
      if (end == normalized.size()) {
        break;
      }
      node = tables_.pieces.child(*node, static_cast<std::uint8_t>(normalized[end]));
    }
    if (!has_single) {
      offer(i, i + character, kUnknown, base + unknown_score_);
    }
    i += character;
  }
  std::vector<std::int32_t> ids;
  for (std::size_t end = normalized.size(); end > 0; end = best[end].start) {
    ids.push_back(best[end].piece);
  }
  std::reverse(ids.begin(), ids.end());
  return ids;
}

std::vector<std::int32_t> UnigramTokenizer::encode(std::string_view text) const {
  text = truncate_utf8(text, kMaxTextBytes);
  const std::string repaired = is_valid_utf8(text) ? std::string(text) : repair_utf8(text);
  const std::string normalized = normalize(repaired);
  if (normalized.empty()) {
    return {};
  }
  const std::vector<std::int32_t> pieces = segment(normalized);
  const std::size_t kept = std::min(pieces.size(), kMaxTokens - 2);
  std::vector<std::int32_t> ids;
  ids.reserve(kept + 2);
  ids.push_back(kBegin);
  ids.insert(ids.end(), pieces.begin(), pieces.begin() + static_cast<std::ptrdiff_t>(kept));
  ids.push_back(kEnd);
  return ids;
}

}  // namespace stylus::encoder
