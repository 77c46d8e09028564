#include "support/picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/file.h"
#include "tests/error_code_of.h"

namespace stylus {
namespace {

namespace fs = std::filesystem;

Picture checkered(std::int64_t width, std::int64_t height) {
  Picture picture(width, height);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      picture.pixel(x, y)[0] = static_cast<std::uint8_t>(x * 7 + y);
      picture.pixel(x, y)[1] = static_cast<std::uint8_t>((x + y) % 2 == 0 ? 0 : 255);
    }
  }
  return picture;
}

TEST(Picture, APngComesBackByteForByteWithItsTexts) {
  const Picture picture = checkered(13, 9);
  const PictureTexts texts = {{"parameters", "a caf\xC3\xA9\nSteps: 20"},
                              {"stylus_plan", "{\"prompt\": \"\xE7\x8C\xAB\"}"}};
  const fs::path path = fs::temp_directory_path() / "stylus_picture_test.png";
  write_file_atomically(path, encode_png(picture, texts));

  EXPECT_EQ(read_picture(path).rgb, picture.rgb);
  EXPECT_EQ(read_png_texts(path), texts);
  EXPECT_EQ(encode_png(picture, texts), encode_png(picture, texts));
  fs::remove(path);
}

TEST(Picture, ACutPngIsNamedAsBroken) {
  const std::string bytes = encode_png(checkered(64, 64));
  for (const std::size_t length : {std::size_t{8}, std::size_t{20}, bytes.size() / 2}) {
    EXPECT_EQ(error_code_of([&] { (void)decode_picture(bytes.substr(0, length), "cut.png"); }),
              ErrorCode::kCorruptData);
  }
}

TEST(Picture, OtherFormatsAreRefusedByName) {
  EXPECT_EQ(error_code_of([] { (void)decode_picture("GIF89a....", "a.gif"); }),
            ErrorCode::kUnsupported);
  EXPECT_EQ(error_code_of([] { (void)decode_picture("", "empty"); }), ErrorCode::kUnsupported);
}

TEST(Picture, ReadsRealPngAndJpegFiles) {
  const fs::path folder = fs::path(STYLUS_SOURCE_DIR) / "../shared/data/images";
  if (!fs::exists(folder)) {
    GTEST_SKIP() << "needs ../shared/data/images";
  }
  int read = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    const std::string extension = entry.path().extension().string();
    if ((extension == ".png" || extension == ".jpg") && read < 200) {
      const Picture picture = read_picture(entry.path());
      EXPECT_EQ(picture.rgb.size(), static_cast<std::size_t>(picture.width * picture.height * 3));
      ++read;
    }
  }
  EXPECT_GT(read, 0);
}

}  // namespace
}  // namespace stylus
