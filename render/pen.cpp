#include "render/pen.h"

#include <fontconfig/fontconfig.h>
#include <ft2build.h>
#include <utf8proc.h>
#include FT_FREETYPE_H

#include <algorithm>

namespace stylus::render {
namespace {

constexpr const char* kEllipsis = "\xE2\x80\xA6";

/// The code point at text[i]; moves i behind it. Broken bytes are U+FFFD.
char32_t next_code_point(std::string_view text, std::size_t& i) {
  utf8proc_int32_t code = -1;
  const utf8proc_ssize_t length =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + i),
                       static_cast<utf8proc_ssize_t>(text.size() - i), &code);
  i += length > 0 ? static_cast<std::size_t>(length) : 1;
  return length > 0 ? static_cast<char32_t>(code) : U'\uFFFD';
}

void blend(Picture& picture, std::int64_t x, std::int64_t y, unsigned ink) {
  if (x < 0 || y < 0 || x >= picture.width || y >= picture.height) {
    return;
  }
  constexpr unsigned kDarkGrey = 40;
  std::uint8_t* pixel = picture.pixel(x, y);
  for (int c = 0; c < 3; ++c) {
    const unsigned paper = pixel[c];
    pixel[c] = static_cast<std::uint8_t>((paper * (255 - ink) + kDarkGrey * ink) / 255);
  }
}

/// True for scalable fonts without colours of their own.
bool can_write(FcPattern* font) {
  FcBool is_scalable = FcFalse;
  FcBool has_colour = FcFalse;
  FcPatternGetBool(font, FC_SCALABLE, 0, &is_scalable);
  FcPatternGetBool(font, FC_COLOR, 0, &has_colour);
  return is_scalable == FcTrue && has_colour == FcFalse;
}

}  // namespace

/// The machine's fonts, the best for DejaVu Sans first.
class Pen::Fonts {
 public:
  Fonts() {
    config_ = FcInitLoadConfigAndFonts();
    if (config_ == nullptr || FT_Init_FreeType(&library_) != 0) {
      return;
    }
    FcPattern* wish = FcPatternCreate();
    FcPatternAddString(wish, FC_FAMILY, reinterpret_cast<const FcChar8*>("DejaVu Sans"));
    FcConfigSubstitute(config_, wish, FcMatchPattern);
    FcDefaultSubstitute(wish);
    FcResult result = FcResultMatch;
    sorted_ = FcFontSort(config_, wish, /*trim=*/FcTrue, nullptr, &result);
    FcPatternDestroy(wish);
    for (int i = 0; sorted_ != nullptr && i < sorted_->nfont; ++i) {
      if (can_write(sorted_->fonts[i])) {
        fonts_.push_back({sorted_->fonts[i], nullptr, false});
      }
    }
  }
  Fonts(const Fonts&) = delete;
  Fonts& operator=(const Fonts&) = delete;
  ~Fonts() {
    for (const Font& font : fonts_) {
      if (font.face != nullptr) {
        FT_Done_Face(font.face);
      }
    }
    if (library_ != nullptr) {
      FT_Done_FreeType(library_);
    }
    if (sorted_ != nullptr) {
      FcFontSetDestroy(sorted_);
    }
    if (config_ != nullptr) {
      FcConfigDestroy(config_);
    }
  }

  /// The font for a letter: the first that has it, else the first; null where there is none.
  [[nodiscard]] FT_Face face_for(char32_t code) {
    for (Font& font : fonts_) {
      FcCharSet* letters = nullptr;
      if (FcPatternGetCharSet(font.pattern, FC_CHARSET, 0, &letters) == FcResultMatch &&
          FcCharSetHasChar(letters, code) == FcTrue) {
        if (FT_Face face = opened(font)) {
          return face;
        }
      }
    }
    return first();
  }

  [[nodiscard]] FT_Face first() {
    for (Font& font : fonts_) {
      if (FT_Face face = opened(font)) {
        return face;
      }
    }
    return nullptr;
  }

 private:
  struct Font {
    FcPattern* pattern;
    FT_Face face;
    bool is_tried;
  };

  /// Null for a file that cannot be opened.
  FT_Face opened(Font& font) {
    if (!font.is_tried) {
      font.is_tried = true;
      FcChar8* file = nullptr;
      int index = 0;
      FcPatternGetInteger(font.pattern, FC_INDEX, 0, &index);
      if (FcPatternGetString(font.pattern, FC_FILE, 0, &file) != FcResultMatch ||
          FT_New_Face(library_, reinterpret_cast<const char*>(file), index, &font.face) != 0) {
        font.face = nullptr;
      }
    }
    return font.face;
  }

