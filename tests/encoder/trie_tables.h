#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "encoder/trie.h"

namespace stylus::encoder {

/// The arrays of a Trie over a few pieces; piece i of the list has id i. Open to damage.
struct TrieTables {
  explicit TrieTables(const std::vector<std::string>& pieces) : count(pieces.size()) {
    Node root;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      Node* node = &root;
      for (const char c : pieces[i]) {
        auto& child = node->children[static_cast<std::uint8_t>(c)];
        child = child ? std::move(child) : std::make_unique<Node>();
        node = child.get();
      }
      node->piece = static_cast<std::int32_t>(i);
    }
    label.push_back(0);
    piece.push_back(root.piece);
    for (std::vector<const Node*> level = {&root}; !level.empty();) {
      std::vector<const Node*> below;
      for (const Node* node : level) {
        first.push_back(static_cast<std::int32_t>(label.size()));
        for (const auto& [byte, child] : node->children) {
          label.push_back(byte);
          piece.push_back(child->piece);
          below.push_back(child.get());
        }
      }
      level = std::move(below);
    }
    first.push_back(static_cast<std::int32_t>(label.size()));
  }

  /// Lives as long as this.
  [[nodiscard]] Trie trie() const { return {first, label, piece, count}; }

  std::size_t count;
  std::vector<std::int32_t> first;
  std::vector<std::uint8_t> label;
  std::vector<std::int32_t> piece;

 private:
  struct Node {
    std::map<std::uint8_t, std::unique_ptr<Node>> children;
    std::int32_t piece = -1;
  };
};

}  // namespace stylus::encoder
