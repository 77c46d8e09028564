#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "evaluator/set_distances.h"
#include "evaluator/statistics.h"
#include "support/rows.h"

namespace stylus::evaluator {

/// How far a method's pictures lie from the reference's. What could not be computed of so few
/// pictures is NaN: no figure, not zero.
struct ReferenceFigures {
  std::string features;  ///< "mini-CLIP", "CLIP" or "Inception": distances are named after them.
  std::size_t pictures = 0, reference = 0;  ///< How many of each.
  Interval frechet;             ///< Of Inception features: FID. Biased upwards by about 1 / n.
  double frechet_infinity = 0;  ///< For endlessly many pictures; from 64 pictures on.
  Interval kernel;              ///< Of Inception features: KID. Not biased, may be below zero.
  Coverage coverage;
  double cmmd = 0;  ///< Of CLIP features only; else NaN.
};

/// Measures pictures, grouped by prompt as numbers into `all`, against the reference.
///
/// Intervals are those of the pictures, for the reference at hand: 20 draws of half of the prompts
/// (for the kernel distance: of at most 1,000 pictures) with all their pictures; from 8 prompts on.
/// Requires: more than 5 pictures on each side, else Error(kInvalidArgument).
/// Cost:     36 Fréchet distances and 20 kernel distances of at most 1,000 rows a side.
[[nodiscard]] ReferenceFigures reference_figures(
    const std::string& features, const Rows& all,
    const std::vector<std::vector<std::size_t>>& by_prompt, const Rows& reference,
    std::uint64_t seed);

/// Rows with these numbers, in this order.
[[nodiscard]] Rows chosen_rows(const Rows& all, std::span<const std::size_t> numbers);

}  // namespace stylus::evaluator
