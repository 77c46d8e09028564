#include "render/output_files.h"

#include <string>

namespace stylus::render {

std::filesystem::path picture_file(const std::filesystem::path& output, std::size_t image,
                                   std::size_t count) {
  if (count == 1) {
    return output;
  }
  const std::size_t digits = std::to_string(count).size();
  std::string number = std::to_string(image + 1);
  number.insert(0, digits - number.size(), '0');
  std::string name = output.stem().string();
  name += "-";
  name += number;
  name += output.extension().string();
  return output.parent_path() / name;
}

std::filesystem::path preview_file(const std::filesystem::path& picture) {
  std::string name = picture.stem().string();
  name += ".preview";
  name += picture.extension().string();
  return picture.parent_path() / name;
}

}  // namespace stylus::render
