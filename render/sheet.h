#pragma once

#include <string>
#include <vector>

#include "support/picture.h"

namespace stylus::render {

/// One picture of a sheet and the line below it.
struct SheetCell {
  Picture picture;
  std::string label;  ///< UTF-8; cut to the cell's width.
};

/// All pictures in a grid, each over its label, below a title that is wrapped to the sheet's width.
///
/// Small pictures are enlarged by a whole factor (pixels stay squares), so that labels can be read.
/// On a machine without fonts texts are left out, and `has_labels` says so.
struct Sheet {
  Picture picture;
  bool has_labels = true;
};

/// Requires: at least one cell, else Error(kInvalidArgument).
[[nodiscard]] Sheet make_sheet(const std::string& title, const std::vector<SheetCell>& cells);

}  // namespace stylus::render
