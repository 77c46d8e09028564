#pragma once

#include <c10/core/Device.h>

#include <string>
#include <string_view>

namespace stylus::nn {

/// Opens a device: "cpu", "cuda", "cuda:1", or "auto" for CUDA where it works and the CPU
/// elsewhere.
///
/// CUDA is not linked: the first call that may need it opens libtorch_cuda.so beside
/// libtorch_cpu.so (0.2 s where there is no driver; nothing is left loaded into pictures' results).
/// Error(kUnavailable) that says why for "cuda" where it does not work: no libtorch_cuda.so, no
/// driver, no such card. Error(kInvalidArgument) for another name.
/// Not thread-safe: call it once at the start.
[[nodiscard]] c10::Device open_device(std::string_view name);

/// Threads of one operation: as many as given, or as many as the machine has cores for 0; and one
/// thread between operations, because models run one operation after the other.
/// Call it before any work.
void set_threads(int threads);

/// For logs: "CPU (AVX512), 2 threads" or "NVIDIA H100 (CUDA)".
[[nodiscard]] std::string describe_device(c10::Device device);

}  // namespace stylus::nn
