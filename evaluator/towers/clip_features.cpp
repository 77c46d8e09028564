#include <ATen/ops/from_blob.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "evaluator/resize.h"
#include "evaluator/towers/feature_model.h"
#include "evaluator/towers/siglip_tokenizer.h"
#include "generator/clip_tokenizer.h"
#include "nn/clip_towers.h"
#include "nn/device.h"
#include "nn/guard.h"
#include "support/error.h"

namespace stylus::evaluator {
namespace {

using generator::ClipTokenizer;

/// Unit rows as floats that we own.
Rows unit_rows(const at::Tensor& embeddings) {
  const at::Tensor norms =
      at::linalg_vector_norm(embeddings, 2, at::IntArrayRef{-1}, /*keepdim=*/true);
  const at::Tensor unit =
      embeddings.div(norms.clamp_min(1e-12)).to(at::kCPU, at::kFloat).contiguous();
  Rows rows(static_cast<std::size_t>(unit.size(0)), static_cast<std::size_t>(unit.size(1)));
  std::copy_n(unit.const_data_ptr<float>(), rows.values.size(), rows.values.data());
  return rows;
}

class ClipFeatures final : public FeatureModel {
 public:
  explicit ClipFeatures(const FeatureJob& job) : device_(nn::open_device(job.device)) {
    nn::TensorOptions options;
    options.device = device_;
    towers_ = nn::load_clip_towers(job.model, options);
    filter_ = filter_named(towers_.preprocessing.filter);
    if (job.tokenizer.empty()) {
      return;
    }
    if (towers_.siglip_text == nullptr) {
      clip_tokenizer_ = ClipTokenizer::open(job.tokenizer);
    } else {
      siglip_tokenizer_.emplace(job.tokenizer);
      require(siglip_tokenizer_->size() <= towers_.siglip_text->config().vocab_size,
              ErrorCode::kInvalidArgument, "the tokenizer '", job.tokenizer.string(), "' has ",
              siglip_tokenizer_->size(), " pieces and the model knows ",
              towers_.siglip_text->config().vocab_size, "; give the model's own spiece.model");
    }
  }

  std::size_t width() const override {
    return static_cast<std::size_t>(towers_.vision->config().projection_dim);
  }

  Rows picture_rows(const std::vector<Picture>& pictures) override {
    const c10::InferenceMode guard;
    return nn::guarded("picture tower", [&] {
      std::vector<at::Tensor> planes;
      for (const Picture& picture : pictures) {
        planes.push_back(pixels_of(picture));
      }
      return unit_rows(towers_.vision->forward(at::stack(planes).to(device_)));
    });
  }

  Rows text_rows(const std::vector<std::string>& texts, std::size_t& truncated) override {
    const c10::InferenceMode guard;
    return nn::guarded("text tower", [&] {
      std::vector<at::Tensor> ids;
      for (const std::string& text : texts) {
        ids.push_back(at::tensor(ids_of(text, truncated), at::TensorOptions(at::kLong)));
      }
      return unit_rows(towers_.siglip_text == nullptr
                           ? towers_.text->forward(at::stack(ids)).projected
                           : towers_.siglip_text->forward(at::stack(ids)));
    });
  }

  std::optional<SigmoidScale> sigmoid() const override {
    return towers_.siglip_text == nullptr
               ? std::nullopt
               : std::optional<SigmoidScale>({std::exp(towers_.logit_scale), towers_.logit_bias});
  }

 private:
  /// A text's ids at the text tower's length; counts those that were cut.
  std::vector<std::int64_t> ids_of(const std::string& text, std::size_t& truncated) const {
    if (towers_.siglip_text != nullptr) {
      require(siglip_tokenizer_.has_value(), ErrorCode::kInvalidArgument,
              "texts need SigLIP's tokenizer: put spiece.model into the model's folder, or name it "
              "with metrics.clip_tokenizer");
      bool is_cut = false;
      std::vector<std::int64_t> ids = siglip_tokenizer_->encode_padded(
          text, static_cast<std::size_t>(towers_.siglip_text->config().max_positions), is_cut);
      truncated += is_cut ? 1 : 0;
      return ids;
    }
    require(clip_tokenizer_.has_value(), ErrorCode::kInvalidArgument,
            "texts need the tokenizer of the CLIP model: give a folder with vocab.json and "
            "merges.txt, or CLIP's vocabulary (tools/setup)");
    const auto length = static_cast<std::size_t>(towers_.text->config().max_positions);
    truncated += clip_tokenizer_->encode(text).size() + 2 > length ? 1 : 0;
    return clip_tokenizer_->encode_padded(text, length, clip_tokenizer_->end());
  }

  /// [3, S, S] as the tower wants it.
  at::Tensor pixels_of(const Picture& picture) const {
    const nn::ClipPreprocessing& how = towers_.preprocessing;
    const Picture scaled = how.keeps_shape ? resize_and_crop(picture, how.size, filter_)
                                           : resize_picture(picture, how.size, how.size, filter_);
    std::vector<float> values(scaled.rgb.size());
    const std::size_t area = scaled.rgb.size() / 3;
    for (std::size_t channel = 0; channel < 3; ++channel) {
      for (std::size_t i = 0; i < area; ++i) {
        const double value = scaled.rgb[i * 3 + channel] / 255.0;
        values[channel * area + i] =
            static_cast<float>((value - how.mean[channel]) / how.deviation[channel]);
      }
    }
    return at::from_blob(values.data(), {3, how.size, how.size}, at::TensorOptions(at::kFloat))
        .clone();
  }

  c10::Device device_;
  nn::ClipTowers towers_;
  Filter filter_ = Filter::kBicubic;
  std::optional<ClipTokenizer> clip_tokenizer_;
  std::optional<SiglipTokenizer> siglip_tokenizer_;
};

}  // namespace

std::unique_ptr<FeatureModel> open_clip_features(const FeatureJob& job) {
  nn::set_threads(job.threads);
  return std::make_unique<ClipFeatures>(job);
}

std::unique_ptr<FeatureModel> open_feature_model(const FeatureJob& job) {
  return job.kind == "clip" ? open_clip_features(job) : open_inception_features(job);
}

}  // namespace stylus::evaluator
