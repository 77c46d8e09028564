#include "nn/inception.h"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/rsqrt.h>

#include <array>

#include "nn/guard.h"
#include "support/error.h"

namespace stylus::nn {
namespace {

constexpr std::int64_t kSide = 299;

at::Tensor mean_around(const at::Tensor& x) {
  return at::avg_pool2d(x, {3, 3}, {1, 1}, {1, 1}, /*ceil_mode=*/false,
                        /*count_include_pad=*/false);
}

at::Tensor shrunk(const at::Tensor& x) { return at::max_pool2d(x, {3, 3}, {2, 2}); }

}  // namespace

StoredTensors inception_tensors(const StoredTensors& stored) {
  StoredTensors result;
  for (const auto& [name, tensor] : stored) {
    const bool is_read = !name.starts_with("fc.") && !name.starts_with("AuxLogits.") &&
                         !name.ends_with("num_batches_tracked");
    if (is_read) {
      result.emplace(name, tensor);
    }
  }
  return result;
}

void Inception::add(TensorSource& source, const std::string& name, std::int64_t in,
                    std::int64_t out, Kernel kernel) {
  constexpr double kEps = 1e-3;
  const at::Tensor weight =
      source.take(name + ".conv.weight", std::array{out, in, kernel.rows, kernel.columns});
  const at::Tensor scale = source.take(name + ".bn.weight", std::array{out});
  const at::Tensor shift = source.take(name + ".bn.bias", std::array{out});
  const at::Tensor mean = source.take(name + ".bn.running_mean", std::array{out});
  const at::Tensor variance = source.take(name + ".bn.running_var", std::array{out});
  const at::Tensor factor = scale.mul(at::rsqrt(variance.add(kEps)));
  convs_[name] = {weight.mul(factor.view({-1, 1, 1, 1})), shift.sub(mean.mul(factor)),
                  kernel.stride, kernel.pad_rows, kernel.pad_columns};
}

void Inception::add_a(TensorSource& source, const std::string& name, std::int64_t in,
                      std::int64_t pool) {
  add(source, name + ".branch1x1", in, 64, {});
  add(source, name + ".branch5x5_1", in, 48, {});
  add(source, name + ".branch5x5_2", 48, 64, {5, 5, 1, 2, 2});
  add(source, name + ".branch3x3dbl_1", in, 64, {});
  add(source, name + ".branch3x3dbl_2", 64, 96, {3, 3, 1, 1, 1});
  add(source, name + ".branch3x3dbl_3", 96, 96, {3, 3, 1, 1, 1});
  add(source, name + ".branch_pool", in, pool, {});
}

void Inception::add_c(TensorSource& source, const std::string& name, std::int64_t inner) {
  const Kernel wide = {1, 7, 1, 0, 3};
  const Kernel tall = {7, 1, 1, 3, 0};
  add(source, name + ".branch1x1", 768, 192, {});
  add(source, name + ".branch7x7_1", 768, inner, {});
  add(source, name + ".branch7x7_2", inner, inner, wide);
  add(source, name + ".branch7x7_3", inner, 192, tall);
  add(source, name + ".branch7x7dbl_1", 768, inner, {});
  add(source, name + ".branch7x7dbl_2", inner, inner, tall);
  add(source, name + ".branch7x7dbl_3", inner, inner, wide);
  add(source, name + ".branch7x7dbl_4", inner, inner, tall);
  add(source, name + ".branch7x7dbl_5", inner, 192, wide);
  add(source, name + ".branch_pool", 768, 192, {});
}

void Inception::add_e(TensorSource& source, const std::string& name, std::int64_t in) {
  const Kernel wide = {1, 3, 1, 0, 1};
  const Kernel tall = {3, 1, 1, 1, 0};
  add(source, name + ".branch1x1", in, 320, {});
  add(source, name + ".branch3x3_1", in, 384, {});
  add(source, name + ".branch3x3_2a", 384, 384, wide);
  add(source, name + ".branch3x3_2b", 384, 384, tall);
  add(source, name + ".branch3x3dbl_1", in, 448, {});
  add(source, name + ".branch3x3dbl_2", 448, 384, {3, 3, 1, 1, 1});
  add(source, name + ".branch3x3dbl_3a", 384, 384, wide);
  add(source, name + ".branch3x3dbl_3b", 384, 384, tall);
  add(source, name + ".branch_pool", in, 192, {});
}

Inception::Inception(TensorSource& source) {
  add(source, "Conv2d_1a_3x3", 3, 32, {3, 3, 2, 0, 0});
  add(source, "Conv2d_2a_3x3", 32, 32, {3, 3, 1, 0, 0});
  add(source, "Conv2d_2b_3x3", 32, 64, {3, 3, 1, 1, 1});
  add(source, "Conv2d_3b_1x1", 64, 80, {});
  add(source, "Conv2d_4a_3x3", 80, 192, {3, 3, 1, 0, 0});
  add_a(source, "Mixed_5b", 192, 32);
  add_a(source, "Mixed_5c", 256, 64);
  add_a(source, "Mixed_5d", 288, 64);
  add(source, "Mixed_6a.branch3x3", 288, 384, {3, 3, 2, 0, 0});
  add(source, "Mixed_6a.branch3x3dbl_1", 288, 64, {});
  add(source, "Mixed_6a.branch3x3dbl_2", 64, 96, {3, 3, 1, 1, 1});
  add(source, "Mixed_6a.branch3x3dbl_3", 96, 96, {3, 3, 2, 0, 0});
  add_c(source, "Mixed_6b", 128);
  add_c(source, "Mixed_6c", 160);
  add_c(source, "Mixed_6d", 160);
  add_c(source, "Mixed_6e", 192);
  add(source, "Mixed_7a.branch3x3_1", 768, 192, {});
  add(source, "Mixed_7a.branch3x3_2", 192, 320, {3, 3, 2, 0, 0});
  add(source, "Mixed_7a.branch7x7x3_1", 768, 192, {});
  add(source, "Mixed_7a.branch7x7x3_2", 192, 192, {1, 7, 1, 0, 3});
  add(source, "Mixed_7a.branch7x7x3_3", 192, 192, {7, 1, 1, 3, 0});
  add(source, "Mixed_7a.branch7x7x3_4", 192, 192, {3, 3, 2, 0, 0});
  add_e(source, "Mixed_7b", 1280);
  add_e(source, "Mixed_7c", 2048);
}

at::Tensor Inception::conv(const std::string& name, const at::Tensor& x) const {
  const Conv& c = convs_.at(name);
  const std::array<std::int64_t, 2> stride = {c.stride, c.stride};
  const std::array<std::int64_t, 2> padding = {c.pad_rows, c.pad_columns};
  return at::conv2d(x, c.weight, c.bias, stride, padding).relu_();
}

at::Tensor Inception::block_a(const std::string& name, const at::Tensor& x) const {
  const at::Tensor wide = conv(name + ".branch5x5_2", conv(name + ".branch5x5_1", x));
  const at::Tensor twice = conv(name + ".branch3x3dbl_3",
                                conv(name + ".branch3x3dbl_2", conv(name + ".branch3x3dbl_1", x)));
  return at::cat(
      {conv(name + ".branch1x1", x), wide, twice, conv(name + ".branch_pool", mean_around(x))}, 1);
}

at::Tensor Inception::block_b(const std::string& name, const at::Tensor& x) const {
  const at::Tensor twice = conv(name + ".branch3x3dbl_3",
                                conv(name + ".branch3x3dbl_2", conv(name + ".branch3x3dbl_1", x)));
  return at::cat({conv(name + ".branch3x3", x), twice, shrunk(x)}, 1);
}

at::Tensor Inception::block_c(const std::string& name, const at::Tensor& x) const {
  at::Tensor once = x;
  for (const char* part : {".branch7x7_1", ".branch7x7_2", ".branch7x7_3"}) {
    once = conv(name + part, once);
  }
  at::Tensor twice = x;
  for (const char* part : {".branch7x7dbl_1", ".branch7x7dbl_2", ".branch7x7dbl_3",
                           ".branch7x7dbl_4", ".branch7x7dbl_5"}) {
    twice = conv(name + part, twice);
  }
  return at::cat(
      {conv(name + ".branch1x1", x), once, twice, conv(name + ".branch_pool", mean_around(x))}, 1);
}

at::Tensor Inception::block_d(const std::string& name, const at::Tensor& x) const {
  at::Tensor seven = x;
  for (const char* part :
       {".branch7x7x3_1", ".branch7x7x3_2", ".branch7x7x3_3", ".branch7x7x3_4"}) {
    seven = conv(name + part, seven);
  }
  return at::cat({conv(name + ".branch3x3_2", conv(name + ".branch3x3_1", x)), seven, shrunk(x)},
                 1);
}

at::Tensor Inception::block_e(const std::string& name, const at::Tensor& x,
                              bool takes_maximum) const {
  const at::Tensor once = conv(name + ".branch3x3_1", x);
  const at::Tensor twice = conv(name + ".branch3x3dbl_2", conv(name + ".branch3x3dbl_1", x));
  const at::Tensor around =
      takes_maximum ? at::max_pool2d(x, {3, 3}, {1, 1}, {1, 1}) : mean_around(x);
  return at::cat({conv(name + ".branch1x1", x), conv(name + ".branch3x3_2a", once),
                  conv(name + ".branch3x3_2b", once), conv(name + ".branch3x3dbl_3a", twice),
                  conv(name + ".branch3x3dbl_3b", twice), conv(name + ".branch_pool", around)},
                 1);
}

at::Tensor Inception::forward(const at::Tensor& pixels) const {
  require(pixels.dim() == 4 && pixels.size(0) > 0 && pixels.size(1) == 3 &&
              pixels.size(2) == kSide && pixels.size(3) == kSide,
          ErrorCode::kInvalidArgument, "Inception: pixels must be [B, 3, 299, 299]");
  return guarded("Inception", [&] {
    at::Tensor x = pixels;
    for (const char* name : {"Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3"}) {
      x = conv(name, x);
    }
    x = conv("Conv2d_4a_3x3", conv("Conv2d_3b_1x1", shrunk(x)));
    x = shrunk(x);
    for (const char* name : {"Mixed_5b", "Mixed_5c", "Mixed_5d"}) {
      x = block_a(name, x);
    }
    x = block_b("Mixed_6a", x);
    for (const char* name : {"Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"}) {
      x = block_c(name, x);
    }
    x = block_d("Mixed_7a", x);
    x = block_e("Mixed_7b", x, /*takes_maximum=*/false);
    x = block_e("Mixed_7c", x, /*takes_maximum=*/true);
    return at::mean(x, at::IntArrayRef{2, 3});
  });
}

}  // namespace stylus::nn
