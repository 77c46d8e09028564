#include "nn/cuda_backend.h"

#include <dlfcn.h>

#include <array>
#include <atomic>
#include <filesystem>

namespace stylus::nn {
namespace {

std::atomic<const CudaBackend*> active = nullptr;
const CudaBackend* opened = nullptr;

std::filesystem::path own_folder() {
  std::error_code none;
  return std::filesystem::read_symlink("/proc/self/exe", none).parent_path();
}

}  // namespace

const CudaBackend* cuda_backend() { return active; }

bool open_cuda_backend() {
  if (opened != nullptr) {
    return true;
  }
  const std::array<std::filesystem::path, 2> places = {
      own_folder() / "libstylus_cuda.so", own_folder() / ".." / "lib" / "libstylus_cuda.so"};
  for (const std::filesystem::path& place : places) {
    std::error_code none;
    if (!std::filesystem::exists(place, none)) {
      continue;
    }
    void* module = ::dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) {
      continue;
    }
    using Entry = const CudaBackend* (*)();
    if (const auto entry = reinterpret_cast<Entry>(::dlsym(module, "stylus_cuda_backend"))) {
      opened = entry();
      active = opened;
      return opened != nullptr;
    }
  }
  return false;
}

void use_cuda_backend(bool on) { active = on ? opened : nullptr; }

}  // namespace stylus::nn
