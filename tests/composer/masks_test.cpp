#include "composer/masks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace stylus::composer {
namespace {

TEST(DrawMasks, SwitchesEverythingOnInASingleImage) {
  EXPECT_EQ(draw_masks({{0}, {1, 2}}, 3, 1, 7),
            (std::vector<std::vector<bool>>{{true, true, true}}));
}

TEST(DrawMasks, FollowsTheRuleOfThePaper) {
  // One keyword with two adapters and one with one: (2 + 2) x 2 masks, less the one with all off.
  const auto masks = draw_masks({{0, 1}, {2}}, 3, 7, 1);

  const std::set<std::vector<bool>> distinct(masks.begin(), masks.end());
  EXPECT_EQ(distinct.size(), 7U);
  EXPECT_EQ(distinct.count({false, false, false}), 0U);
}

TEST(DrawMasks, RepeatsOnlyAfterAllWereUsed) {
  const auto masks = draw_masks({{0}, {1}}, 2, 6, 3);

  EXPECT_EQ(std::set<std::vector<bool>>(masks.begin(), masks.begin() + 3).size(), 3U);
  EXPECT_EQ(masks[3], masks[0]);
}

TEST(DrawMasks, LeavesAdaptersWithoutAKeywordOn) {
  for (const std::vector<bool>& mask : draw_masks({{1}}, 2, 8, 5)) {
    EXPECT_TRUE(mask[0]);
  }
}

TEST(DrawMasks, IsTheSameForTheSameSeed) {
  const std::vector<MaskGroup> groups = {{0, 1, 2}, {3, 4}, {5}};
  EXPECT_EQ(draw_masks(groups, 6, 9, 11), draw_masks(groups, 6, 9, 11));
  EXPECT_NE(draw_masks(groups, 6, 9, 11), draw_masks(groups, 6, 9, 12));
}

TEST(DrawMasks, StaysBoundedWhereThePaperNeedsTwoToTheFiftyOne) {
  std::vector<MaskGroup> groups;
  for (std::size_t i = 0; i < 51; ++i) {
    groups.push_back({i});
  }
  const auto masks = draw_masks(groups, 51, 20, 1);

  EXPECT_EQ(std::set<std::vector<bool>>(masks.begin(), masks.end()).size(), 20U);
}

TEST(DrawMasks, DrawsForAPlanWithoutAdapters) { EXPECT_EQ(draw_masks({}, 0, 3, 1).size(), 3U); }

}  // namespace
}  // namespace stylus::composer
