#pragma once

#include <cstddef>

#include "support/rows.h"

namespace stylus::encoder {

/// Columns of one attention head; the only width that the code below handles.
inline constexpr std::size_t kHeadWidth = 32;

/// One head over one text: softmax(Q K' / sqrt(32)) V.
///
/// Shapes:   projected [N, 3 D]: queries, keys and values of all tokens side by side; the text is
///           rows first .. first + count - 1 and the head columns column .. column + 31 of each
///           third. Writes the same columns of the same rows of mixed [N, D].
/// Cost:     4 * 32 * count^2 operations.
void attend_head(const Rows& projected, std::size_t first, std::size_t count, std::size_t column,
                 Rows& mixed);

}  // namespace stylus::encoder
