#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace stylus::encoder {

/// A byte trie over the pieces of a vocabulary, read in place from a mapped file.
///
/// Nodes are numbered level by level, node 0 is the root, so that the children of a node are
/// neighbours with rising labels: those of node n are first[n] .. first[n + 1] - 1.
///
/// Thread safety: immutable.
class Trie {
 public:
  static constexpr std::int32_t kRoot = 0;

  Trie() = default;

  /// Shapes:   first [M + 1], label [M], piece [M] for M nodes; piece is -1 where none ends.
  /// Requires: what the numbering above says and every piece below `piece_count`, else
  ///           Error(kCorruptData). The spans outlive the trie.
  /// Cost:     one pass over the nodes.
  Trie(std::span<const std::int32_t> first, std::span<const std::uint8_t> label,
       std::span<const std::int32_t> piece, std::size_t piece_count);

  /// The child of `node` under `byte`, or nothing. Cost: logarithmic in the number of children.
  [[nodiscard]] std::optional<std::int32_t> child(std::int32_t node, std::uint8_t byte) const;

  /// The piece that ends at `node`, or -1.
  [[nodiscard]] std::int32_t piece(std::int32_t node) const {
    return piece_[static_cast<std::size_t>(node)];
  }

 private:
  std::span<const std::int32_t> first_;
  std::span<const std::uint8_t> label_;
  std::span<const std::int32_t> piece_;
};

}  // namespace stylus::encoder
