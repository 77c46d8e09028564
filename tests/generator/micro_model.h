#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "generator/generator.h"
#include "tests/temp_dir.h"

namespace stylus::generator {

/// The micro models of tests/golden/generator/pipelines with their tokenizers, in a folder that
/// lives as long as this: "sd15", "sd15_9" (inpainting) and "sdxl". Pictures of 24 x 16 pixels.
class MicroModels {
 public:
  /// The diffusers folder of a model.
  [[nodiscard]] std::filesystem::path folder(const std::string& name) const;

  /// Where the golden files are.
  [[nodiscard]] static std::filesystem::path goldens();

 private:
  TempDir home_;
};

/// On one thread, in fp32.
[[nodiscard]] GeneratorOptions micro_options();

/// Five steps of ddim at 24 x 16 with guidance, one picture per seed.
[[nodiscard]] RenderRequest micro_request(const std::vector<std::uint64_t>& seeds = {7});

/// All pictures of a request, in its order.
std::vector<RenderedPicture> render_all(Generator& generator, const RenderRequest& request,
                                        const RenderHooks& hooks = {});

/// Writes a kohya adapter for "sd15" whose values are drawn from `seed`: rank 2, the UNet's
/// attention and the text encoder's, or the UNet's alone.
struct MicroAdapter {
  std::uint64_t seed = 1;
  bool has_text_encoder = true;
  bool is_dora = false;             ///< Can only be merged.
  bool has_time_embedding = false;  ///< A layer that sees one row for the whole batch.
};
void write_micro_adapter(const std::filesystem::path& file, const MicroAdapter& adapter);

/// The largest difference of two tensors of one shape.
[[nodiscard]] double largest_difference(const at::Tensor& a, const at::Tensor& b);

}  // namespace stylus::generator
