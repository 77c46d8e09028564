#include "generator/latents.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/_upsample_bicubic2d_aa.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <ATen/ops/where.h>

#include <array>
#include <vector>

#include "support/error.h"

namespace stylus::generator {

at::Tensor tensor_of(const Picture& picture, std::int64_t width, std::int64_t height) {
  const at::Tensor bytes =
      at::from_blob(const_cast<std::uint8_t*>(picture.rgb.data()),
                    {1, picture.height, picture.width, 3}, at::TensorOptions(at::kByte));
  at::Tensor image = bytes.permute({0, 3, 1, 2}).to(at::kFloat).contiguous();
  if (picture.width != width || picture.height != height) {
    const std::array<std::int64_t, 2> size = {height, width};
    image = at::_upsample_bicubic2d_aa(image, size, /*align_corners=*/false).clamp_(0, 255);
  }
  return image.div_(127.5).sub_(1.0);
}

Picture picture_of(const at::Tensor& image) {
  require(image.dim() == 4 && image.size(0) == 1 && image.size(1) == 3, ErrorCode::kInvalidArgument,
          "picture_of wants [1, 3, H, W]");
  const at::Tensor bytes = image.to(at::kCPU, at::kFloat)
                               .mul(0.5)
                               .add_(0.5)
                               .clamp_(0, 1)
                               .mul_(255.0)
                               .round_()
                               .to(at::kByte)
                               .squeeze(0)
                               .permute({1, 2, 0})
                               .contiguous();
  Picture picture(image.size(3), image.size(2));
  const auto* data = bytes.const_data_ptr<std::uint8_t>();
  picture.rgb.assign(data, data + bytes.numel());
  return picture;
}

at::Tensor mask_of(const Picture& picture, std::int64_t width, std::int64_t height) {
  const at::Tensor bytes =
      at::from_blob(const_cast<std::uint8_t*>(picture.rgb.data()),
                    {1, picture.height, picture.width, 3}, at::TensorOptions(at::kByte));
  const at::Tensor grey = bytes.to(at::kFloat).mean(-1).unsqueeze(1);
  const std::array<std::int64_t, 2> size = {height, width};
  return at::upsample_nearest2d(grey, size).ge(127.5).to(at::kFloat);
}

at::Tensor scaled_latents(const nn::Vae& vae, const nn::Moments& moments, const at::Tensor& noise) {
  at::Tensor latents = moments.mean.to(at::kFloat);
  if (noise.defined()) {
    latents = latents + moments.deviation().to(at::kFloat) * noise;
  }
  return (latents - vae.shift_factor()) * vae.scaling_factor();
}

at::Tensor decode_latents(const nn::Vae& vae, const at::Tensor& latents, bool tiled) {
  std::vector<at::Tensor> images;
  for (std::int64_t i = 0; i < latents.size(0); ++i) {
    const at::Tensor z = latents.narrow(0, i, 1) / vae.scaling_factor() + vae.shift_factor();
    images.push_back((tiled ? vae.decode_tiled(z) : vae.decode(z)).to(at::kCPU, at::kFloat));
  }
  return at::cat(images);
}

at::Tensor paste_original(const at::Tensor& painted, const at::Tensor& original,
                          const at::Tensor& mask, std::int64_t feather) {
  at::Tensor share = mask;
  if (feather > 0) {
    // The mean of the mask around each pixel falls from 1 inside to 0 outside; times the mask it
    // is 0 outside.
    const std::array<std::int64_t, 2> window = {2 * feather + 1, 2 * feather + 1};
    const std::array<std::int64_t, 2> step = {1, 1};
    const std::array<std::int64_t, 2> padding = {feather, feather};
    share = at::avg_pool2d(mask, window, step, padding, false, /*count_include_pad=*/false)
                .mul_(2.0)
                .sub_(1.0)
                .clamp_(0, 1)
                .mul_(mask);
  }
  return at::where(mask.gt(0.5), painted * share + original * (1.0 - share), original);
}

}  // namespace stylus::generator
