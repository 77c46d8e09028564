#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "nn/config.h"
#include "nn/parameters.h"
#include "nn/transformer_block.h"

namespace stylus::nn {

struct UNetBlocks;

/// What SDXL is told besides the prompt; both undefined for SD 1 and 2.
struct AddedConditions {
  at::Tensor text_embeds;  ///< [B, 1280] pooled and projected text
  at::Tensor time_ids;     ///< [B, 6]: original h, w, crop top, left, target h, w
};

/// What the cross attentions look at: the text states, or their keys and values computed once per
/// prompt (UNet::prepare_context).
struct UNetContext {
  UNetContext(at::Tensor text_states)  // NOLINT(google-explicit-constructor): a tensor is one
      : states(std::move(text_states)) {}

  at::Tensor states;  ///< [B, L, cross_attention_dim]
  /// One entry a transformer block in the order of the forward pass, or empty.
  std::vector<KeyValue> keys_values;
};

/// The denoiser of Stable Diffusion: diffusers' UNet2DConditionModel.
///
/// Tensor names and layer paths are diffusers' ("down_blocks.0.attentions.0.proj_in.weight").
/// Thread safety: forward() may run from several threads while nobody changes the model.
/// On a GPU no call waits for the device.
class UNet {
 public:
  /// Error: see TensorSource::take; Error(kCorruptData) for a config that makes no sense.
  UNet(const UNetConfig& config, TensorSource& source);
  ~UNet();
  UNet(const UNet&) = delete;
  UNet& operator=(const UNet&) = delete;

  /// sample [B, in_channels, h, w], timestep [] or [B] (any number type), context of B texts
  /// -> [B, out_channels, h, w], in the model's dtype. Any h and w: up blocks return to the size of
  /// their skip connection. Inputs are converted to the model's dtype.
  /// Error(kInvalidArgument) for other shapes, Error(kUnavailable) out of memory.
  [[nodiscard]] at::Tensor forward(const at::Tensor& sample, const at::Tensor& timestep,
                                   const UNetContext& context,
                                   const AddedConditions& added = {}) const;

  /// Keys and values of all cross attentions for a prompt, to be used for every step. They hold the
  /// weights and side branches of attn2.to_k and to_v of this moment: prepare again after adapters
  /// change. Costs B * L * 2 * (sum of the attentions' widths) elements of memory.
  [[nodiscard]] UNetContext prepare_context(const at::Tensor& states) const;

  [[nodiscard]] LayerTable layers() const { return parameters_.layers(); }
  [[nodiscard]] TensorTable tensors() const { return parameters_.tensors(); }
  [[nodiscard]] const UNetConfig& config() const { return config_; }
  /// Drops side branches. channels_last: memory format of convolution weights and activations.
  void to(at::Device device, at::ScalarType dtype, bool channels_last);
  [[nodiscard]] bool channels_last() const { return channels_last_; }

 private:
  [[nodiscard]] at::Tensor embed_time(const at::Tensor& timestep, const AddedConditions& added,
                                      std::int64_t batch) const;

  UNetConfig config_;
  Parameters parameters_;
  std::unique_ptr<UNetBlocks> blocks_;
  bool channels_last_ = false;
};

}  // namespace stylus::nn
