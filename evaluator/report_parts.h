#pragma once

#include <string>

#include "evaluator/figures.h"
#include "evaluator/report.h"

namespace stylus::evaluator {

/// What the parts of a report share. All functions give HTML; foreign texts are escaped inside.

/// "25.31 [24.80, 25.90]"; the interval in grey. One that is no number is left out.
[[nodiscard]] std::string interval_text(const Interval& interval, int decimals = 2);

/// A wide table in a frame that scrolls.
[[nodiscard]] std::string scrolled_html(const std::string& table);

/// "stylus" or, with several models in the run, "stylus (model)".
[[nodiscard]] std::string arm_name(const Manifest& run, const std::string& method,
                                   const std::string& model);

/// FID, mini-FID or CLIP-Fréchet, by the features that a distance is of.
[[nodiscard]] std::string distance_name(const std::string& features);

/// What pictures are shown at: the guidance in the middle of the list.
[[nodiscard]] double middle_guidance(const Manifest& run);

/// Curves over guidance, and distance against score; "" for a single guidance value.
[[nodiscard]] std::string curves_html(const Manifest& run, const Figures& figures);

/// The first prompts with the picture, adapters and figures of every method.
[[nodiscard]] std::string pictures_html(const RunResults& results, const Figures& figures,
                                        const PictureBytes& picture);

/// Distances to the reference, what the run cost, what failed, which files and manifest it was;
/// "" for a part that has nothing to say.
[[nodiscard]] std::string reference_html(const RunResults& results, const Figures& figures);
[[nodiscard]] std::string costs_html(const RunResults& results);
[[nodiscard]] std::string failures_html(const Figures& figures);
[[nodiscard]] std::string contents_html(const RunResults& results);

}  // namespace stylus::evaluator
