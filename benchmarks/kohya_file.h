#pragma once

#include <ATen/ops/empty.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "tests/generator/lora_shapes.h"
#include "tests/weights/safetensors_builder.h"

namespace stylus {

/// Writes a kohya adapter of random halves that changes all `layers` of a UNet.
inline void write_kohya(const std::filesystem::path& path,
                        const std::vector<generator::LayerShape>& layers, std::int64_t rank) {
  weights::SafetensorsBuilder file;
  const auto add = [&](const std::string& name, const std::vector<std::int64_t>& sizes) {
    const at::Tensor values =
        at::empty(sizes, at::TensorOptions().dtype(at::kHalf)).normal_(0, 0.02);
    file.add(name, "F16", sizes,
             {static_cast<const char*>(values.const_data_ptr()), values.nbytes()});
  };
  for (const generator::LayerShape& shape : layers) {
    std::string name = "lora_unet_";
    name += weights::flattened(shape.path);
    std::vector<std::int64_t> down = shape.weight;
    std::vector<std::int64_t> up = shape.weight;
    down[0] = up[1] = rank;
    if (up.size() == 4) {
      up[2] = up[3] = 1;
    }
    add(name + ".lora_down.weight", down);
    add(name + ".lora_up.weight", up);
  }
  std::ofstream(path, std::ios::binary) << file.bytes();
}

/// An own folder below the system's temporary one, removed at the end.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::string& name)
      : path_(std::filesystem::temp_directory_path() /
              (name + std::to_string(std::random_device{}()))) {
    std::filesystem::create_directories(path_);
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace stylus
