#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stylus::weights {

/// Writes the bytes of a safetensors file, tensors in the order in which they are added.
class SafetensorsBuilder {
 public:
  SafetensorsBuilder& add(const std::string& name, const std::string& dtype,
                          const std::vector<std::int64_t>& shape, std::string_view bytes) {
    header_[name] = {{"dtype", dtype},
                     {"shape", shape},
                     {"data_offsets", {buffer_.size(), buffer_.size() + bytes.size()}}};
    buffer_ += bytes;
    return *this;
  }

  SafetensorsBuilder& add_f32(const std::string& name, const std::vector<std::int64_t>& shape,
                              const std::vector<float>& values) {
    std::string bytes(values.size() * sizeof(float), '\0');
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return add(name, "F32", shape, bytes);
  }

  /// A tensor of that shape filled with one value.
  SafetensorsBuilder& fill_f32(const std::string& name, const std::vector<std::int64_t>& shape,
                               float value) {
    std::size_t count = 1;
    for (const std::int64_t dimension : shape) {
      count *= static_cast<std::size_t>(dimension);
    }
    return add_f32(name, shape, std::vector<float>(count, value));
  }

  SafetensorsBuilder& metadata(const std::map<std::string, std::string>& values) {
    header_["__metadata__"] = values;
    return *this;
  }

  [[nodiscard]] std::string bytes() const { return file_bytes(header_.dump(), buffer_); }

  /// Length field, header text as given, buffer.
  [[nodiscard]] static std::string file_bytes(std::string_view header, std::string_view buffer) {
    const std::uint64_t length = header.size();
    std::string file(sizeof length, '\0');
    std::memcpy(file.data(), &length, sizeof length);
    file += header;
    file += buffer;
    return file;
  }

 private:
  nlohmann::json header_ = nlohmann::json::object();
  std::string buffer_;
};

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace stylus::weights
