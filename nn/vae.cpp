#include "nn/vae.h"

#include <optional>
#include <utility>
#include <vector>

#include "nn/guard.h"
#include "nn/tiles.h"
#include "nn/vae_blocks.h"
#include "support/error.h"

namespace stylus::nn {

struct VaeBlocks {
  std::optional<VaeEncoder> encoder;
  std::optional<VaeDecoder> decoder;
  const Layer* quant = nullptr;
  const Layer* post_quant = nullptr;
};

at::Tensor Moments::deviation() const { return logvar.mul(0.5).exp_(); }

Vae::Vae(const VaeConfig& config, TensorSource& source)
    : config_(config), blocks_(std::make_unique<VaeBlocks>()) {
  require(!config.block_out_channels.empty(), ErrorCode::kCorruptData,
          "VAE config: block_out_channels is empty");
  const Scope root(parameters_, source);
  blocks_->encoder.emplace(root.at("encoder"), config);
  blocks_->decoder.emplace(root.at("decoder"), config);
  const std::int64_t latent = config.latent_channels;
  if (config.has_quant_conv) {
    blocks_->quant = root.conv("quant_conv", 2 * latent, 2 * latent, 1);
  }
  if (config.has_post_quant_conv) {
    blocks_->post_quant = root.conv("post_quant_conv", latent, latent, 1);
  }
  channels_last_ = source.options().channels_last;
}

Vae::~Vae() = default;

void Vae::to(at::Device device, at::ScalarType dtype, bool channels_last) {
  guarded("VAE", [&] { parameters_.to(device, dtype, channels_last); });
  channels_last_ = channels_last;
}

namespace {

/// The tile numbers for tiles of `latents` a side; a latent pixel is `from_unit` long before the
/// conversion and `to_unit` after it. diffusers rounds both sides apart: where the overlap is no
/// whole number of latents, its pictures come out too large.
TilePlan tile_plan(std::int64_t latents, std::int64_t from_unit, std::int64_t to_unit,
                   double overlap) {
  const auto step = static_cast<std::int64_t>(static_cast<double>(latents) * (1 - overlap));
  TilePlan plan;
  plan.tile = latents * from_unit;
  plan.step = step * from_unit;
  plan.blend = (latents - step) * to_unit;
  plan.keep = step * to_unit;
  return plan;
}

/// Sides of a tile in pixels and in latents.
std::pair<std::int64_t, std::int64_t> tile_sides(const TileOptions& tiles,
                                                 const VaeConfig& config) {
  const std::int64_t pixels = tiles.sample_size > 0 ? tiles.sample_size : config.sample_size;
  const std::int64_t latents = pixels / config.factor();
  require(tiles.overlap >= 0 && tiles.overlap < 1 && latents >= 2 &&
              static_cast<double>(latents) * (1 - tiles.overlap) >= 1,
          ErrorCode::kInvalidArgument, "VAE tiles of ", pixels, " pixels with an overlap of ",
          tiles.overlap, " are too small");
  return {pixels, latents};
}

void check_image(const at::Tensor& image, const VaeConfig& config) {
  require(image.dim() == 4 && image.size(1) == config.in_channels &&
              image.size(2) >= config.factor() && image.size(3) >= config.factor(),
          ErrorCode::kInvalidArgument, "VAE: a picture must be [B, ", config.in_channels,
          ", H, W] of at least ", config.factor(), " pixels a side");
}

void check_latents(const at::Tensor& z, const VaeConfig& config) {
  require(z.dim() == 4 && z.size(1) == config.latent_channels && z.numel() > 0,
          ErrorCode::kInvalidArgument, "VAE: latents must be [B, ", config.latent_channels,
          ", h, w]");
}

Moments split_moments(const at::Tensor& moments) {
  const std::vector<at::Tensor> halves = moments.chunk(2, 1);
  return {halves[0].contiguous(), halves[1].clamp(-30.0, 20.0)};
}

}  // namespace

at::Tensor Vae::encode_moments(const at::Tensor& image) const {
  const at::Tensor placed = image.to(blocks_->decoder->options())
                                .contiguous(channels_last_ ? at::MemoryFormat::ChannelsLast
                                                           : at::MemoryFormat::Contiguous);
  at::Tensor moments = blocks_->encoder->forward(placed);
  return blocks_->quant != nullptr ? blocks_->quant->forward(moments) : moments;
}

at::Tensor Vae::decode_whole(const at::Tensor& z) const {
  at::Tensor x = z.to(blocks_->decoder->options())
                     .contiguous(channels_last_ ? at::MemoryFormat::ChannelsLast
                                                : at::MemoryFormat::Contiguous);
  if (blocks_->post_quant != nullptr) {
    x = blocks_->post_quant->forward(x);
  }
  return blocks_->decoder->forward(std::move(x));
}

Moments Vae::encode(const at::Tensor& image) const {
  check_image(image, config_);
  return guarded("VAE", [&] { return split_moments(encode_moments(image)); });
}

Moments Vae::encode_tiled(const at::Tensor& image, const TileOptions& tiles) const {
  const auto [pixels, latents] = tile_sides(tiles, config_);
  check_image(image, config_);
  if (image.size(2) <= pixels && image.size(3) <= pixels) {
    return encode(image);
  }
  const TilePlan plan = tile_plan(latents, config_.factor(), 1, tiles.overlap);
  return guarded("VAE", [&] {
    return split_moments(convert_in_tiles(
        image, plan, [&](const at::Tensor& tile) { return encode_moments(tile); }));
  });
}

at::Tensor Vae::decode(const at::Tensor& z) const {
  check_latents(z, config_);
  return guarded("VAE", [&] { return decode_whole(z); });
}

at::Tensor Vae::decode_tiled(const at::Tensor& z, const TileOptions& tiles) const {
  const auto [pixels, latents] = tile_sides(tiles, config_);
  check_latents(z, config_);
  if (z.size(2) <= latents && z.size(3) <= latents) {
    return decode(z);
  }
  const TilePlan plan = tile_plan(latents, 1, config_.factor(), tiles.overlap);
  return guarded("VAE", [&] {
    return convert_in_tiles(z, plan, [&](const at::Tensor& tile) { return decode_whole(tile); });
  });
}

}  // namespace stylus::nn