  FcConfig* config_ = nullptr;
  FcFontSet* sorted_ = nullptr;
  FT_Library library_ = nullptr;
  std::vector<Font> fonts_;
};

namespace {

/// Setting a size runs the font's own program, so only when it changes.
bool has_size(FT_Face face, std::int64_t size) {
  return face->size->metrics.y_ppem == size ||
         FT_Set_Pixel_Sizes(face, 0, static_cast<FT_UInt>(size)) == 0;
}

/// Calls `action` with every letter, loaded as `flags` say. `face_for` gives a letter's font.
template <typename FaceFor, typename Action>
void for_each_glyph(std::string_view text, std::int64_t size, FT_Int32 flags, FaceFor face_for,
                    Action action) {
  for (std::size_t i = 0; i < text.size();) {
    const char32_t code = next_code_point(text, i);
    FT_Face face = face_for(code);
    if (face != nullptr && has_size(face, size) && FT_Load_Char(face, code, flags) == 0) {
      action(face->glyph);
    }
  }
}

}  // namespace

Pen::Pen() : fonts_(std::make_unique<Fonts>()) {}
Pen::~Pen() = default;

bool Pen::works() const { return fonts_->first() != nullptr; }

std::int64_t Pen::width(std::string_view text, std::int64_t size) const {
  std::int64_t x = 0;
  for_each_glyph(
      text, size, FT_LOAD_DEFAULT, [this](char32_t code) { return fonts_->face_for(code); },
      [&x](FT_GlyphSlot glyph) { x += glyph->advance.x; });
  return x / 64;
}

void Pen::draw(Picture& picture, std::int64_t x, std::int64_t baseline, std::string_view text,
               std::int64_t size) const {
  std::int64_t pen = x * 64;
  const auto put = [&](FT_GlyphSlot glyph) {
    const FT_Bitmap& bitmap = glyph->bitmap;
    const std::int64_t left = pen / 64 + glyph->bitmap_left;
    const std::int64_t top = baseline - glyph->bitmap_top;
    const bool is_grey = bitmap.pixel_mode == FT_PIXEL_MODE_GRAY;
    for (unsigned row = 0; is_grey && row < bitmap.rows; ++row) {
      for (unsigned column = 0; column < bitmap.width; ++column) {
        blend(picture, left + column, top + row,
              bitmap.buffer[row * static_cast<unsigned>(bitmap.pitch) + column]);
      }
    }
    pen += glyph->advance.x;
  };
  for_each_glyph(
      text, size, FT_LOAD_RENDER, [this](char32_t code) { return fonts_->face_for(code); }, put);
}

std::string cut_to(const Pen& pen, std::string text, std::int64_t size, std::int64_t width) {
  if (pen.width(text, size) <= width) {
    return text;
  }
  while (!text.empty() && pen.width(text + kEllipsis, size) > width) {
    do {
      text.pop_back();
    } while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U);
  }
  return text + kEllipsis;
}

namespace {

/// A piece that is not broken, and whether a space stands before it.
struct Piece {
  std::string text;
  bool has_space = false;
};

std::vector<Piece> pieces_of(std::string_view text) {
  constexpr char32_t kFirstWithoutSpaces = 0x2E80;  // Chinese, Japanese, Korean
  std::vector<Piece> pieces;
  bool ends = true;
  bool after_space = false;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t begin = i;
    const char32_t code = next_code_point(text, i);
    if (code == U' ' || code == U'\n') {
      ends = true;
      after_space = !pieces.empty();
      continue;
    }
    const bool stands_alone = code >= kFirstWithoutSpaces && code < 0x1F000;
    if (ends || stands_alone) {
      pieces.push_back({"", after_space});
      after_space = false;
    }
    pieces.back().text += text.substr(begin, i - begin);
    ends = stands_alone;
  }
  return pieces;
}

}  // namespace

std::vector<std::string> wrapped(const Pen& pen, std::string_view text, std::int64_t size,
                                 std::int64_t width) {
  std::vector<std::string> lines;
  std::string line;
  for (const Piece& piece : pieces_of(text)) {
    std::string longer = line;
    longer += piece.has_space && !line.empty() ? " " : "";
    longer += piece.text;
    if (!line.empty() && pen.width(longer, size) > width) {
      lines.push_back(std::move(line));
      longer = piece.text;
    }
    line = std::move(longer);
  }
  if (!line.empty()) {
    lines.push_back(std::move(line));
  }
  for (std::string& finished : lines) {
    finished = cut_to(pen, std::move(finished), size, width);
  }
  return lines;
}

}  // namespace stylus::render
