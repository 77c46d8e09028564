#include "nn/device.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/Allocator.h>
#include <dlfcn.h>
#include <torch/cuda.h>

#include <charconv>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>

#include "nn/cuda_backend.h"
#include "support/error.h"

namespace stylus::nn {
namespace {

/// The folder that libtorch_cpu.so was loaded from.
std::filesystem::path torch_folder() {
  Dl_info info{};
  // Any function of libtorch_cpu.so tells where that file lies.
  if (::dladdr(reinterpret_cast<const void*>(&at::get_num_threads), &info) == 0 ||
      info.dli_fname == nullptr) {
    return {};
  }
  return std::filesystem::path(info.dli_fname).parent_path();
}

/// Opens the CUDA back end once. Returns why it does not work, or "" when it does.
std::string open_cuda() {
  static std::optional<std::string> answer;
  if (answer) {
    return *answer;
  }
  // torch keeps its first look for the CUDA part: nothing may ask it before the library is there.
  const std::filesystem::path library = torch_folder() / "libtorch_cuda.so";
  std::error_code ignored;
  if (!std::filesystem::exists(library, ignored)) {
    return *(answer = "this libtorch has no CUDA part (libtorch_cuda.so)");
  }
  if (::dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    const char* cause = ::dlerror();
    return *(answer = std::string("libtorch_cuda.so cannot be opened: ") +
                      (cause != nullptr ? cause : "unknown cause") +
                      "; tools/setup --gpu installs what it needs");
  }
  return *(answer = torch::cuda::is_available() ? "" : "no NVIDIA driver or card was found");
}

std::optional<int> card_number(std::string_view name) {
  constexpr std::string_view kPrefix = "cuda:";
  if (!name.starts_with(kPrefix)) {
    return std::nullopt;
  }
  int number = -1;
  const char* end = name.data() + name.size();
  const auto [rest, fault] = std::from_chars(name.data() + kPrefix.size(), end, number);
  return fault == std::errc{} && rest == end && number >= 0 ? std::optional(number) : std::nullopt;
}

}  // namespace

c10::Device open_device(std::string_view name) {
  if (name == "cpu") {
    return c10::Device(c10::kCPU);
  }
  const std::optional<int> number = name == "cuda" || name == "auto" ? 0 : card_number(name);
  require(number.has_value(), ErrorCode::kInvalidArgument, "there is no device '",
          name.substr(0, 50), "'; devices are auto, cpu, cuda, cuda:0, cuda:1, …");
  const std::string fault = open_cuda();
  if (name == "auto" && !fault.empty()) {
    return c10::Device(c10::kCPU);
  }
  require(fault.empty(), ErrorCode::kUnavailable, "the device '", name,
          "' cannot be used: ", fault);
  open_cuda_backend();
  const auto count = static_cast<int>(torch::cuda::device_count());
  require(*number < count, ErrorCode::kUnavailable, "there is no device '", name, "': ", count,
          count == 1 ? " card is there" : " cards are there");
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(*number));
}

void set_threads(int threads) {
  const unsigned cores = std::thread::hardware_concurrency();
  at::set_num_threads(threads > 0 ? threads : static_cast<int>(cores > 0 ? cores : 1));
  try {
    at::set_num_interop_threads(1);
  } catch (const c10::Error&) {
    // Only the first call in a process may set it; it is a hint.
  }
}

std::string describe_device(c10::Device device) {
  if (device.is_cuda()) {
    return "CUDA card " + std::to_string(device.index());
  }
  return "CPU (" + at::get_cpu_capability() + "), " + std::to_string(at::get_num_threads()) +
         (at::get_num_threads() == 1 ? " thread" : " threads");
}

}  // namespace stylus::nn
