#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/picture.h"

namespace stylus::render {

/// Writes lines of text on pictures in dark grey: DejaVu Sans, and for what it lacks (Chinese,
/// Thai, …) the first of the machine's other fonts that has the letter, in fontconfig's order.
///
/// Letters follow one another from left to right and are not joined or reordered: scripts that need
/// that (Arabic, Devanagari) can be recognised, not more. Letters that no font has are boxes.
/// Does nothing on a machine without fonts.
/// Thread safety: one thread at a time.
/// Cost: construction asks fontconfig for the list of fonts (milliseconds; the first time on a
///       machine up to seconds); a font is opened when a letter needs it.
class Pen {
 public:
  Pen();
  Pen(const Pen&) = delete;
  Pen& operator=(const Pen&) = delete;
  ~Pen();

  /// False where no font was found.
  [[nodiscard]] bool works() const;

  /// Width in pixels of `text` in letters of `size` pixels.
  [[nodiscard]] std::int64_t width(std::string_view text, std::int64_t size) const;

  /// Draws from (x, baseline).
  void draw(Picture& picture, std::int64_t x, std::int64_t baseline, std::string_view text,
            std::int64_t size) const;

 private:
  class Fonts;
  std::unique_ptr<Fonts> fonts_;
};

/// `text` cut with an ellipsis so that it is at most `width` pixels wide.
[[nodiscard]] std::string cut_to(const Pen& pen, std::string text, std::int64_t size,
                                 std::int64_t width);

/// `text` in lines of at most `width` pixels, broken at spaces or, in scripts that write none,
/// between any two letters beyond U+2E80; words that are longer are cut.
[[nodiscard]] std::vector<std::string> wrapped(const Pen& pen, std::string_view text,
                                               std::int64_t size, std::int64_t width);

}  // namespace stylus::render
