#include "tests/generator/lora_shapes.h"

#include <ATen/ops/empty.h>

#include <algorithm>

namespace stylus::generator {
namespace {

struct UNetShape {
  std::vector<std::int64_t> channels;
  std::vector<int> depth;  ///< Transformer blocks per attention of a level; 0: none.
  std::int64_t context = 768;
  bool linear_projection = false;
  std::int64_t added = 0;  ///< Width of SDXL's added embedding.
};

class ShapeList {
 public:
  explicit ShapeList(const UNetShape& unet) : unet_(unet), time_(4 * unet.channels[0]) {}

  std::vector<LayerShape> build() {
    const auto levels = static_cast<int>(unet_.channels.size());
    add("conv_in", {unet_.channels[0], 4, 3, 3});
    add("time_embedding.linear_1", {time_, unet_.channels[0]});
    add("time_embedding.linear_2", {time_, time_});
    if (unet_.added > 0) {
      add("add_embedding.linear_1", {time_, unet_.added});
      add("add_embedding.linear_2", {time_, time_});
    }
    for (int i = 0; i < levels; ++i) {
      down_block(i, i + 1 < levels);
    }
    const std::int64_t middle = unet_.channels.back();
    residual("mid_block.resnets.0.", middle, middle);
    residual("mid_block.resnets.1.", middle, middle);
    attention("mid_block.attentions.0.", middle, std::max(unet_.depth.back(), 1));
    for (int i = 0; i < levels; ++i) {
      up_block(i, levels);
    }
    add("conv_out", {4, unet_.channels[0], 3, 3});
    return list_;
  }

 private:
  void add(std::string path, std::vector<std::int64_t> weight, bool has_bias = true) {
    list_.push_back({std::move(path), std::move(weight), has_bias});
  }

  [[nodiscard]] std::int64_t channels(int level) const {
    return unet_.channels[static_cast<std::size_t>(level)];
  }
  [[nodiscard]] int depth(int level) const { return unet_.depth[static_cast<std::size_t>(level)]; }

  void residual(const std::string& at, std::int64_t in, std::int64_t out) {
    add(at + "conv1", {out, in, 3, 3});
    add(at + "time_emb_proj", {out, time_});
    add(at + "conv2", {out, out, 3, 3});
    if (in != out) {
      add(at + "conv_shortcut", {out, in, 1, 1});
    }
  }

  void attention(const std::string& at, std::int64_t width, int blocks) {
    const std::vector<std::int64_t> projection =
        unet_.linear_projection ? std::vector<std::int64_t>{width, width}
                                : std::vector<std::int64_t>{width, width, 1, 1};
    add(at + "proj_in", projection);
    add(at + "proj_out", projection);
    for (int b = 0; b < blocks; ++b) {
      const std::string block = at + "transformer_blocks." + std::to_string(b) + ".";
      for (const char* name : {"attn1.", "attn2."}) {
        const std::int64_t keys = name[4] == '1' ? width : unet_.context;
        add(block + name + "to_q", {width, width}, false);
        add(block + name + "to_k", {width, keys}, false);
        add(block + name + "to_v", {width, keys}, false);
        add(block + name + "to_out.0", {width, width});
      }
      add(block + "ff.net.0.proj", {8 * width, width});
      add(block + "ff.net.2", {width, 4 * width});
    }
  }

  void down_block(int level, bool has_sampler) {
    const std::string at = "down_blocks." + std::to_string(level) + ".";
    const std::int64_t out = channels(level);
    for (int j = 0; j < 2; ++j) {
      const std::int64_t in = j == 0 ? channels(std::max(level - 1, 0)) : out;
      residual(at + "resnets." + std::to_string(j) + ".", in, out);
      if (depth(level) > 0) {
        attention(at + "attentions." + std::to_string(j) + ".", out, depth(level));
      }
    }
    if (has_sampler) {
      add(at + "downsamplers.0.conv", {out, out, 3, 3});
    }
  }

  void up_block(int index, int levels) {
    const std::string at = "up_blocks." + std::to_string(index) + ".";
    const int level = levels - 1 - index;
    const std::int64_t out = channels(level);
    const std::int64_t before = channels(std::min(level + 1, levels - 1));
    for (int j = 0; j < 3; ++j) {
      const std::int64_t skip = j == 2 ? channels(std::max(level - 1, 0)) : out;
      residual(at + "resnets." + std::to_string(j) + ".", (j == 0 ? before : out) + skip, out);
      if (depth(level) > 0) {
        attention(at + "attentions." + std::to_string(j) + ".", out, depth(level));
      }
    }
    if (level > 0) {
      add(at + "upsamplers.0.conv", {out, out, 3, 3});
    }
  }

  const UNetShape& unet_;
  std::int64_t time_;
  std::vector<LayerShape> list_;
};

}  // namespace

std::vector<LayerShape> sd15_unet_layers() {
  const UNetShape unet{{320, 640, 1280, 1280}, {1, 1, 1, 0}, 768, false, 0};
  return ShapeList(unet).build();
}

std::vector<LayerShape> sd2_unet_layers() {
  const UNetShape unet{{320, 640, 1280, 1280}, {1, 1, 1, 0}, 1024, true, 0};
  return ShapeList(unet).build();
}

std::vector<LayerShape> sdxl_unet_layers() {
  const UNetShape unet{{320, 640, 1280}, {0, 2, 10}, 2048, true, 2816};
  return ShapeList(unet).build();
}

std::vector<LayerShape> clip_layers(std::int64_t layers, std::int64_t width) {
  std::vector<LayerShape> list;
  for (std::int64_t i = 0; i < layers; ++i) {
    const std::string at = "text_model.encoder.layers." + std::to_string(i) + ".";
    for (const char* name : {"q_proj", "k_proj", "v_proj", "out_proj"}) {
      list.push_back({at + "self_attn." + name, {width, width}, true});
    }
    list.push_back({at + "mlp.fc1", {4 * width, width}, true});
    list.push_back({at + "mlp.fc2", {width, 4 * width}, true});
  }
  return list;
}

void ShapeModel::add(const std::string& component, const std::vector<LayerShape>& shapes,
                     MakeWeight make_weight) {
  const auto meta = at::TensorOptions().dtype(at::kFloat).device(at::kMeta);
  for (const LayerShape& shape : shapes) {
    at::Tensor weight =
        make_weight != nullptr ? make_weight(shape.weight) : at::empty(shape.weight, meta);
    at::Tensor bias =
        shape.has_bias ? at::empty({shape.weight[0]}, weight.options()) : at::Tensor();
    if (bias.defined() && !bias.is_meta()) {
      bias.zero_();
    }
    const std::int64_t padding = shape.weight.size() == 4 ? shape.weight[2] / 2 : 0;
    layers_.push_back(
        shape.weight.size() == 4 ? nn::Layer::conv2d(std::move(weight), std::move(bias), 1, padding)
        : shape.weight.size() == 2 ? nn::Layer::linear(std::move(weight), std::move(bias))
                                   : nn::Layer::norm(std::move(weight), std::move(bias)));
    components_[component][shape.path] = &layers_.back();
  }
}

}  // namespace stylus::generator
