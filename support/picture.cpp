#include "support/picture.h"

#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <memory>

#include "support/error.h"
#include "support/file.h"
#include "support/jpeg.h"
#include "support/text.h"

namespace stylus {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{64} << 20U;
constexpr std::size_t kMaxTextBytes = std::size_t{16} << 20U;

/// What libpng's callbacks see. Its errors arrive by longjmp, so nothing with a destructor may
/// live in the functions that call it.
struct PngInput {
  const unsigned char* data = nullptr;
  std::size_t left = 0;
  char message[160] = {};
};

void on_png_error(png_structp png, png_const_charp message) {
  auto* input = static_cast<PngInput*>(png_get_error_ptr(png));
  std::strncpy(input->message, message, sizeof(input->message) - 1);
  png_longjmp(png, 1);
}

void on_png_warning(png_structp, png_const_charp) {}

void read_png_bytes(png_structp png, png_bytep out, std::size_t count) {
  auto* input = static_cast<PngInput*>(png_get_io_ptr(png));
  if (count > input->left) {
    png_error(png, "the file ends early");
  }
  std::memcpy(out, input->data, count);
  input->data += count;
  input->left -= count;
}

void limit(png_structp png) {
  png_set_user_limits(png, kMaxPictureSide, kMaxPictureSide);
  png_set_chunk_malloc_max(png, kMaxTextBytes);
}

/// Owns libpng's two structures for reading.
struct PngReader {
  explicit PngReader(std::string_view bytes)
      : input{reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), {}},
        png(png_create_read_struct(PNG_LIBPNG_VER_STRING, &input, on_png_error, on_png_warning)),
        info(png_create_info_struct(png)) {
    png_set_read_fn(png, &input, read_png_bytes);
    limit(png);
  }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }

  PngInput input;
  png_structp png;
  png_infop info;
};

bool read_png_header(PngReader& reader) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) {
    return false;
  }
  png_read_info(reader.png, reader.info);
  return true;
}

/// Every colour type as 8-bit RGB, transparency on white.
bool read_png_rows(PngReader& reader, png_bytepp rows) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) {
    return false;
  }
  png_set_expand(reader.png);
  png_set_strip_16(reader.png);
  png_set_gray_to_rgb(reader.png);
  png_color_16 white = {0, 255, 255, 255, 255};
  png_set_background(reader.png, &white, PNG_BACKGROUND_GAMMA_SCREEN, 0, 1.0);
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  if (png_get_rowbytes(reader.png, reader.info) !=
      static_cast<std::size_t>(png_get_image_width(reader.png, reader.info)) * 3) {
    std::strncpy(reader.input.message, "an unusual colour type", sizeof(reader.input.message) - 1);
    return false;
  }
  png_read_image(reader.png, rows);
  return true;
}

void check_size(std::int64_t width, std::int64_t height, const std::string& what) {
  require(width > 0 && height > 0 && width <= kMaxPictureSide && height <= kMaxPictureSide &&
              width * height <= kMaxPicturePixels,
          ErrorCode::kCorruptData, what, " is ", width, " x ", height, " pixels; at most ",
          kMaxPictureSide, " a side and ", kMaxPicturePixels, " in all are read");
}

/// How far a PNG is read: its rows, or all of it.
using ReadPng = bool (*)(PngReader&, png_bytepp);

/// Header, size check and rows: what every reader of a PNG begins with.
Picture read_png(PngReader& reader, ReadPng read, const std::string& what) {
  require(read_png_header(reader), ErrorCode::kCorruptData, what,
          " is a broken PNG: ", reader.input.message);
  const auto width = static_cast<std::int64_t>(png_get_image_width(reader.png, reader.info));
  const auto height = static_cast<std::int64_t>(png_get_image_height(reader.png, reader.info));
  check_size(width, height, what);
  Picture picture(width, height);
  std::vector<png_bytep> rows;
  for (std::int64_t y = 0; y < height; ++y) {
    rows.push_back(picture.pixel(0, y));
  }
  require(read(reader, rows.data()), ErrorCode::kCorruptData, what,
          " is a broken PNG: ", reader.input.message);
  return picture;
}

/// A path as messages show it.
std::string quoted(const std::filesystem::path& path) {
  std::string text = "'";
  text += path.string();
  text += "'";
  return text;
}

bool is_png(std::string_view bytes) { return bytes.substr(0, 8) == "\x89PNG\r\n\x1a\n"; }

/// UTF-8 -> Latin-1, or nothing where a character is beyond it.
bool to_latin1(std::string_view text, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      out.push_back(text[i]);
    } else if ((byte == 0xC2 || byte == 0xC3) && i + 1 < text.size()) {
      const auto next = static_cast<unsigned char>(text[++i]);
      out.push_back(static_cast<char>(((byte & 0x03U) << 6U) | (next & 0x3FU)));
    } else {
      return false;
    }
  }
  return true;
}

