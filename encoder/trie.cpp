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
  const auto node_count = static_cast<std::int64_t>(nodes);
  const auto pieces = static_cast<std::int64_t>(piece_count);
  bool sound = first[nodes] == node_count;
  for (std::size_t n = 0; n < nodes; ++n) {
    // No branches: with 330,000 nodes they would be most of what opening an encoder costs.
    sound &=
        static_cast<bool>(static_cast<int>(first[n] > static_cast<std::int64_t>(n)) &
                          static_cast<int>(first[n] <= first[n + 1]) &
                          static_cast<int>(piece[n] >= -1) & static_cast<int>(piece[n] < pieces));
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
