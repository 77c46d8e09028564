#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stylus::catalog {

/// A strength that a text recommends, with the words that say so.
struct TextWeight {
  double weight = 0;         ///< The middle of the range.
  double low = 0, high = 0;  ///< The range that is given; both `weight` for a single number.
  std::string evidence;      ///< "recommend strength of 0.7"
};

/// Reads the recommended strength off a card text, or nothing when it states none clearly.
///
/// "weight 0.6-0.8" gives 0.7, "权重：０．７" gives 0.7, "trained at 0.0001, 3000 steps" nothing.
/// A number counts only with a word for strength near it, in the plausible range [-2, 2] without
/// 0, and unless words around it speak of training, guidance, versions or another model.
/// Cost: linear in the text, of which the first 64 KB are read.
[[nodiscard]] std::optional<TextWeight> weight_from_text(std::string_view text);

/// All strengths of `<lora:stem:weight>` tags of these prompts whose stem is one of `stems`
/// (ignoring case), in order.
[[nodiscard]] std::vector<double> weights_in_prompts(const std::vector<std::string>& prompts,
                                                     const std::vector<std::string>& stems);

/// The lower of the two middle values averaged with the upper. Requires: not empty.
[[nodiscard]] double median(std::vector<double> values);

}  // namespace stylus::catalog
