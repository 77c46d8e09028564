#include <ATen/ops/from_blob.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <array>

#include "evaluator/resize.h"
#include "evaluator/towers/feature_model.h"
#include "nn/device.h"
#include "nn/guard.h"
#include "nn/inception.h"
#include "nn/tensor_source.h"
#include "support/error.h"

namespace stylus::evaluator {
namespace {

constexpr std::int64_t kSide = 299;

/// [1, 3, H, W] of values 0 to 255.
at::Tensor planes_of(const Picture& picture) {
  const auto area = static_cast<std::size_t>(picture.width * picture.height);
  std::vector<float> values(area * 3);
  for (std::size_t i = 0; i < area; ++i) {
    for (std::size_t channel = 0; channel < 3; ++channel) {
      values[channel * area + i] = picture.rgb[i * 3 + channel];
    }
  }
  return at::from_blob(values.data(), {1, 3, picture.height, picture.width},
                       at::TensorOptions(at::kFloat))
      .clone();
}

/// pytorch-fid: bilinear without antialias on [0, 1], then 2 x - 1.
at::Tensor as_pytorch_fid(const Picture& picture) {
  const std::array<std::int64_t, 2> size = {kSide, kSide};
  return at::upsample_bilinear2d(planes_of(picture).div(255), size, /*align_corners=*/false)
      .mul(2)
      .sub(1)
      .squeeze(0);
}

/// clean-fid: Pillow's bicubic in floating point, clipped, then (x - 128) / 128.
at::Tensor as_clean_fid(const Picture& picture) {
  std::vector<float> all;
  for (std::size_t channel = 0; channel < 3; ++channel) {
    std::vector<float> plane;
    for (std::size_t i = channel; i < picture.rgb.size(); i += 3) {
      plane.push_back(picture.rgb[i]);
    }
    for (const float value :
         resize_plane(plane, picture.width, picture.height, kSide, kSide, Filter::kBicubic)) {
      all.push_back((std::clamp(value, 0.0F, 255.0F) - 128) / 128);
    }
  }
  return at::from_blob(all.data(), {3, kSide, kSide}, at::TensorOptions(at::kFloat)).clone();
}

class InceptionFeatures final : public FeatureModel {
 public:
  explicit InceptionFeatures(const FeatureJob& job)
      : device_(nn::open_device(job.device)), is_clean_(job.resize == "clean-fid") {
    const std::string what = "the Inception weights '" + job.model.string() + "'";
    const nn::StoredTensors tensors = nn::inception_tensors(nn::read_stored_tensors(job.model));
    nn::TensorOptions options;
    nn::TensorSource check(tensors, what, [] {
      nn::TensorOptions meta;
      meta.device = at::kMeta;
      return meta;
    }());
    const nn::Inception shape_only(check);
    check.finish();
    options.device = device_;
    nn::TensorSource source(tensors, what, options);
    network_ = std::make_unique<nn::Inception>(source);
  }
  std::size_t width() const override { return 2048; }
  Rows picture_rows(const std::vector<Picture>& pictures) override {
    const c10::InferenceMode guard;
    return nn::guarded("Inception", [&] {
      std::vector<at::Tensor> planes;
      for (const Picture& picture : pictures) {
        planes.push_back(is_clean_ ? as_clean_fid(picture) : as_pytorch_fid(picture));
      }
      const at::Tensor features =
          network_->forward(at::stack(planes).to(device_)).to(at::kCPU).contiguous();
      Rows rows(pictures.size(), width());
      std::copy_n(features.const_data_ptr<float>(), rows.values.size(), rows.values.data());
      return rows;
    });
  }
  Rows text_rows(const std::vector<std::string>&, std::size_t&) override {
    fail(ErrorCode::kUnsupported, "Inception reads no texts");
  }

 private:
  c10::Device device_;
  bool is_clean_;
  std::unique_ptr<nn::Inception> network_;
};

}  // namespace

std::unique_ptr<FeatureModel> open_inception_features(const FeatureJob& job) {
  nn::set_threads(job.threads);
  const c10::InferenceMode guard;
  return std::make_unique<InceptionFeatures>(job);
}

}  // namespace stylus::evaluator
