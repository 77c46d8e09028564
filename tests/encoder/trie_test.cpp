#include "encoder/trie.h"

#include <gtest/gtest.h>

#include <limits>
#include <string_view>
#include <vector>

#include "tests/error_code_of.h"

namespace stylus::encoder {
namespace {

/// The pieces a (0), ab (1) and b (2): root with children a and b, a with child b.
struct Tables {
  std::vector<std::int32_t> first = {1, 3, 4, 4, 4};
  std::vector<std::uint8_t> label = {0, 'a', 'b', 'b'};
  std::vector<std::int32_t> piece = {-1, 0, 2, 1};

  [[nodiscard]] Trie trie(std::size_t piece_count = 3) const {
    return {first, label, piece, piece_count};
  }
};

TEST(Trie, FindsPiecesByteByByte) {
  const Tables tables;
  const Trie trie = tables.trie();

  const auto a = trie.child(Trie::kRoot, 'a');
  ASSERT_TRUE(a.has_value());
  EXPECT_EQ(trie.piece(*a), 0);
  const auto ab = trie.child(*a, 'b');
  ASSERT_TRUE(ab.has_value());
  EXPECT_EQ(trie.piece(*ab), 1);
  EXPECT_FALSE(trie.child(*ab, 'b').has_value());
  EXPECT_FALSE(trie.child(*a, 'a').has_value());
}

TEST(Trie, RefusesTablesThatLeaveThemselves) {
  Tables circle;
  circle.first = {1, 1, 4, 4, 4};
  EXPECT_EQ(error_code_of([&] { return circle.trie(); }), ErrorCode::kCorruptData);

  Tables outside;
  outside.first = {1, 3, 4, 4, 5};
  EXPECT_EQ(error_code_of([&] { return outside.trie(); }), ErrorCode::kCorruptData);

  Tables huge;
  huge.first[1] = std::numeric_limits<std::int32_t>::max();
  EXPECT_EQ(error_code_of([&] { return huge.trie(); }), ErrorCode::kCorruptData);

  const Tables unknown_piece;
  EXPECT_EQ(error_code_of([&] { return unknown_piece.trie(/*piece_count=*/2); }),
            ErrorCode::kCorruptData);

  Tables short_labels;
  short_labels.label.pop_back();
  EXPECT_EQ(error_code_of([&] { return short_labels.trie(); }), ErrorCode::kCorruptData);

  const Tables empty{{}, {}, {}};
  EXPECT_EQ(error_code_of([&] { return empty.trie(); }), ErrorCode::kCorruptData);
}

}  // namespace
}  // namespace stylus::encoder
