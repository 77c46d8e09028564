#include "weights/safetensors_file.h"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "support/error.h"
#include "support/text.h"
#include "weights/safetensors_header.h"
#include "weights/shown_name.h"

namespace stylus::weights {
namespace {

constexpr std::size_t kLengthField = 8;
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;

std::string_view header_text(std::span<const std::byte> file, std::string_view what) {
  require(file.size() >= kLengthField, ErrorCode::kCorruptData, what,
          ": header too small: the file has ", file.size(),
          " bytes, the length field alone takes 8");
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), kLengthField);
  require(length <= kMaxHeaderBytes, ErrorCode::kCorruptData, what, ": header too large: ", length,
          " bytes, at most ", kMaxHeaderBytes, " are allowed");
  require(length <= file.size() - kLengthField, ErrorCode::kCorruptData, what,
          ": invalid header length: ", length, " bytes are announced, the file holds ",
          file.size() - kLengthField, " after the length field");
  require(length >= 2, ErrorCode::kCorruptData, what, ": header too small: ", length,
          " bytes cannot hold an object");
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + kLengthField,
                              static_cast<std::size_t>(length));
  require(text.front() == '{', ErrorCode::kCorruptData, what, ": header does not start with {");
  require(is_valid_utf8(text), ErrorCode::kCorruptData, what, ": header is not UTF-8");
  // The JSON reader would take a NUL byte for the end of the text and ignore what follows.
  require(text.find('\0') == std::string_view::npos, ErrorCode::kCorruptData, what,
          ": header is not JSON: it holds a NUL byte");
  return text;
}

/// Bytes that shape and dtype ask for.
std::uint64_t size_bytes(const HeaderEntry& entry, std::string_view what) {
  std::uint64_t bits = dtype_bits(entry.dtype);
  for (const std::int64_t dimension : entry.shape) {
    require(!__builtin_mul_overflow(bits, static_cast<std::uint64_t>(dimension), &bits),
            ErrorCode::kCorruptData, what, ": overflow: the shape of ", shown_name(entry.name),
            " does not fit into 64 bits");
  }
  require(bits % 8 == 0, ErrorCode::kCorruptData, what,
          ": misaligned slice: ", shown_name(entry.name), " takes ", bits,
          " bits, which is no whole number of bytes");
  return bits / 8;
}

void check_entry(const HeaderEntry& entry, std::uint64_t expected_begin, std::string_view what) {
  require(entry.begin == expected_begin && entry.end >= entry.begin, ErrorCode::kCorruptData, what,
          ": invalid offset: ", shown_name(entry.name), " lies at [", entry.begin, ", ", entry.end,
          "), expected it to begin at ", expected_begin, " where the tensor before it ends");
  const std::uint64_t size = size_bytes(entry, what);
  require(size == entry.end - entry.begin, ErrorCode::kCorruptData, what,
          ": wrong size: ", shown_name(entry.name), " needs ", size, " bytes by its shape and has ",
          entry.end - entry.begin);
}

}  // namespace

std::int64_t Tensor::element_count() const {
  std::int64_t count = 1;
  for (const std::int64_t dimension : shape) {
    count *= dimension;
  }
  return count;
}

Safetensors parse_safetensors(std::span<const std::byte> file, std::string_view what) {
  const std::string_view text = header_text(file, what);
  ParsedHeader header = parse_safetensors_header(text, what);
  std::sort(header.entries.begin(), header.entries.end(),
            [](const HeaderEntry& a, const HeaderEntry& b) {
              return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
            });

  const std::span<const std::byte> buffer = file.subspan(kLengthField + text.size());
  std::uint64_t end = 0;
  for (const HeaderEntry& entry : header.entries) {
    check_entry(entry, end, what);
    end = entry.end;
  }
  require(end == buffer.size(), ErrorCode::kCorruptData, what,
          ": wrong file length: the header describes ", end, " bytes of tensors, the file holds ",
          buffer.size(),
          end > buffer.size() ? " (cut off while downloading or copying? fetch it again)" : "");

  Safetensors result;
  result.header_bytes = text.size();
  result.metadata = std::move(header.metadata);
  result.tensors.reserve(header.entries.size());
  for (HeaderEntry& entry : header.entries) {
    result.tensors.push_back({std::move(entry.name), entry.dtype, std::move(entry.shape),
                              buffer.subspan(static_cast<std::size_t>(entry.begin),
                                             static_cast<std::size_t>(entry.end - entry.begin))});
  }
  return result;
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : file_(path), content_(parse_safetensors(file_.bytes(), shown_name(path.string()))) {}

const Tensor* SafetensorsFile::find(std::string_view name) const {
  for (const Tensor& tensor : content_.tensors) {
    if (tensor.name == name) {
      return &tensor;
    }
  }
  return nullptr;
}

}  // namespace stylus::weights
