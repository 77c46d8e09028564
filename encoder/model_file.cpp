#include "encoder/model_file.h"

#include <charconv>
#include <cstring>

#include "support/error.h"

namespace stylus::encoder {
namespace {

/// Proves the header's blocks before anybody parses them.
void check_header(const CheckedFile& file) {
  std::uint64_t length = 0;
  require(file.bytes().size() > sizeof(length), ErrorCode::kCorruptData, file.path().string(),
          " is too short for a safetensors file: ", file.bytes().size(), " bytes");
  file.check(0, sizeof(length));
  std::memcpy(&length, file.bytes().data(), sizeof(length));
  if (length < file.bytes().size()) {
    file.check(0, sizeof(length) + static_cast<std::size_t>(length) - 1);
  }
}

weights::Safetensors parse_checked(const CheckedFile& file) {
  check_header(file);
  return weights::parse_safetensors(file.bytes(), file.path().string());
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t dimension : shape) {
    text += (text.size() > 1 ? ", " : "") + (dimension < 0 ? "n" : std::to_string(dimension));
  }
  return text + "]";
}

bool fits(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& expected) {
  bool same = shape.size() == expected.size();
  for (std::size_t i = 0; same && i < shape.size(); ++i) {
    same = expected[i] < 0 || shape[i] == expected[i];
  }
  return same;
}

const weights::Tensor* find(const weights::Safetensors& file, std::string_view name) {
  for (const weights::Tensor& tensor : file.tensors) {
    if (tensor.name == name) {
      return &tensor;
    }
  }
  return nullptr;
}

template <typename Element>
std::span<const Element> view(const weights::Safetensors& file, std::string_view name,
                              weights::DType dtype, const std::vector<std::int64_t>& shape) {
  const weights::Tensor* tensor = find(file, name);
  require(tensor != nullptr, ErrorCode::kCorruptData, "the encoder's file lacks the tensor '", name,
          "'; fetch the encoder again");
  require(tensor->dtype == dtype && fits(tensor->shape, shape), ErrorCode::kCorruptData,
          "the encoder's tensor '", name, "' is ", weights::dtype_name(tensor->dtype), " ",
          shape_text(tensor->shape), ", expected ", weights::dtype_name(dtype), " ",
          shape_text(shape));
  const std::byte* data = tensor->bytes.data();
  require(reinterpret_cast<std::uintptr_t>(data) % alignof(Element) == 0, ErrorCode::kCorruptData,
          "the encoder's tensor '", name, "' lies on no border of ", alignof(Element), " bytes");
  return {reinterpret_cast<const Element*>(data), tensor->bytes.size() / sizeof(Element)};
}

}  // namespace

ModelFile::ModelFile(const FileFacts& facts, std::string_view late_tensor)
    : file_(facts.path, facts.bytes, facts.sums_sha256), content_(parse_checked(file_)) {
  for (const weights::Tensor& tensor : content_.tensors) {
    if (tensor.name != late_tensor) {
      prove(tensor.bytes);
    }
  }
}

void ModelFile::prove(std::span<const std::byte> part) const {
  file_.check(static_cast<std::size_t>(part.data() - file_.bytes().data()), part.size());
}

std::span<const float> floats(const weights::Safetensors& file, std::string_view name,
                              const std::vector<std::int64_t>& shape) {
  return view<float>(file, name, weights::DType::kF32, shape);
}

std::span<const std::int32_t> integers(const weights::Safetensors& file, std::string_view name) {
  return view<std::int32_t>(file, name, weights::DType::kI32, {-1});
}

std::span<const std::uint32_t> words(const weights::Safetensors& file, std::string_view name) {
  return view<std::uint32_t>(file, name, weights::DType::kU32, {-1});
}

std::span<const std::uint8_t> octets(const weights::Safetensors& file, std::string_view name,
                                     const std::vector<std::int64_t>& shape) {
  return view<std::uint8_t>(file, name, weights::DType::kU8, shape);
}

PackedMatrix matrix(const weights::Safetensors& file, std::string_view name, std::size_t inputs,
                    std::size_t outputs) {
  const auto panels = static_cast<std::int64_t>(outputs / kPanelWidth);
  const auto values =
      floats(file, name,
             {panels, static_cast<std::int64_t>(inputs), static_cast<std::int64_t>(kPanelWidth)});
  return {values.data(), inputs, outputs};
}

Trie trie(const weights::Safetensors& file, std::size_t piece_count) {
  return {integers(file, "trie.first"), octets(file, "trie.label", {-1}),
          integers(file, "trie.piece"), piece_count};
}

double metadata_number(const weights::Safetensors& file, const std::string& key) {
  const auto found = file.metadata.find(key);
  require(found != file.metadata.end(), ErrorCode::kCorruptData,
          "the encoder's file has no metadata '", key, "'; fetch the encoder again");
  double value = 0.0;
  const char* end = found->second.data() + found->second.size();
  const auto [stop, error] = std::from_chars(found->second.data(), end, value);
  require(error == std::errc() && stop == end, ErrorCode::kCorruptData, "the encoder's metadata '",
          key, "' is '", found->second, "', expected a number");
  return value;
}

}  // namespace stylus::encoder
