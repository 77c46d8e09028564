#include "composer/masks.h"

#include <algorithm>
#include <set>

namespace stylus::composer {
namespace {

using Mask = std::vector<bool>;

constexpr std::size_t kMaxMasks = 4096;

/// SplitMix64 (Steele, Lea, Flood 2014): tiny, and the same on every machine.
class Random {
 public:
  explicit Random(std::int64_t seed) : state_(static_cast<std::uint64_t>(seed)) {}
  std::uint64_t below(std::uint64_t bound) {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return (z ^ (z >> 31U)) % bound;
  }

 private:
  std::uint64_t state_;
};

/// All on, all off, and with several adapters each one alone.
std::size_t choices_of(const MaskGroup& group) { return group.size() < 2 ? 2 : group.size() + 2; }

void apply(const MaskGroup& group, std::size_t choice, Mask& mask) {
  for (std::size_t i = 0; i < group.size(); ++i) {
    mask[group[i]] = choice == 0 || (choice >= 2 && choice - 2 == i);
  }
}

/// Every mask if there are at most kMaxMasks, else so many that are drawn at random. The one with
/// all on comes first; all off is left out.
std::vector<Mask> possible_masks(const std::vector<MaskGroup>& groups, std::size_t adapters,
                                 Random& random) {
  std::size_t total = 1;
  for (const MaskGroup& group : groups) {
    total = std::min(kMaxMasks + 1, total * choices_of(group));
  }
  std::vector<Mask> masks = {Mask(adapters, true)};
  std::set<Mask> seen = {masks.front()};
  for (std::size_t n = 0; n < std::min(total, kMaxMasks); ++n) {
    Mask mask(adapters, true);
    std::size_t rest = n;
    for (const MaskGroup& group : groups) {
      const std::size_t choices = choices_of(group);
      apply(group, total <= kMaxMasks ? rest % choices : random.below(choices), mask);
      rest /= choices;
    }
    const bool anything_on = std::find(mask.begin(), mask.end(), true) != mask.end();
    if (anything_on && seen.insert(mask).second) {
      masks.push_back(std::move(mask));
    }
  }
  return masks;
}

std::size_t difference(const Mask& a, const Mask& b) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    count += a[i] != b[i] ? 1 : 0;
  }
  return count;
}

/// Puts masks in the order in which they are used: each next one differs most from all before.
std::vector<Mask> spread(std::vector<Mask> masks, std::size_t wanted, Random& random) {
  for (std::size_t i = 1; i < masks.size(); ++i) {  // ties fall at random, but the first stays
    std::swap(masks[i], masks[i + random.below(masks.size() - i)]);
  }
  std::vector<std::size_t> nearest(masks.size(), masks.front().size() + 1);
  for (std::size_t used = 1; used < std::min(masks.size(), wanted); ++used) {
    std::size_t best = used;
    for (std::size_t i = used; i < masks.size(); ++i) {
      nearest[i] = std::min(nearest[i], difference(masks[i], masks[used - 1]));
      if (nearest[i] > nearest[best]) {
        best = i;
      }
    }
    std::swap(masks[used], masks[best]);
    std::swap(nearest[used], nearest[best]);
  }
  return masks;
}

}  // namespace

std::vector<std::vector<bool>> draw_masks(const std::vector<MaskGroup>& groups,
                                          std::size_t adapters, std::size_t images,
                                          std::int64_t seed) {
  Random random(seed);
  const std::vector<Mask> order = spread(possible_masks(groups, adapters, random), images, random);
  std::vector<Mask> masks;
  masks.reserve(images);
  for (std::size_t i = 0; i < images; ++i) {
    masks.push_back(order[i % order.size()]);
  }
  return masks;
}

}  // namespace stylus::composer
