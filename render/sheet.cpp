#include "render/sheet.h"

#include <ft2build.h>
#include <utf8proc.h>
#include FT_FREETYPE_H

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <string_view>

#include "support/error.h"

namespace stylus::render {
namespace {

constexpr std::int64_t kGap = 12;
constexpr std::int64_t kLabelSize = 14;  // pixels
constexpr std::int64_t kTitleSize = 18;
constexpr std::int64_t kSmallestCell = 192;

constexpr std::array<const char*, 3> kFonts = {
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
    "/usr/share/fonts/TTF/DejaVuSans.ttf",
};

/// The code point at text[i]; moves i behind it. Broken bytes are U+FFFD.
char32_t next_code_point(std::string_view text, std::size_t& i) {
  utf8proc_int32_t code = -1;
  const utf8proc_ssize_t length =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + i),
                       static_cast<utf8proc_ssize_t>(text.size() - i), &code);
  i += length > 0 ? static_cast<std::size_t>(length) : 1;
  return length > 0 ? static_cast<char32_t>(code) : U'\uFFFD';
}

/// Writes text with FreeType; does nothing where no font is found.
class Pen {
 public:
  Pen() {
    if (FT_Init_FreeType(&library_) != 0) {
      library_ = nullptr;
      return;
    }
    for (const char* file : kFonts) {
      if (std::filesystem::exists(file) && FT_New_Face(library_, file, 0, &face_) == 0) {
        return;
      }
    }
    face_ = nullptr;
  }
  Pen(const Pen&) = delete;
  Pen& operator=(const Pen&) = delete;
  ~Pen() {
    if (face_ != nullptr) {
      FT_Done_Face(face_);
    }
    if (library_ != nullptr) {
      FT_Done_FreeType(library_);
    }
  }

  [[nodiscard]] bool works() const { return face_ != nullptr; }

  /// Width in pixels of `text` in letters of `size` pixels.
  [[nodiscard]] std::int64_t width(std::string_view text, std::int64_t size) const {
    std::int64_t x = 0;
    for_each_glyph(text, size, [&x](FT_GlyphSlot glyph) { x += glyph->advance.x; });
    return x / 64;
  }

  /// Draws from (x, baseline) in dark grey.
  void draw(Picture& picture, std::int64_t x, std::int64_t baseline, std::string_view text,
            std::int64_t size) const {
    std::int64_t pen = x * 64;
    for_each_glyph(text, size, [&](FT_GlyphSlot glyph) {
      const std::int64_t left = pen / 64 + glyph->bitmap_left;
      const std::int64_t top = baseline - glyph->bitmap_top;
      for (unsigned row = 0; row < glyph->bitmap.rows; ++row) {
        for (unsigned column = 0; column < glyph->bitmap.width; ++column) {
          const unsigned char ink =
              glyph->bitmap.buffer[row * static_cast<unsigned>(glyph->bitmap.pitch) + column];
          blend(picture, left + column, top + row, ink);
        }
      }
      pen += glyph->advance.x;
    });
  }

 private:
  template <typename Action>
  void for_each_glyph(std::string_view text, std::int64_t size, Action action) const {
    if (face_ == nullptr || FT_Set_Pixel_Sizes(face_, 0, static_cast<FT_UInt>(size)) != 0) {
      return;
    }
    for (std::size_t i = 0; i < text.size();) {
      const char32_t code = next_code_point(text, i);
      if (FT_Load_Char(face_, code, FT_LOAD_RENDER) == 0) {
        action(face_->glyph);
      }
    }
  }

  static void blend(Picture& picture, std::int64_t x, std::int64_t y, unsigned ink) {
    if (x < 0 || y < 0 || x >= picture.width || y >= picture.height) {
      return;
    }
    std::uint8_t* pixel = picture.pixel(x, y);
    for (int c = 0; c < 3; ++c) {
      const unsigned paper = pixel[c];
      pixel[c] = static_cast<std::uint8_t>((paper * (255 - ink) + 40 * ink) / 255);
    }
  }

  FT_Library library_ = nullptr;
  FT_Face face_ = nullptr;
};

/// `text` cut with an ellipsis so that it fits.
std::string cut_to(const Pen& pen, std::string text, std::int64_t size, std::int64_t width) {
  if (pen.width(text, size) <= width) {
    return text;
  }
  while (!text.empty() && pen.width(text + "\xE2\x80\xA6", size) > width) {
    do {
      text.pop_back();
    } while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U);
  }
  return text + "\xE2\x80\xA6";
}

std::vector<std::string> wrapped(const Pen& pen, const std::string& text, std::int64_t size,
                                 std::int64_t width) {
  std::vector<std::string> lines;
  std::string line;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" \n", begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    const std::string longer = line.empty() ? word : line + " " + word;
    if (!line.empty() && pen.width(longer, size) > width) {
      lines.push_back(line);
      line = word;
    } else {
      line = longer;
    }
    begin = end + 1;
  }
  if (!line.empty()) {
    lines.push_back(line);
  }
  for (std::string& finished : lines) {
    finished = cut_to(pen, finished, size, width);
  }
  return lines;
}

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
