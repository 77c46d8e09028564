#include <ATen/ops/from_blob.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <optional>

#include "evaluator/resize.h"
#include "evaluator/towers/feature_model.h"
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
    if (!job.tokenizer.empty()) {
      tokenizer_ = ClipTokenizer::open(job.tokenizer);
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
    require(towers_.text != nullptr, ErrorCode::kUnsupported,
            "this model's text tower is not built here (SigLIP); its picture features can be used "
            "for distances, but not for a CLIP score");
    require(tokenizer_.has_value(), ErrorCode::kInvalidArgument,
            "texts need the tokenizer of the CLIP model: give a folder with vocab.json and "
            "merges.txt, or CLIP's vocabulary (tools/setup)");
    const c10::InferenceMode guard;
    return nn::guarded("text tower", [&] {
      const auto length = towers_.text->config().max_positions;
      std::vector<at::Tensor> ids;
      for (const std::string& text : texts) {
        truncated += tokenizer_->encode(text).size() + 2 > static_cast<std::size_t>(length) ? 1 : 0;
        ids.push_back(at::tensor(
            tokenizer_->encode_padded(text, static_cast<std::size_t>(length), tokenizer_->end()),
            at::TensorOptions(at::kLong)));
      }
      return unit_rows(towers_.text->forward(at::stack(ids)).projected);
    });
  }

 private:
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
  std::optional<ClipTokenizer> tokenizer_;
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
