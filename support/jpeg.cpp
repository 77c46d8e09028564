#include "support/jpeg.h"

// jpeglib.h needs FILE and size_t to be known.
#include <jpeglib.h>

#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

#include "support/error.h"

namespace stylus {
namespace {

/// libjpeg reports errors by a callback that must not return: back by longjmp.
struct JpegErrors {
  jpeg_error_mgr manager = {};
  std::jmp_buf back = {};
  char message[JMSG_LENGTH_MAX] = {};
};

void on_jpeg_error(j_common_ptr jpeg) {
  auto* errors = reinterpret_cast<JpegErrors*>(jpeg->err);
  jpeg->err->format_message(jpeg, errors->message);
  std::longjmp(errors->back, 1);
}

void ignore_jpeg_message(j_common_ptr) {}

bool read_jpeg_header(jpeg_decompress_struct& jpeg, JpegErrors& errors, std::string_view bytes) {
  if (setjmp(errors.back) != 0) {
    return false;
  }
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&jpeg, TRUE);
  return true;
}

bool read_jpeg_rows(jpeg_decompress_struct& jpeg, JpegErrors& errors, Picture& picture) {
  if (setjmp(errors.back) != 0) {
    return false;
  }
  jpeg.out_color_space = JCS_RGB;
  jpeg_start_decompress(&jpeg);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = picture.pixel(0, jpeg.output_scanline);
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
  return true;
}

struct JpegReader {
  JpegReader() {
    jpeg.err = jpeg_std_error(&errors.manager);
    errors.manager.error_exit = on_jpeg_error;
    errors.manager.output_message = ignore_jpeg_message;
    jpeg_create_decompress(&jpeg);
  }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
  ~JpegReader() { jpeg_destroy_decompress(&jpeg); }

  JpegErrors errors;
  jpeg_decompress_struct jpeg = {};
};

/// The bytes belong to libjpeg and are malloc's.
struct JpegBytes {
  ~JpegBytes() { std::free(data); }
  unsigned char* data = nullptr;
  unsigned long size = 0;
};

bool write_jpeg(jpeg_compress_struct& jpeg, JpegErrors& errors, const Picture& picture, int quality,
                JpegBytes& bytes) {
  if (setjmp(errors.back) != 0) {
    return false;
  }
  jpeg_mem_dest(&jpeg, &bytes.data, &bytes.size);
  jpeg.image_width = static_cast<JDIMENSION>(picture.width);
  jpeg.image_height = static_cast<JDIMENSION>(picture.height);
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, quality, TRUE);
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    JSAMPROW row = const_cast<JSAMPROW>(picture.pixel(0, jpeg.next_scanline));
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  return true;
}

}  // namespace

bool is_jpeg(std::string_view bytes) { return bytes.substr(0, 3) == "\xFF\xD8\xFF"; }

Picture decode_jpeg(std::string_view bytes, const std::string& what) {
  JpegReader reader;
  require(read_jpeg_header(reader.jpeg, reader.errors, bytes), ErrorCode::kCorruptData, what,
          " is a broken JPEG: ", reader.errors.message);
  require(reader.jpeg.num_components != 4, ErrorCode::kUnsupported, what,
          " is a CMYK JPEG; convert it to RGB first");
  const auto width = static_cast<std::int64_t>(reader.jpeg.image_width);
  const auto height = static_cast<std::int64_t>(reader.jpeg.image_height);
  require(width > 0 && height > 0 && width <= kMaxPictureSide && height <= kMaxPictureSide &&
              width * height <= kMaxPicturePixels,
          ErrorCode::kCorruptData, what, " is ", width, " x ", height, " pixels; at most ",
          kMaxPictureSide, " a side and ", kMaxPicturePixels, " in all are read");
  Picture picture(width, height);
  require(read_jpeg_rows(reader.jpeg, reader.errors, picture), ErrorCode::kCorruptData, what,
          " is a broken JPEG: ", reader.errors.message);
  return picture;
}

std::string encode_jpeg(const Picture& picture, int quality) {
  require(picture.width > 0 && picture.height > 0 && quality >= 1 && quality <= 100,
          ErrorCode::kInvalidArgument, "cannot write ", picture.width, " x ", picture.height,
          " pixels as JPEG of quality ", quality);
  JpegErrors errors;
  JpegBytes bytes;
  jpeg_compress_struct jpeg = {};
  jpeg.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = on_jpeg_error;
  errors.manager.output_message = ignore_jpeg_message;
  jpeg_create_compress(&jpeg);
  const bool written = write_jpeg(jpeg, errors, picture, quality, bytes);
  jpeg_destroy_compress(&jpeg);
  require(written, ErrorCode::kInvalidArgument,
          "the picture cannot be written as JPEG: ", errors.message);
  return std::string(reinterpret_cast<const char*>(bytes.data), bytes.size);
}

}  // namespace stylus
