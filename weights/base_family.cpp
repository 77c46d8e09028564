#include "weights/base_family.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "support/text.h"

namespace stylus::weights {
namespace {

/// One way in which people and tools write a base model, reduced to its letters and digits.
struct Spelling {
  std::string_view key;   ///< lower case, letters and digits only: "sdxl10"
  std::string_view slug;  ///< "" where the words name several families ("Flux.2 Klein")
};

/// Any text that begins so means the family; the longest entry wins, so "sdxlrefiner" beats "sdxl".
constexpr auto kBeginnings = std::to_array<Spelling>({
    // Stable Diffusion 1 and 2
    {"sd14", "sd15"},
    {"sd15", "sd15"},
    {"sdv1", "sd15"},
    {"sd1x", "sd15"},
    {"sd1xor2x", ""},
    {"stablediffusionv1", "sd15"},
    {"stablediffusion1", "sd15"},
    {"instructpix2pix", "sd15"},
    {"sd20", "sd2"},
    {"sd21", "sd2"},
    {"sdv2", "sd2"},
    {"sd2x", "sd2"},
    {"stablediffusionv2", "sd2"},
    {"stablediffusion2", "sd2"},
    // SDXL and those that share its tensors, or nearly
    {"sdxl", "sdxl"},
    {"stablediffusionxl", "sdxl"},
    {"animagine", "sdxl"},
    {"sdxlrefiner", "sdxl_refiner"},
    {"sdxlbaserefiner", "sdxl_refiner"},
    {"stablediffusionxlrefiner", "sdxl_refiner"},
    {"stablediffusionxlv1refiner", "sdxl_refiner"},
    {"pony", "pony"},
    {"ponyv7", "pony_v7"},
    {"ponydiffusionv7", "pony_v7"},
    {"illustrious", "illustrious"},
    {"noobai", "noobai"},
    {"ssd1b", "ssd_1b"},
    {"segmindvega", "segmind_vega"},
    {"kolors", "kolors"},
    {"playgroundv2", "playground_v2"},
    {"stablecascade", "stable_cascade"},
    // Stable Diffusion 3
    {"sd3medium", "sd3"},
    {"stablediffusion3", "sd3"},
    {"stablediffusionv3", "sd3"},
    {"sd35", "sd35"},
    {"stablediffusion35", "sd35"},
    {"stablediffusionv35", "sd35"},
    {"sd35medium", "sd35_medium"},
    {"stablediffusion35medium", "sd35_medium"},
    {"sd35large", "sd35_large"},
    {"stablediffusion35large", "sd35_large"},
    // FLUX and its relatives
    {"flux1", "flux1"},
    {"fluxdev", "flux1"},
    {"fluxschnell", "flux1"},
    {"fluxkrea", "flux1"},
    {"flux1kontext", "flux1_kontext"},
    {"fluxkontext", "flux1_kontext"},
    {"flux2", "flux2"},
    {"flux2klein", ""},
    {"flux2klein4b", "flux2_klein_4b"},
    {"flux2kleinbase4b", "flux2_klein_4b"},
    {"flux2klein9b", "flux2_klein_9b"},
    {"flux2kleinbase9b", "flux2_klein_9b"},
    {"chroma", "chroma"},
    // Other image models
    {"auraflow", "auraflow"},
    {"pixart", "pixart"},
    {"hunyuandit", "hunyuan_dit"},
    {"hunyuanimage", "hunyuan_image"},
    {"lumina2", "lumina2"},
    {"luminaimage2", "lumina2"},
    {"hidream", "hidream"},
    {"hidreamo1", "hidream_o1"},
    {"qwenimage", "qwen_image"},
    {"qwenimage2", "qwen_image_2"},
    {"qwenimage25", "qwen_image"},  // monthly releases: 2509, 2512
    {"qwenimage3", "qwen_image_3"},
    {"zimage", "z_image"},
    {"anima", "anima"},
    {"animate", ""},
    {"krea2", "krea2"},
    {"cogview4", "cogview4"},
    {"omnigen2", "omnigen2"},
    {"stylusmini", "mini"},
    // Video models
    {"stablevideodiffusion", "svd"},
    {"cogvideox", "cogvideox"},
    {"mochi1", "mochi"},
    {"ltxv", "ltxv"},
    {"ltxvideo", "ltxv"},
    {"ltxv2", "ltx2"},
    {"ltxv23", "ltx2"},
    {"ltx2", "ltx2"},
    {"ltxvideo2", "ltx2"},
    {"hunyuanvideo", "hunyuan_video"},
    {"wanv21", "wan"},
    {"wanv22", "wan"},
    {"wan21", "wan"},
    {"wan22", "wan"},
    {"wanvideo14b", "wan"},
    {"wanvideo22", "wan"},
    {"wanvideo13b", "wan_1_3b"},
    {"wanvideo2113b", "wan_1_3b"},
    {"wanv2113b", "wan_1_3b"},
    {"wan2113b", "wan_1_3b"},
    {"wan21t2v13b", "wan_1_3b"},
    {"wan21vace13b", "wan_1_3b"},
    {"wanvideo22ti2v5b", "wan_5b"},
    {"wanv225b", "wan_5b"},
    {"wan225b", "wan_5b"},
    {"wan22ti2v5b", "wan_5b"},
});

/// Texts that mean the family only when they stand alone.
constexpr auto kWholes = std::to_array<Spelling>({
    {"v1", "sd15"},
    {"sd1", "sd15"},
    {"v14", "sd15"},
    {"v15", "sd15"},
    {"v1x", "sd15"},
    {"v2", "sd2"},
    {"sd2", "sd2"},
    {"v20", "sd2"},
    {"v21", "sd2"},
    {"v2x", "sd2"},
    {"xl", "sdxl"},
    {"sd3", "sd3"},
    {"sd3m", "sd3"},
    {"flux", "flux1"},
    {"fluxd", "flux1"},
    {"fluxs", "flux1"},
    {"noob", "noobai"},
    {"vega", "segmind_vega"},
    {"qwen", "qwen_image"},
    {"qwen2", "qwen_image_2"},
    {"qwen3", "qwen_image_3"},
    {"hunyuan1", "hunyuan_dit"},
    {"lumina", "lumina2"},
    {"svd", "svd"},
    {"svdxt", "svd"},
    {"mochi", "mochi"},
    {"ltx", "ltxv"},
    {"wan", "wan"},
    {"wanvideo", "wan"},
    {"cascade", "stable_cascade"},
    {"mini", "mini"},
    {"other", "other"},
});

std::string letters_and_digits(std::string_view spelling) {
  std::string key;
  for (const char letter : spelling) {
    if (letter >= 'A' && letter <= 'Z') {
      key.push_back(static_cast<char>(letter - 'A' + 'a'));
    } else if ((letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9')) {
      key.push_back(letter);
    }
  }
  return key;
}

std::string family_of_key(std::string_view key) {
  for (const Spelling& whole : kWholes) {
    if (key == whole.key) {
      return std::string(whole.slug);
    }
  }
  const Spelling* best = nullptr;
  for (const Spelling& beginning : kBeginnings) {
    const bool fits = key.substr(0, beginning.key.size()) == beginning.key;
    if (fits && (best == nullptr || beginning.key.size() > best->key.size())) {
      best = &beginning;
    }
  }
  if (best == nullptr) {
    // A family's own slug is always a spelling of it.
    for (const BaseFamily& family : base_families()) {
      if (key == letters_and_digits(family.slug)) {
        return family.slug;
      }
    }
    return "";
  }
  return std::string(best->slug);
}

}  // namespace

std::string base_family(std::string_view spelling) {
  // Longer than any name of a base model: a mistake or an attack, and cheap to refuse.
  constexpr std::size_t kLongestSpelling = 256;
  spelling = trim(spelling);
  if (spelling.empty() || spelling.size() > kLongestSpelling) {
    return "";
  }
  if (std::string slug = family_of_key(letters_and_digits(spelling)); !slug.empty()) {
    return slug;
  }
  // "runwayml/stable-diffusion-v1-5" names the owner first, "flux-1-dev/lora" the adapter last.
  const std::size_t slash = spelling.rfind('/');
  if (slash == std::string_view::npos) {
    return "";
  }
  if (std::string slug = family_of_key(letters_and_digits(spelling.substr(slash + 1)));
      !slug.empty()) {
    return slug;
  }
  return family_of_key(letters_and_digits(spelling.substr(0, spelling.find('/'))));
}

const std::vector<BaseFamily>& base_families() {
  static const std::vector<BaseFamily> kFamilies = {
      {"sd15", "Stable Diffusion 1.4 and 1.5"},
      {"sd2", "Stable Diffusion 2.0 and 2.1"},
      {"sdxl", "Stable Diffusion XL"},
      {"pony", "Pony Diffusion V6 XL"},
      {"illustrious", "Illustrious XL"},
      {"noobai", "NoobAI XL"},
      {"sdxl_refiner", "Stable Diffusion XL refiner"},
      {"ssd_1b", "Segmind SSD-1B"},
      {"segmind_vega", "Segmind Vega"},
      {"kolors", "Kolors"},
      {"playground_v2", "Playground v2"},
      {"stable_cascade", "Stable Cascade"},
      {"sd3", "Stable Diffusion 3 Medium"},
      {"sd35", "Stable Diffusion 3.5, size not stated"},
      {"sd35_medium", "Stable Diffusion 3.5 Medium"},
      {"sd35_large", "Stable Diffusion 3.5 Large"},
      {"flux1", "FLUX.1"},
      {"flux1_kontext", "FLUX.1 Kontext"},
      {"flux2", "FLUX.2 dev"},
      {"flux2_klein_4b", "FLUX.2 Klein 4B"},
      {"flux2_klein_9b", "FLUX.2 Klein 9B"},
      {"chroma", "Chroma"},
      {"auraflow", "AuraFlow"},
      {"pony_v7", "Pony V7"},
      {"pixart", "PixArt"},
      {"hunyuan_dit", "Hunyuan-DiT"},
      {"hunyuan_image", "HunyuanImage 2.1"},
      {"lumina2", "Lumina Image 2.0"},
      {"hidream", "HiDream-I1"},
      {"hidream_o1", "HiDream-O1"},
      {"qwen_image", "Qwen-Image"},
      {"qwen_image_2", "Qwen-Image 2"},
      {"qwen_image_3", "Qwen-Image 3"},
      {"z_image", "Z-Image"},
      {"anima", "Anima"},
      {"krea2", "Krea 2"},
      {"cogview4", "CogView4"},
      {"omnigen2", "OmniGen2"},
      {"svd", "Stable Video Diffusion"},
      {"cogvideox", "CogVideoX"},
      {"mochi", "Mochi 1"},
      {"ltxv", "LTX-Video"},
      {"ltx2", "LTX-2"},
      {"hunyuan_video", "HunyuanVideo"},
      {"wan", "Wan 2.1 and 2.2 14B"},
      {"wan_1_3b", "Wan 2.1 1.3B"},
      {"wan_5b", "Wan 2.2 5B"},
      {"mini", "stylus mini"},
      {"other", "Other"},
  };
  return kFamilies;
}

}  // namespace stylus::weights
