#include "nn/cuda/compiled.h"

#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "nn/cuda/kernels.h"
#include "nn/cuda/merge_kernel.h"

namespace stylus::nn::cuda {
namespace {

/// The few functions of NVRTC and of the driver that are used, found by name: neither library is
/// linked. Signatures: CUDA's nvrtc.h and cuda.h, stable since CUDA 8.
struct Library {
  int (*create)(void**, const char*, const char*, int, const char* const*, const char* const*);
  int (*compile)(void*, int, const char* const*);
  int (*binary_size)(void*, std::size_t*);
  int (*binary)(void*, char*);
  int (*destroy)(void**);
  CUresult (*load)(CUmodule*, const void*);
  CUresult (*function)(CUfunction*, CUmodule, const char*);
  CUresult (*start)(CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                    unsigned, CUstream, void**, void**);
  bool complete = false;
};

void* open_nvrtc() {
  for (const char* name : {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"}) {
    if (void* handle = ::dlopen(name, RTLD_NOW)) {
      return handle;
    }
  }
  // Beside libcudart, where PyPI's packages put it.
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(&cudaGetDevice), &info) != 0) {
    const std::filesystem::path folder = std::filesystem::path(info.dli_fname).parent_path();
    for (const char* version : {"13", "12"}) {
      for (const std::filesystem::path& place :
           {folder, folder / ".." / ".." / "cuda_nvrtc" / "lib"}) {
        const std::string file = (place / "libnvrtc.so.").string() + version;
        if (void* handle = ::dlopen(file.c_str(), RTLD_NOW)) {
          return handle;
        }
      }
    }
  }
  return nullptr;
}

template <typename Function>
bool find(void* handle, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(handle, name));
  return function != nullptr;
}

Library open_library() {
  Library library{};
  void* nvrtc = open_nvrtc();
  void* driver = ::dlopen("libcuda.so.1", RTLD_NOW);
  library.complete = nvrtc != nullptr && driver != nullptr &&
                     find(nvrtc, "nvrtcCreateProgram", library.create) &&
                     find(nvrtc, "nvrtcCompileProgram", library.compile) &&
                     find(nvrtc, "nvrtcGetCUBINSize", library.binary_size) &&
                     find(nvrtc, "nvrtcGetCUBIN", library.binary) &&
                     find(nvrtc, "nvrtcDestroyProgram", library.destroy) &&
                     find(driver, "cuModuleLoadData", library.load) &&
                     find(driver, "cuModuleGetFunction", library.function) &&
                     find(driver, "cuLaunchKernel", library.start);
  return library;
}

const Library& library() {
  static const Library instance = open_library();
  return instance;
}

/// NVRTC has no header files of its own here, so the two 16-bit types are spelt out: conversions
/// are single instructions of the card.
constexpr const char* kHalf = R"cuda(
#define MMA_TYPES "f16.f16"
struct __align__(2) T { unsigned short bits; };
struct __align__(4) T2 { unsigned int bits; };
__device__ inline float2 TO_FLOAT2(T2 v) {
  float2 r;
  asm("{.reg .b16 lo, hi; mov.b32 {lo, hi}, %2; cvt.f32.f16 %0, lo; cvt.f32.f16 %1, hi;}"
      : "=f"(r.x), "=f"(r.y) : "r"(v.bits));
  return r;
}
__device__ inline T2 FROM_FLOAT2(float2 v) {
  T2 r;
  asm("{.reg .b16 lo, hi; cvt.rn.f16.f32 lo, %1; cvt.rn.f16.f32 hi, %2; mov.b32 %0, {lo, hi};}"
      : "=r"(r.bits) : "f"(v.x), "f"(v.y));
  return r;
}
)cuda";

constexpr const char* kBfloat16 = R"cuda(
#define MMA_TYPES "bf16.bf16"
struct __align__(2) T { unsigned short bits; };
struct __align__(4) T2 { unsigned int bits; };
__device__ inline float2 TO_FLOAT2(T2 v) {
  float2 r;
  r.x = __uint_as_float(v.bits << 16);
  r.y = __uint_as_float(v.bits & 0xffff0000u);
  return r;
}
__device__ inline unsigned int ROUNDED(float v) {
  const unsigned int bits = __float_as_uint(v);
  return (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}
__device__ inline T2 FROM_FLOAT2(float2 v) {
  T2 r;
  r.bits = ROUNDED(v.x) | (ROUNDED(v.y) << 16);
  return r;
}
)cuda";

Kernels compile(bool is_bfloat16) {
  Kernels kernels;
  const Library& tools = library();
  if (!tools.complete) {
    return kernels;
  }
  int device = 0;
  int major = 0;
  int minor = 0;
  cudaGetDevice(&device);
  cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
  cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device);
  const std::string source = std::string(is_bfloat16 ? kBfloat16 : kHalf) + kKernels + kMergeKernel;
  const std::string target =
      "--gpu-architecture=sm_" + std::to_string(major) + std::to_string(minor);
  const std::array<const char*, 2> options = {target.c_str(), "--std=c++17"};
  void* program = nullptr;
  if (tools.create(&program, source.c_str(), "stylus.cu", 0, nullptr, nullptr) != 0) {
    return kernels;
  }
  std::size_t size = 0;
  std::vector<char> binary;
  const bool compiled =
      tools.compile(program, static_cast<int>(options.size()), options.data()) == 0 &&
      tools.binary_size(program, &size) == 0;
  if (compiled) {
    binary.resize(size);
    tools.binary(program, binary.data());
  }
  tools.destroy(&program);
  CUmodule module = nullptr;
  Kernels found;
  if (compiled && tools.load(&module, binary.data()) == CUDA_SUCCESS &&
      tools.function(&found.norm_sums, module, "norm_sums") == CUDA_SUCCESS &&
      tools.function(&found.norm_apply, module, "norm_apply") == CUDA_SUCCESS &&
      tools.function(&found.geglu, module, "geglu") == CUDA_SUCCESS) {
    kernels = found;
    if (tools.function(&kernels.merge_low_rank, module, "merge_low_rank") != CUDA_SUCCESS) {
      kernels.merge_low_rank = nullptr;
    }
  }
  return kernels;
}

}  // namespace

const Kernels* kernels_for(bool is_bfloat16) {
  static std::array<bool, 2> tried = {};
  static std::array<Kernels, 2> compiled;
  const std::size_t which = is_bfloat16 ? 1 : 0;
  if (!tried[which]) {
    tried[which] = true;
    compiled[which] = compile(is_bfloat16);
  }
  return compiled[which].geglu == nullptr ? nullptr : &compiled[which];
}

bool launch(CUfunction kernel, std::array<unsigned, 2> grid, unsigned block, unsigned shared_bytes,
            void** arguments) {
  const auto stream = reinterpret_cast<CUstream>(c10::cuda::getCurrentCUDAStream().stream());
  return library().start(kernel, grid[0], grid[1], 1, block, 1, 1, shared_bytes, stream, arguments,
                         nullptr) == CUDA_SUCCESS;
}

}  // namespace stylus::nn::cuda
