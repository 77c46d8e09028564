#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "generator/adapter_session.h"
#include "generator/clip_tokenizer.h"
#include "generator/denoise.h"
#include "generator/prompt_encoding.h"
#include "generator/render_request.h"
#include "nn/checkpoint.h"

namespace stylus::generator {

/// A checkpoint's tokenizers and text encoders, and the encodings of one request's prompts.
/// Thread safety: none.
class RequestPrompts {
 public:
  /// clip_vocabulary: CLIP's merges, for checkpoints that carry no tokenizer; Error(kUnavailable)
  /// where such a one needs it and it is not there. The model must outlive this.
  RequestPrompts(const nn::Checkpoint& model, const std::filesystem::path& clip_vocabulary);
  RequestPrompts(const RequestPrompts&) = delete;
  RequestPrompts& operator=(const RequestPrompts&) = delete;

  /// Encodes every prompt of the request, with the negative one, once for each group of pictures
  /// with equal adapters, whose text encoders `session` changes. Replaces the request before.
  /// Returns what people should know.
  /// Ensures: a picture's encoding does not depend on the other pictures' prompts.
  /// Errors: see PromptEncoder, read_textual_inversion.
  [[nodiscard]] std::vector<std::string> encode(const RenderRequest& request,
                                                AdapterSession& session);

  /// Positions of the context of picture `row`; only pictures with as many fit one batch.
  [[nodiscard]] std::int64_t length(std::size_t row) const { return with_[row].size(1); }

  /// What the UNet is told for these pictures of the request (SDXL: of that size in pixels).
  /// Requires: equal lengths.
  [[nodiscard]] Conditioning conditioning(const std::vector<std::size_t>& rows, std::int64_t width,
                                          std::int64_t height) const;

 private:
  [[nodiscard]] nn::AddedConditions added_of(const at::Tensor& pooled, std::int64_t width,
                                             std::int64_t height) const;

  const nn::Checkpoint& model_;
  std::vector<ClipTokenizer> tokenizers_;
  std::unique_ptr<PromptEncoder> encoder_;
  // One row per picture of the request.
  std::vector<at::Tensor> with_, without_, pooled_with_, pooled_without_;
};

}  // namespace stylus::generator
