#include "generator/request_prompts.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <map>

#include "generator/textual_inversion.h"
#include "support/error.h"

namespace stylus::generator {

RequestPrompts::RequestPrompts(const nn::Checkpoint& model,
                               const std::filesystem::path& clip_vocabulary)
    : model_(model) {
  const std::size_t count = model.text_encoders.size();
  std::vector<std::filesystem::path> paths = model.parts.tokenizers;
  if (paths.empty()) {
    require(!clip_vocabulary.empty(), ErrorCode::kUnavailable, model.parts.what,
            " carries no tokenizer, and CLIP's vocabulary is not installed; run tools/setup, or "
            "give a diffusers folder");
    paths.assign(count, clip_vocabulary);
  }
  for (std::size_t i = 0; i < count; ++i) {
    tokenizers_.push_back(ClipTokenizer::open(paths[std::min(i, paths.size() - 1)]));
  }
  const bool is_sdxl = model.parts.base == "sdxl";
  std::vector<TextStage> stages;
  for (std::size_t i = 0; i < count; ++i) {
    // OpenCLIP's encoders (SD 2, SDXL's second) pad with id 0, CLIP-L with the end.
    const bool pads_with_zero = model.parts.base == "sd2" || (is_sdxl && i + 1 == count);
    stages.push_back(
        {model.text_encoders[i].get(), &tokenizers_[i], pads_with_zero ? 0 : tokenizers_[i].end()});
  }
  encoder_ = std::make_unique<PromptEncoder>(
      std::move(stages), is_sdxl ? ContextStyle::kPenultimate : ContextStyle::kFinalNorm);
}

std::vector<std::string> RequestPrompts::encode(const RenderRequest& request,
                                                AdapterSession& session) {
  std::vector<std::string> warnings;
  const std::size_t count = request.images.size();
  with_.assign(count, {});
  without_ = pooled_with_ = pooled_without_ = with_;
  std::vector<TextualInversion> inversions;
  for (const std::filesystem::path& file : request.textual_inversions) {
    inversions.push_back(read_textual_inversion(file));
  }
  encoder_->set_textual_inversions(inversions);
  const bool is_guided = request.guidance > 1;
  const bool zeros = !request.negative_prompt && model_.parts.force_zeros_for_empty_prompt;
  PromptOptions options;
  options.layers_dropped = request.layers_dropped;
  for (const ImageGroup& group : session.groups()) {
    session.use_text_encoders(group);
    std::map<std::string, PromptEncoding> encodings;
    for (const std::size_t image : group.images) {
      const std::optional<std::string>& own = request.images[image].prompt;
      const std::string& prompt = own ? *own : request.prompt;
      auto known = encodings.find(prompt);
      if (known == encodings.end()) {
        std::vector<std::string> prompts = {prompt};
        if (is_guided) {
          prompts.push_back(request.negative_prompt.value_or(""));
        }
        known = encodings.emplace(prompt, encoder_->encode(prompts, options)).first;
        for (const std::string& warning : known->second.warnings) {
          if (std::find(warnings.begin(), warnings.end(), warning) == warnings.end()) {
            warnings.push_back(warning);
          }
        }
      }
      const auto row = [](const at::Tensor& all, std::int64_t i) {
        return all.defined() ? all.narrow(0, i, 1) : all;
      };
      const PromptEncoding& encoding = known->second;
      with_[image] = row(encoding.context, 0);
      pooled_with_[image] = row(encoding.pooled, 0);
      if (is_guided) {
        without_[image] = row(encoding.context, 1);
        pooled_without_[image] = row(encoding.pooled, 1);
        if (zeros) {
          without_[image] = at::zeros_like(without_[image]);
          pooled_without_[image] = pooled_without_[image].defined()
                                       ? at::zeros_like(pooled_without_[image])
                                       : pooled_without_[image];
        }
      }
    }
  }
  return warnings;
}

nn::AddedConditions RequestPrompts::added_of(const at::Tensor& pooled, std::int64_t width,
                                             std::int64_t height) const {
  nn::AddedConditions added;
  if (model_.unet->config().has_text_time) {
    const auto h = static_cast<double>(height);
    const auto w = static_cast<double>(width);
    added.text_embeds = pooled;
    added.time_ids = at::tensor({h, w, 0.0, 0.0, h, w}, at::TensorOptions(at::kFloat))
                         .to(pooled.device())
                         .repeat({pooled.size(0), 1});
  }
  return added;
}

Conditioning RequestPrompts::conditioning(const std::vector<std::size_t>& rows, std::int64_t width,
                                          std::int64_t height) const {
  const auto stacked = [&rows](const std::vector<at::Tensor>& all) {
    std::vector<at::Tensor> parts;
    for (const std::size_t row : rows) {
      if (all[row].defined()) {
        parts.push_back(all[row]);
      }
    }
    return parts.empty() ? at::Tensor() : at::cat(parts);
  };
  Conditioning result;
  result.with = stacked(with_);
  result.without = stacked(without_);
  result.added_with = added_of(stacked(pooled_with_), width, height);
  if (result.without.defined()) {
    result.added_without = added_of(stacked(pooled_without_), width, height);
  }
  return result;
}

}  // namespace stylus::generator
