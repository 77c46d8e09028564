// Any bytes as a safetensors file: either Error(kCorruptData), or tensors that lie inside the input
// and have as many bytes as shape and dtype say.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "support/error.h"
#include "weights/safetensors_file.h"

namespace {

void check(std::span<const std::byte> file) {
  const stylus::weights::Safetensors content =
      stylus::weights::parse_safetensors(file, "fuzz input");
  std::size_t position = 8 + content.header_bytes;
  for (const stylus::weights::Tensor& tensor : content.tensors) {
    const auto bits = static_cast<std::uint64_t>(tensor.element_count()) *
                      stylus::weights::dtype_bits(tensor.dtype);
    if (tensor.bytes.data() != file.data() + position || tensor.bytes.size() * 8 != bits) {
      std::abort();
    }
    position += tensor.bytes.size();
  }
  if (position != file.size()) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    check(std::as_bytes(std::span(data, size)));
  } catch (const stylus::Error& error) {
    if (error.code() != stylus::ErrorCode::kCorruptData) {
      std::abort();
    }
  }
  return 0;
}
