#include "encoder/trie.h"

#include <algorithm>

#include "support/error.h"

namespace stylus::encoder {

Trie::Trie(std::span<const std::int32_t> first, std::span<const std::uint8_t> label,
           std::span<const std::int32_t> piece, std::size_t piece_count)
    : first_(first), label_(label), piece_(piece) {
  const std::size_t nodes = label.size();
  require(nodes > 0 && first.size() == nodes + 1 && piece.size() == nodes, ErrorCode::kCorruptData,
          "the tokenizer's trie has ", nodes, " labels, ", first.size(), " borders and ",
          piece.size(), " pieces; expected n, n + 1 and n");
  // Children come after their parent and borders never fall, so no walk can leave the arrays or
  // run in a circle.
  bool sound = first[nodes] == static_cast<std::int64_t>(nodes);
  for (std::size_t n = 0; n < nodes; ++n) {
    sound = sound && first[n] > static_cast<std::int64_t>(n) && first[n] <= first[n + 1] &&
            piece[n] >= -1 && piece[n] < static_cast<std::int64_t>(piece_count);
  }
  require(sound, ErrorCode::kCorruptData, "the tokenizer's trie of ", nodes,
          " nodes names nodes or pieces that it does not have");
}

std::optional<std::int32_t> Trie::child(std::int32_t node, std::uint8_t byte) const {
  const auto n = static_cast<std::size_t>(node);
  const auto begin = label_.begin() + first_[n];
  const auto end = label_.begin() + first_[n + 1];
  const auto found = std::lower_bound(begin, end, byte);
  if (found == end || *found != byte) {
    return std::nullopt;
  }
  return static_cast<std::int32_t>(found - label_.begin());
}

}  // namespace stylus::encoder
