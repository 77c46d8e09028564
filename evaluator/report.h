#pragma once

#include <functional>
#include <string>

#include "evaluator/figures.h"

namespace stylus::evaluator {

/// The bytes of a picture's PNG file by its SHA-256; "" where it cannot be read.
using PictureBytes = std::function<std::string(const std::string& sha256)>;

/// One self-contained HTML page: answers first, then tables with intervals, curves over guidance,
/// pictures side by side with prompts and adapters, what it cost, what failed, and the manifest.
/// No script, no network; curves differ by marks and dashes, so it can be printed in black.
/// Foreign texts (prompts, names, messages) are escaped.
[[nodiscard]] std::string report_html(const RunResults& results, const Figures& figures,
                                      const PictureBytes& picture);

/// Two runs beside each other, for metrics.json texts of both; the same form.
/// Requires: metrics of version 1, else Error(kCorruptData or kUnsupported).
[[nodiscard]] std::string comparison_html(const std::string& first_name, const std::string& first,
                                          const std::string& second_name,
                                          const std::string& second);

}  // namespace stylus::evaluator