std::string from_latin1(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte < 0x80) {
      out.push_back(letter);
    } else {
      out.push_back(static_cast<char>(0xC0U | (byte >> 6U)));
      out.push_back(static_cast<char>(0x80U | (byte & 0x3FU)));
    }
  }
  return out;
}

/// A text chunk with the storage that libpng points into.
struct TextChunk {
  std::string keyword, text;
  bool is_latin1 = false;
};

void append_png_bytes(png_structp png, png_bytep data, std::size_t count) {
  static_cast<std::string*>(png_get_io_ptr(png))
      ->append(reinterpret_cast<const char*>(data), count);
}

void flush_nothing(png_structp) {}

bool write_png(png_structp png, png_infop info, const Picture& picture, png_textp texts,
               int text_count, png_bytepp rows) {
  if (setjmp(png_jmpbuf(png)) != 0) {
    return false;
  }
  png_set_IHDR(png, info, static_cast<png_uint_32>(picture.width),
               static_cast<png_uint_32>(picture.height), 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level(png, 6);
  png_set_text(png, info, texts, text_count);
  png_write_info(png, info);
  png_write_image(png, rows);
  png_write_end(png, nullptr);
  return true;
}

bool read_whole_png(PngReader& reader, png_bytepp rows) {
  if (!read_png_rows(reader, rows) || setjmp(png_jmpbuf(reader.png)) != 0) {
    return false;
  }
  png_read_end(reader.png, reader.info);
  return true;
}

}  // namespace

Picture::Picture(std::int64_t width_, std::int64_t height_)
    : width(width_),
      height(height_),
      rgb(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_) * 3, 255) {}

Picture decode_picture(std::string_view bytes, const std::string& what) {
  if (is_png(bytes)) {
    PngReader reader(bytes);
    return read_png(reader, read_png_rows, what);
  }
  if (is_jpeg(bytes)) {
    return decode_jpeg(bytes, what);
  }
  fail(ErrorCode::kUnsupported, what,
       " is neither a PNG nor a JPEG; convert it to one of these first");
}

Picture read_picture(const std::filesystem::path& path) {
  return decode_picture(read_file(path, kMaxFileBytes), quoted(path));
}

std::string encode_png(const Picture& picture, const PictureTexts& texts) {
  check_size(picture.width, picture.height, "the picture");
  std::vector<TextChunk> chunks;
  for (const auto& [keyword, text] : texts) {
    TextChunk chunk{keyword, {}, false};
    chunk.is_latin1 = to_latin1(text, chunk.text);
    if (!chunk.is_latin1) {
      chunk.text = text;
    }
    chunks.push_back(std::move(chunk));
  }
  std::vector<png_text> pointers;
  char empty[] = "";
  for (TextChunk& chunk : chunks) {
    png_text entry = {};
    entry.compression = chunk.is_latin1 ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE;
    entry.key = chunk.keyword.data();
    entry.text = chunk.text.data();
    entry.text_length = chunk.is_latin1 ? chunk.text.size() : 0;
    entry.itxt_length = chunk.is_latin1 ? 0 : chunk.text.size();
    entry.lang = empty;
    entry.lang_key = empty;
    pointers.push_back(entry);
  }
  std::vector<png_bytep> rows;
  for (std::int64_t y = 0; y < picture.height; ++y) {
    rows.push_back(const_cast<png_bytep>(picture.pixel(0, y)));
  }
  std::string bytes;
  PngInput errors;
  png_structp png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, &errors, on_png_error, on_png_warning);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &bytes, append_png_bytes, flush_nothing);
  const bool written = write_png(png, info, picture, pointers.data(),
                                 static_cast<int>(pointers.size()), rows.data());
  png_destroy_write_struct(&png, &info);
  require(written, ErrorCode::kInvalidArgument,
          "the picture cannot be written as PNG: ", errors.message);
  return bytes;
}

PictureTexts read_png_texts(const std::filesystem::path& path) {
  const std::string bytes = read_file(path, kMaxFileBytes);
  const std::string what = quoted(path);
  require(is_png(bytes), ErrorCode::kUnsupported, what, " is no PNG");
  PngReader reader(bytes);
  (void)read_png(reader, read_whole_png, what);
  png_textp texts = nullptr;
  int count = 0;
  png_get_text(reader.png, reader.info, &texts, &count);
  PictureTexts result;
  for (int i = 0; i < count; ++i) {
    const png_text& entry = texts[i];
    const bool is_utf8 = entry.compression >= PNG_ITXT_COMPRESSION_NONE;
    const std::string_view text(entry.text, is_utf8 ? entry.itxt_length : entry.text_length);
    result.emplace_back(entry.key, is_utf8 ? std::string(text) : from_latin1(text));
  }
  return result;
}

}  // namespace stylus
