#include "generator/textual_inversion.h"

#include <ATen/ops/isfinite.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "nn/tensor_source.h"
#include "support/error.h"
#include "support/file.h"
#include "weights/safetensors_file.h"

namespace stylus::generator {
namespace {

constexpr std::int64_t kMaxVectors = 1024;

void refuse_pickle(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  require(
      extension != ".pt" && extension != ".bin" && extension != ".ckpt", ErrorCode::kUnsupported,
      "'", path.filename().string(),
      "' is a pickle, which can run code when it is read; convert it to safetensors with a tensor "
      "named emb_params");
}

const weights::Tensor* find(const weights::Safetensors& file, std::string_view name) {
  const auto found = std::ranges::find(file.tensors, name, &weights::Tensor::name);
  return found == file.tensors.end() ? nullptr : &*found;
}

/// [n, width] fp32, owning its memory.
at::Tensor vectors_of(const weights::Tensor& stored, const std::string& what) {
  const bool has_shape = stored.shape.size() == 2 || stored.shape.size() == 1;
  require(has_shape && stored.element_count() > 0, ErrorCode::kCorruptData, what, ": ", stored.name,
          " has ", stored.shape.size(), " dimensions and ", stored.element_count(),
          " values, expected vectors [n, width]");
  at::Tensor vectors = nn::copied_tensor_from(stored);
  require(vectors.is_floating_point(), ErrorCode::kCorruptData, what, ": ", stored.name,
          " holds no floating-point numbers");
  vectors = vectors.to(at::kFloat);
  vectors = vectors.dim() == 1 ? vectors.unsqueeze(0) : vectors;
  require(vectors.size(0) <= kMaxVectors, ErrorCode::kCorruptData, what, ": ", stored.name,
          " holds ", vectors.size(0), " vectors, at most ", kMaxVectors, " are read");
  require(at::isfinite(vectors).all().item<bool>(), ErrorCode::kCorruptData, what, ": ",
          stored.name, " holds values that are no numbers");
  return vectors;
}

}  // namespace

TextualInversion read_textual_inversion(const std::filesystem::path& path) {
  refuse_pickle(path);
  return read_textual_inversion(MappedFile(path).bytes(), path.filename().string());
}

TextualInversion read_textual_inversion(std::span<const std::byte> bytes,
                                        const std::string& file_name) {
  const std::string what = "'" + file_name + "'";
  const weights::Safetensors file = weights::parse_safetensors(bytes, what);
  TextualInversion inversion;
  inversion.name = std::filesystem::path(file_name).stem().string();

  const weights::Tensor* clip_l = find(file, "clip_l");
  const weights::Tensor* clip_g = find(file, "clip_g");
  if (clip_l != nullptr || clip_g != nullptr) {
    require(clip_l != nullptr && clip_g != nullptr && file.tensors.size() == 2,
            ErrorCode::kCorruptData, what,
            ": an SDXL inversion has the tensors clip_l and clip_g and no other");
    inversion.vectors = {vectors_of(*clip_l, what), vectors_of(*clip_g, what)};
    require(inversion.vectors[0].size(0) == inversion.vectors[1].size(0), ErrorCode::kCorruptData,
            what, ": clip_l has ", inversion.vectors[0].size(0), " vectors and clip_g ",
            inversion.vectors[1].size(0));
    return inversion;
  }
  const weights::Tensor* params = find(file, "emb_params");
  require(params != nullptr || file.tensors.size() == 1, ErrorCode::kCorruptData, what, " has ",
          file.tensors.size(),
          " tensors and none is emb_params, so it is no textual inversion that we know");
  if (params == nullptr) {
    params = &file.tensors.front();
    inversion.name = params->name;
  }
  inversion.vectors = {vectors_of(*params, what)};
  return inversion;
}

}  // namespace stylus::generator
