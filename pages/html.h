#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stylus::pages {

/// Foreign text for HTML and SVG: the five special characters become entities, control characters
/// but line ends and tabs are left out.
[[nodiscard]] std::string html_text(std::string_view text);

/// A number with that many decimals, "−" for below zero; "–" for what is no number.
[[nodiscard]] std::string html_number(double value, int decimals);

/// A table; texts are HTML already. The first `left` columns are aligned left, others right. A
/// line stands above every row whose first cell differs from the one above it.
[[nodiscard]] std::string html_table(const std::vector<std::string>& headings,
                                     const std::vector<std::vector<std::string>>& rows,
                                     std::size_t left);

/// A whole document; nothing is loaded from elsewhere. title: plain text; style: CSS; body: HTML.
[[nodiscard]] std::string html_document(std::string_view title, std::string_view style,
                                        std::string_view body);

/// A document for figures: tables, charts, notes and pictures in black, white and grey, so that it
/// prints. body: HTML with the style's classes `note`, `dim`, `grid`, `scroll`, `l`.
[[nodiscard]] std::string report_page(std::string_view title, std::string_view body);

}  // namespace stylus::pages
