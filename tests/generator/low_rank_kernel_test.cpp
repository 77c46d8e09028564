#include "generator/lora/low_rank_kernel.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace stylus::generator {
namespace {

struct Kernel {
  std::string name;
  LowRankKernel run;
};

/// Those that this processor can run.
std::vector<Kernel> kernels() {
  std::vector<Kernel> list;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
      __builtin_cpu_supports("f16c") != 0) {
    list.push_back({"AVX2", &low_rank_avx2});
  }
  if (__builtin_cpu_supports("avx512f") != 0) {
    list.push_back({"AVX-512", &low_rank_avx512});
  }
#endif
  return list;
}

BaseType base_type(at::ScalarType type) {
  return type == at::kFloat  ? BaseType::kFloat
         : type == at::kHalf ? BaseType::kHalf
                             : BaseType::kBFloat16;
}

/// Against sums in double, for every type of base, whole and partial strips, aligned or not.
TEST(LowRankKernelTest, AddsTheProductToTheBase) {
  if (kernels().empty()) {
    GTEST_SKIP() << "no kernel for this processor";
  }
  constexpr std::int64_t kColumns = 192;
  for (const Kernel& kernel : kernels()) {
    for (const at::ScalarType type : {at::kFloat, at::kHalf, at::kBFloat16}) {
      for (const std::int64_t rows : {1, 5, 6, 24, 31}) {
        for (const std::int64_t rank : {1, 7, 48}) {
          for (const std::int64_t shift : {0, 1}) {
            const at::Tensor base = at::randn({rows, kColumns}).to(type);
            const at::Tensor up = at::randn({rows, rank});
            const at::Tensor down = at::randn({rank, kColumns});
            const at::Tensor packed = at::empty({rank, kColumns});
            pack_down(down.const_data_ptr<float>(), static_cast<std::size_t>(rank), kColumns,
                      packed.mutable_data_ptr<float>());
            const at::Tensor memory = at::empty({rows * kColumns + 1});
            const at::Tensor out = memory.narrow(0, shift, rows * kColumns).view({rows, kColumns});

            kernel.run({base.const_data_ptr(), base_type(type), up.const_data_ptr<float>(),
                        packed.const_data_ptr<float>(), out.mutable_data_ptr<float>(),
                        static_cast<std::size_t>(rows), kColumns, static_cast<std::size_t>(rank)});

            const at::Tensor exact =
                base.to(at::kDouble).add(at::matmul(up.to(at::kDouble), down.to(at::kDouble)));
            EXPECT_LE(out.to(at::kDouble).sub(exact).abs().max().item<double>(), 2e-5)
                << kernel.name << ", base " << c10::toString(type) << ", " << rows << " rows, rank "
                << rank << ", shift " << shift;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace stylus::generator
