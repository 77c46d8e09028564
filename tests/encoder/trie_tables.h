#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "encoder/trie.h"

namespace stylus::encoder {

/// The arrays of a Trie over a few pieces; piece i of the list has id i.
class TrieTables {
 public:
  explicit TrieTables(const std::vector<std::string>& pieces) : count_(pieces.size()) {
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
    label_.push_back(0);
    piece_.push_back(root.piece);
    for (std::vector<const Node*> level = {&root}; !level.empty();) {
      std::vector<const Node*> below;
      for (const Node* node : level) {
        first_.push_back(static_cast<std::int32_t>(label_.size()));
        for (const auto& [byte, child] : node->children) {
          label_.push_back(byte);
          piece_.push_back(child->piece);
          below.push_back(child.get());
        }
      }
      level = std::move(below);
    }
    first_.push_back(static_cast<std::int32_t>(label_.size()));
  }

  /// Lives as long as this.
  [[nodiscard]] Trie trie() const { return {first_, label_, piece_, count_}; }

 private:
  struct Node {
    std::map<std::uint8_t, std::unique_ptr<Node>> children;
    std::int32_t piece = -1;
  };

  std::size_t count_;
  std::vector<std::int32_t> first_;
  std::vector<std::uint8_t> label_;
  std::vector<std::int32_t> piece_;
};

}  // namespace stylus::encoder
