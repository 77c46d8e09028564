#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "nn/config.h"
#include "nn/parameters.h"

namespace stylus::nn {

struct VaeBlocks;

/// The distribution that a picture is encoded to; both [B, latent_channels, H/8, W/8].
/// sample = mean + exp(logvar / 2) * noise; the most likely latents are the mean.
struct Moments {
  at::Tensor mean;
  at::Tensor logvar;  ///< Clamped to [-30, 20].

  /// The standard deviation.
  [[nodiscard]] at::Tensor deviation() const;
};

/// Tiles as in diffusers' AutoencoderKL: neighbours overlap by `overlap` of a tile and are blended
/// linearly over it, rounded up to whole latent pixels. Norms see one tile each, so the result
/// differs a little from decode().
struct TileOptions {
  std::int64_t sample_size = 0;  ///< Side of a tile in pixels; 0: the config's sample_size.
  double overlap = 0.25;
};

/// The autoencoder of Stable Diffusion: diffusers' AutoencoderKL.
///
/// Latents here are unscaled: a pipeline multiplies encoded latents by scaling_factor and divides
/// before decoding (shift: (z - shift) * scale).
/// Thread safety: as UNet.
class Vae {
 public:
  Vae(const VaeConfig& config, TensorSource& source);
  ~Vae();
  Vae(const Vae&) = delete;
  Vae& operator=(const Vae&) = delete;

  /// image [B, 3, H, W] in [-1, 1], H and W multiples of factor() (others lose the rest).
  /// Error(kInvalidArgument) for other shapes, Error(kUnavailable) out of memory.
  [[nodiscard]] Moments encode(const at::Tensor& image) const;
  [[nodiscard]] Moments encode_tiled(const at::Tensor& image, const TileOptions& tiles = {}) const;

  /// z [B, latent_channels, h, w], unscaled -> [B, 3, h * factor, w * factor], about [-1, 1].
  [[nodiscard]] at::Tensor decode(const at::Tensor& z) const;
  /// Memory of one tile. Latents no larger than a tile are decoded whole.
  [[nodiscard]] at::Tensor decode_tiled(const at::Tensor& z, const TileOptions& tiles = {}) const;

  [[nodiscard]] double scaling_factor() const { return config_.scaling_factor; }
  [[nodiscard]] double shift_factor() const { return config_.shift_factor; }
  [[nodiscard]] std::int64_t factor() const { return config_.factor(); }
  [[nodiscard]] const VaeConfig& config() const { return config_; }
  [[nodiscard]] LayerTable layers() const { return parameters_.layers(); }
  [[nodiscard]] TensorTable tensors() const { return parameters_.tensors(); }
  void to(at::Device device, at::ScalarType dtype, bool channels_last);

 private:
  [[nodiscard]] at::Tensor encode_moments(const at::Tensor& image) const;
  [[nodiscard]] at::Tensor decode_whole(const at::Tensor& z) const;

  VaeConfig config_;
  Parameters parameters_;
  std::unique_ptr<VaeBlocks> blocks_;
  bool channels_last_ = false;
};

}  // namespace stylus::nn
