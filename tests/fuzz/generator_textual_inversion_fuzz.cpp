// A learned word out of raw bytes (first byte even) or out of a well-formed file whose names,
// shapes and contents the fuzzer chooses (odd): refused, or finite vectors of one count.
#include <ATen/ops/isfinite.h>
#include <c10/core/InferenceMode.h>
#include <fuzzer/FuzzedDataProvider.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "generator/textual_inversion.h"
#include "support/error.h"
#include "tests/weights/safetensors_builder.h"
#include "weights/dtype.h"

namespace {

using stylus::weights::DType;

constexpr std::array<const char*, 6> kNames = {"emb_params", "clip_l", "clip_g",
                                               "<cat-toy>",  "weight", ""};

std::string build(FuzzedDataProvider& input) {
  stylus::weights::SafetensorsBuilder file;
  for (int i = 0; i < 4 && input.remaining_bytes() > 0; ++i) {
    const auto dtype =
        static_cast<DType>(input.ConsumeIntegralInRange<int>(0, static_cast<int>(DType::kU64)));
    std::vector<std::int64_t> shape;
    std::size_t bits = stylus::weights::dtype_bits(dtype);
    for (int d = input.ConsumeIntegralInRange(0, 3); d > 0; --d) {
      shape.push_back(input.ConsumeIntegralInRange<std::int64_t>(0, 9));
      bits *= static_cast<std::size_t>(shape.back());
    }
    std::string bytes = input.ConsumeBytesAsString(
        std::min<std::size_t>(bits / 8, input.ConsumeIntegralInRange<std::size_t>(0, 64)));
    bytes.resize(bits / 8, '\x3c');
    file.add(input.PickValueInArray(kNames), std::string(stylus::weights::dtype_name(dtype)), shape,
             bytes);
  }
  return file.bytes();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const c10::InferenceMode guard;
  FuzzedDataProvider input(data + 1, size - 1);
  const std::string bytes = data[0] % 2 == 0 ? input.ConsumeRemainingBytesAsString() : build(input);
  try {
    const auto word =
        stylus::generator::read_textual_inversion(stylus::weights::as_bytes(bytes), "fuzz");
    if (word.vectors.empty() || word.count() < 1) {
      std::abort();
    }
    for (const at::Tensor& vectors : word.vectors) {
      if (vectors.dim() != 2 || vectors.size(0) != word.count() ||
          !at::isfinite(vectors).all().item<bool>()) {
        std::abort();
      }
    }
  } catch (const stylus::Error&) {
    return 0;  // refused, as it should be
  }
  return 0;
}
