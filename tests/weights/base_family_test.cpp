#include "weights/base_family.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/shared_data.h"

namespace stylus::weights {
namespace {

TEST(BaseFamilyTest, KnowsTheSpellingsOfCardsMetadataAndOptions) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"SD 1.5", "sd15"},
      {"SD 1.4", "sd15"},
      {"SD1.5", "sd15"},
      {"sd15", "sd15"},
      {"SD1", "sd15"},
      {"v1", "sd15"},
      {"SD1.x", "sd15"},
      {"SD1.x inpainting", "sd15"},
      {"InstructPix2Pix (SD1.5)", "sd15"},
      {"sd_v1", "sd15"},
      {"sd_v1_v", "sd15"},
      {"sd_1.5", "sd15"},
      {"sd-1", "sd15"},
      {"SD 1.5 LCM", "sd15"},
      {"SD 1.5 Hyper", "sd15"},
      {"stable-diffusion-v1/lora", "sd15"},
      {"runwayml/stable-diffusion-v1-5", "sd15"},
      {"CompVis/stable-diffusion-v1-4", "sd15"},
      {"SD 2.0", "sd2"},
      {"SD 2.1 768", "sd2"},
      {"SD2.1", "sd2"},
      {"v2", "sd2"},
      {"sd_2.1", "sd2"},
      {"sd_v2_v", "sd2"},
      {"stable-diffusion-v2-768-v/lora", "sd2"},
      {"stabilityai/stable-diffusion-2-1-base", "sd2"},
      {"SDXL", "sdxl"},
      {"SDXL 1.0", "sdxl"},
      {"sdxl_base_v0.9", "sdxl"},
      {"sdxl_base_v1-0", "sdxl"},
      {"sdxl_1.0", "sdxl"},
      {"SDXL Lightning", "sdxl"},
      {"stable-diffusion-xl-v1-base/lora", "sdxl"},
      {"stable-diffusion-xl-1/lora", "sdxl"},
      {"stabilityai/stable-diffusion-xl-base-1.0", "sdxl"},
      {"sdxl-refiner", "sdxl_refiner"},
      {"Pony", "pony"},
      {"Pony V7", "pony_v7"},
      {"Illustrious", "illustrious"},
      {"NoobAI", "noobai"},
      {"ssd_1b", "ssd_1b"},
      {"SSD-1B", "ssd_1b"},
      {"segmind-vega", "segmind_vega"},
      {"Kolors", "kolors"},
      {"Playground v2", "playground_v2"},
      {"Stable Cascade", "stable_cascade"},
      {"sd3", "sd3"},
      {"SD 3", "sd3"},
      {"stable-diffusion-v3-medium", "sd3"},
      {"stable-diffusion-3-m", "sd3"},
      {"SD 3.5", "sd35"},
      {"SD 3.5 Medium", "sd35_medium"},
      {"SD 3.5 Large Turbo", "sd35_large"},
      {"stable-diffusion-3-5-large", "sd35_large"},
      {"Flux.1 D", "flux1"},
      {"Flux.1 S", "flux1"},
      {"Flux.1 Krea", "flux1"},
      {"FLUX.1", "flux1"},
      {"flux1", "flux1"},
      {"flux", "flux1"},
      {"flux-1-dev/lora", "flux1"},
      {"flux-dev-1/lora", "flux1"},
      {"black-forest-labs/FLUX.1-dev", "flux1"},
      {"Flux.1 Kontext", "flux1_kontext"},
      {"flux2", "flux2"},
      {"Flux.2 D", "flux2"},
      {"Flux.2 Klein 4B-base", "flux2_klein_4b"},
      {"Flux.2 Klein 9B", "flux2_klein_9b"},
      {"Flux.2 Klein", ""},
      {"chroma", "chroma"},
      {"AuraFlow", "auraflow"},
      {"PixArt E", "pixart"},
      {"Hunyuan 1", "hunyuan_dit"},
      {"hunyuan-image-2.1", "hunyuan_image"},
      {"Lumina", "lumina2"},
      {"lumina-2/lora", "lumina2"},
      {"hidream_i1", "hidream"},
      {"HiDream-O1", "hidream_o1"},
      {"qwen_image", "qwen_image"},
      {"Qwen", "qwen_image"},
      {"Qwen/Qwen-Image-Edit", "qwen_image"},
      {"Qwen 2", "qwen_image_2"},
      {"ZImageTurbo", "z_image"},
      {"Tongyi-MAI/Z-Image-Turbo", "z_image"},
      {"Krea 2", "krea2"},
      {"anima-preview", "anima"},
      {"SVD XT", "svd"},
      {"LTXV", "ltxv"},
      {"ltx2", "ltx2"},
      {"ltx2.3", "ltx2"},
      {"LTXV 2.3", "ltx2"},
      {"hunyuan_video", "hunyuan_video"},
      {"wan_v2.1_14b", "wan"},
      {"wan_v2.1_1.3b", "wan_1_3b"},
      {"Wan Video 14B i2v 480p", "wan"},
      {"Wan Video 1.3B t2v", "wan_1_3b"},
      {"Wan Video 2.2 TI2V-5B", "wan_5b"},
      {"Wan Video 2.2 T2V-A14B", "wan"},
      {"Wan-AI/Wan2.1-T2V-1.3B", "wan_1_3b"},
      {"stylus mini", "mini"},
      {"stylus_mini", "mini"},
      {"Stylus Mini 64", "mini"},
      {"mini", "mini"},
      {"Mini SDXL", ""},
      {"Other", "other"},
      {"SD1.x or 2.x", ""},
      {"AnimateDiff", ""},
      {"Unknown", ""},
      {"None", ""},
      {"", ""},
      {" / ", ""},
      {std::string(100'000, 'x'), ""},
  };
  for (const auto& [spelling, slug] : cases) {
    EXPECT_EQ(base_family(spelling), slug) << "spelling: " << spelling.substr(0, 80);
  }
}

TEST(BaseFamilyTest, EverySlugIsASpellingOfItself) {
  std::set<std::string> seen;
  for (const BaseFamily& family : base_families()) {
    EXPECT_EQ(base_family(family.slug), family.slug);
    EXPECT_FALSE(family.display_name.empty());
    EXPECT_TRUE(seen.insert(family.slug).second) << family.slug << " twice";
  }
}

TEST(BaseFamilyTest, KnowsEveryBaseModelOfTheRealCatalogues) {
  STYLUS_NEEDS_SHARED_DATA();

  for (const char* name : {"lora_union_sfw.jsonl", "human_compositions.jsonl"}) {
    std::ifstream lines(shared_data() / "catalog" / name);
    ASSERT_TRUE(lines) << name;
    for (std::string line; std::getline(lines, line);) {
      const nlohmann::json card = nlohmann::json::parse(line);
      const nlohmann::json bases = card.value("base_model", nlohmann::json());
      for (const nlohmann::json& base : bases.is_array() ? bases : nlohmann::json::array({bases})) {
        if (base.is_string()) {
          EXPECT_NE(base_family(base.get<std::string>()), "") << base;
        }
      }
    }
  }
}

}  // namespace
}  // namespace stylus::weights
