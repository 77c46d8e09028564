#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace stylus {

/// True if `text` is well-formed UTF-8 (no overlong forms, no surrogates).
[[nodiscard]] bool is_valid_utf8(std::string_view text);

/// `text` with every byte that is not part of well-formed UTF-8 replaced by U+FFFD, and NUL bytes
/// replaced by a blank. Valid text without NUL comes back unchanged.
[[nodiscard]] std::string repair_utf8(std::string_view text);

/// Lower case per code point (Unicode simple mapping). Invalid bytes pass through unchanged.
[[nodiscard]] std::string to_lower(std::string_view text);

/// Without leading and trailing ASCII white space.
[[nodiscard]] std::string_view trim(std::string_view text);

/// Runs of ASCII white space become one blank; trimmed.
[[nodiscard]] std::string collapse_blanks(std::string_view text);

/// Pieces between `separator`, trimmed, empty ones left out.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text, char separator);

/// Calls `visit` for every line of `text` that is not blank, in order: the line without white space
/// at its ends, and its number, from 1, blank ones counted.
void for_each_line(std::string_view text,
                   const std::function<void(std::string_view line, std::size_t number)>& visit);

/// At most `limit_bytes` of `text`, cut at a code point border.
[[nodiscard]] std::string_view truncate_utf8(std::string_view text, std::size_t limit_bytes);

/// Joins with `separator`.
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// ASCII-only, case-insensitive equality.
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);

/// Columns that `text` takes on a terminal (wide East Asian characters count two).
[[nodiscard]] std::size_t display_width(std::string_view text);

}  // namespace stylus
