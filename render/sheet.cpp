#include "render/sheet.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "render/pen.h"
#include "support/error.h"

namespace stylus::render {
namespace {

constexpr std::int64_t kGap = 12;
constexpr std::int64_t kLabelSize = 14;  // pixels
constexpr std::int64_t kTitleSize = 18;
constexpr std::int64_t kSmallestCell = 192;

void paste(Picture& sheet, const Picture& picture, std::int64_t left, std::int64_t top,
           std::int64_t zoom) {
  for (std::int64_t y = 0; y < picture.height * zoom; ++y) {
    for (std::int64_t x = 0; x < picture.width * zoom; ++x) {
      std::copy_n(picture.pixel(x / zoom, y / zoom), 3, sheet.pixel(left + x, top + y));
    }
  }
}

}  // namespace

Sheet make_sheet(const std::string& title, const std::vector<SheetCell>& cells) {
  require(!cells.empty(), ErrorCode::kInvalidArgument, "a sheet needs a picture");
  const Pen pen;
  std::int64_t width = 0;
  std::int64_t height = 0;
  for (const SheetCell& cell : cells) {
    width = std::max(width, cell.picture.width);
    height = std::max(height, cell.picture.height);
  }
  const std::int64_t zoom = std::max<std::int64_t>(1, kSmallestCell / std::max(width, height));
  const std::int64_t cell_width = width * zoom;
  const std::int64_t cell_height = height * zoom + kLabelSize * 2;
  const auto count = static_cast<std::int64_t>(cells.size());
  const auto columns = std::min<std::int64_t>(
      count, static_cast<std::int64_t>(std::ceil(std::sqrt(1.6 * static_cast<double>(count)))));
  const std::int64_t rows = (count + columns - 1) / columns;
  const std::int64_t sheet_width = columns * (cell_width + kGap) + kGap;
  const std::vector<std::string> lines = wrapped(pen, title, kTitleSize, sheet_width - 2 * kGap);
  const std::int64_t title_height =
      lines.empty() ? 0 : static_cast<std::int64_t>(lines.size()) * kTitleSize * 3 / 2 + kGap;

  Sheet sheet;
  sheet.has_labels = pen.works();
  sheet.picture = Picture(sheet_width, title_height + rows * (cell_height + kGap) + kGap);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto line = static_cast<std::int64_t>(i);
    pen.draw(sheet.picture, kGap, kGap + kTitleSize + line * kTitleSize * 3 / 2, lines[i],
             kTitleSize);
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const SheetCell& cell = cells[static_cast<std::size_t>(i)];
    const std::int64_t left = kGap + (i % columns) * (cell_width + kGap);
    const std::int64_t top = title_height + kGap + (i / columns) * (cell_height + kGap);
    paste(sheet.picture, cell.picture, left, top, zoom);
    pen.draw(sheet.picture, left, top + height * zoom + kLabelSize + 4,
             cut_to(pen, cell.label, kLabelSize, cell_width), kLabelSize);
  }
  return sheet;
}

}  // namespace stylus::render
