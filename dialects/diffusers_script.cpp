#include "dialects/diffusers_script.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <span>

#include "dialects/adapter_files.h"
#include "support/error.h"
#include "support/text.h"

namespace stylus::dialects {
namespace {

constexpr std::array<std::string_view, 2> kSdParts = {"unet", "text_encoder"};
constexpr std::array<std::string_view, 3> kXlParts = {"unet", "text_encoder", "text_encoder_2"};
constexpr std::array<std::string_view, 3> kSd3Parts = {"transformer", "text_encoder",
                                                       "text_encoder_2"};
constexpr std::array<std::string_view, 2> kFluxParts = {"transformer", "text_encoder"};
constexpr std::array<std::string_view, 1> kTransformerParts = {"transformer"};

/// How diffusers renders one base family: the parts are those whose adapters it can weigh.
struct Recipe {
  std::string_view base;
  std::string_view pipeline;
  std::string_view model;  ///< "" where no well-known model in diffusers' layout exists.
  std::span<const std::string_view> parts;
  std::string_view dtype;
};

// A new base family is one line here (and one in weights/base_family.cpp).
constexpr Recipe kRecipes[] = {
    {"sd15", "StableDiffusionPipeline", "stable-diffusion-v1-5/stable-diffusion-v1-5", kSdParts,
     "float16"},
    {"sd2", "StableDiffusionPipeline", "stabilityai/stable-diffusion-2-1", kSdParts, "float16"},
    {"sdxl", "StableDiffusionXLPipeline", "stabilityai/stable-diffusion-xl-base-1.0", kXlParts,
     "float16"},
    {"pony", "StableDiffusionXLPipeline", "", kXlParts, "float16"},
    {"illustrious", "StableDiffusionXLPipeline", "", kXlParts, "float16"},
    {"noobai", "StableDiffusionXLPipeline", "", kXlParts, "float16"},
    {"ssd_1b", "StableDiffusionXLPipeline", "segmind/SSD-1B", kXlParts, "float16"},
    {"segmind_vega", "StableDiffusionXLPipeline", "segmind/Segmind-Vega", kXlParts, "float16"},
    {"sd3", "StableDiffusion3Pipeline", "stabilityai/stable-diffusion-3-medium-diffusers",
     kSd3Parts, "bfloat16"},
    {"sd35_medium", "StableDiffusion3Pipeline", "stabilityai/stable-diffusion-3.5-medium",
     kSd3Parts, "bfloat16"},
    {"sd35_large", "StableDiffusion3Pipeline", "stabilityai/stable-diffusion-3.5-large", kSd3Parts,
     "bfloat16"},
    {"flux1", "FluxPipeline", "black-forest-labs/FLUX.1-dev", kFluxParts, "bfloat16"},
    {"flux2", "Flux2Pipeline", "black-forest-labs/FLUX.2-dev", kTransformerParts, "bfloat16"},
    {"qwen_image", "QwenImagePipeline", "Qwen/Qwen-Image", kTransformerParts, "bfloat16"},
    {"z_image", "ZImagePipeline", "Tongyi-MAI/Z-Image-Turbo", kTransformerParts, "bfloat16"},
    {"chroma", "ChromaPipeline", "lodestones/Chroma1-HD", kTransformerParts, "bfloat16"},
    {"auraflow", "AuraFlowPipeline", "fal/AuraFlow", kTransformerParts, "bfloat16"},
    {"lumina2", "Lumina2Pipeline", "Alpha-VLLM/Lumina-Image-2.0", kTransformerParts, "bfloat16"},
};
constexpr Recipe kOtherRecipe = {"", "DiffusionPipeline", "", kTransformerParts, "bfloat16"};

constexpr std::string_view kHead = R"py(#!/usr/bin/env python3
"""Renders a plan of stylus with Hugging Face diffusers, one picture per image of the plan.

    pip install torch diffusers transformers accelerate peft
    python3 THIS_FILE --loras FOLDER_WITH_THE_ADAPTER_FILES
"""
import argparse
import os

import torch
)py";

constexpr std::string_view kBody = R"py(

def read_options():
    parser = argparse.ArgumentParser(description="Renders a plan of stylus with diffusers.")
    parser.add_argument("--model", default=MODEL, help="diffusers name, folder or checkpoint file")
    parser.add_argument("--loras", default=".", help="folder that holds the adapter files")
    parser.add_argument("--out", default=".", help="folder for the pictures")
    parser.add_argument("--steps", type=int, help="sampling steps; the model's default if left out")
    options = parser.parse_args()
    if not options.model:
        parser.error(f"say which model of the base family {BASE!r} to use: --model NAME")
    return options


def load_pipeline(options):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = getattr(torch, DTYPE) if device == "cuda" else torch.float32
    load = Pipeline.from_single_file if os.path.isfile(options.model) else Pipeline.from_pretrained
    return load(options.model, torch_dtype=dtype).to(device)


def load_adapters(pipe, folder):
    for adapter in ADAPTERS:
        path = os.path.join(folder, adapter["file"])
        if adapter["kind"] == "textual_inversion":
            pipe.load_textual_inversion(path, token=adapter["key"])
        else:
            pipe.load_lora_weights(
                os.path.dirname(path) or ".",
                weight_name=os.path.basename(path),
                adapter_name=adapter["key"],
                use_safetensors=True,
            )


def switch_adapters(pipe, active):
    """Turns on the adapters of one image; returns the prompt, where textual inversions stand."""
    loras = [adapter for adapter in ADAPTERS if adapter["kind"] == "lora"]
    wanted = [adapter for adapter in loras if adapter["key"] in active]
    if wanted:
        pipe.enable_lora()
        pipe.set_adapters(
            [adapter["key"] for adapter in wanted],
            adapter_weights=[dict(adapter["weights"]) for adapter in wanted],
        )
    elif loras:
        pipe.disable_lora()
    tokens = [a["key"] for a in ADAPTERS if a["kind"] != "lora" and a["key"] in active]
    return ", ".join([PROMPT] + tokens)


def main():
    options = read_options()
    pipe = load_pipeline(options)
    load_adapters(pipe, options.loras)
    settings = {}
    if NEGATIVE_PROMPT:
        settings["negative_prompt"] = NEGATIVE_PROMPT
    if options.steps:
        settings["num_inference_steps"] = options.steps
    os.makedirs(options.out, exist_ok=True)
    for number, image in enumerate(IMAGES, 1):
        prompt = switch_adapters(pipe, image["adapters"])
        generator = torch.Generator("cpu").manual_seed(image["seed"])
        picture = pipe(prompt=prompt, generator=generator, **settings).images[0]
        path = os.path.join(options.out, f"image-{number}-seed-{image['seed']}.png")
        picture.save(path)
        print(path)


if __name__ == "__main__":
    main()
)py";

const Recipe& recipe_for(std::string_view base) {
  const auto* known = std::find_if(std::begin(kRecipes), std::end(kRecipes),
                                   [&](const Recipe& recipe) { return recipe.base == base; });
  return known == std::end(kRecipes) ? kOtherRecipe : *known;
}

bool is_textual_inversion(const composer::PlanAdapter& adapter) {
  return adapter.kind == "textual_inversion";
}

void check_loadable(const composer::PlanAdapter& adapter, const Recipe& recipe) {
  constexpr std::string_view kSafe = ".safetensors";
  const std::string_view name = base_name(adapter.file);
  require(name.size() > kSafe.size() &&
              equals_ignoring_case(name.substr(name.size() - kSafe.size()), kSafe),
          ErrorCode::kInvalidArgument, "the file '", repair_utf8(adapter.file), "' of '",
          adapter.id,
          "' is not a .safetensors file, and a script must not load anything else: other formats "
          "can hold code. Convert it and import its folder again");
  require(!is_textual_inversion(adapter) || recipe.parts.data() == kSdParts.data(),
          ErrorCode::kInvalidArgument, "'", adapter.id,
          "' is a textual inversion, which the script loads for sd15 and sd2 only; this plan's "
          "base is '",
          recipe.base, "'");
}

// PEFT makes a module of this name, so it may hold no dot: the user's names cannot serve.
std::string key_of(std::size_t index) { return "adapter_" + std::to_string(index); }

std::string weights_literal(const composer::PlanAdapter& adapter, const Recipe& recipe) {
  std::string text;
  for (const std::string_view part : recipe.parts) {
    const bool is_text_encoder = part.substr(0, 12) == "text_encoder";
    const double weight = is_text_encoder ? adapter.text_encoder_weight : adapter.weight;
    text +=
        (text.empty() ? "" : ", ") + python_literal(part) + ": " + weight_text(weight, adapter.id);
  }
  return "{" + text + "}";
}

std::string adapters_literal(const composer::Plan& plan, const Recipe& recipe) {
  std::string text = "ADAPTERS = [\n";
  for (std::size_t i = 0; i < plan.adapters.size(); ++i) {
    const composer::PlanAdapter& adapter = plan.adapters[i];
    check_loadable(adapter, recipe);
    text += "    {\n        'key': " + python_literal(key_of(i)) +
            ",\n        'id': " + python_literal(adapter.id) +
            ",\n        'name': " + python_literal(adapter.name) +
            ",\n        'kind': " + python_literal(adapter.kind) +
            ",\n        'file': " + python_literal(adapter.file) +
            ",\n        'weights': " + weights_literal(adapter, recipe) + ",\n    },\n";
  }
  return text + "]\n";
}

std::string image_literal(std::int64_t seed, const std::vector<bool>& mask) {
  std::string keys;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask[i]) {
      keys += (keys.empty() ? "" : ", ") + python_literal(key_of(i));
    }
  }
  return "    {'seed': " + std::to_string(seed) + ", 'adapters': [" + keys + "]},\n";
}

std::string images_literal(const composer::Plan& plan) {
  std::string text = "IMAGES = [\n";
  for (const composer::PlanImage& image : plan.images) {
    text += image_literal(image.seed, image.mask);
  }
  if (plan.images.empty()) {
    text += image_literal(1, mask_groups(plan).front().mask);
  }
  return text + "]\n";
}

// Characters that end a line for Python or turn the reading direction for people: neither may
// stand bare in a literal.
bool needs_escape(std::string_view code_point) {
  const auto byte = static_cast<unsigned char>(code_point[0]);
  if (code_point.size() == 1) {
    return byte < 0x20U || byte == 0x7F;
  }
  const bool c1_control = byte == 0xC2 && static_cast<unsigned char>(code_point[1]) < 0xA0U;
  return c1_control || code_point == "\xE2\x80\xA8" || code_point == "\xE2\x80\xA9" ||
         (code_point >= "\xE2\x80\xAA" && code_point <= "\xE2\x80\xAE") ||
         (code_point >= "\xE2\x81\xA6" && code_point <= "\xE2\x81\xA9") ||
         code_point == "\xE2\x80\x8E" || code_point == "\xE2\x80\x8F" ||
         code_point == "\xEF\xBB\xBF";
}

unsigned scalar_value(std::string_view code_point) {
  const auto byte = [&](std::size_t i) {
    return static_cast<unsigned char>(code_point[i]) & 0x3FU;
  };
  switch (code_point.size()) {
    case 1:
      return static_cast<unsigned char>(code_point[0]);
    case 2:
      return (static_cast<unsigned char>(code_point[0]) & 0x1FU) << 6U | byte(1);
    default:
      return (static_cast<unsigned char>(code_point[0]) & 0x0FU) << 12U | byte(1) << 6U | byte(2);
  }
}

std::size_t length_of(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80U ? 1 : byte < 0xE0U ? 2 : byte < 0xF0U ? 3 : 4;
}

}  // namespace

std::string python_literal(std::string_view text) {
  const std::string valid = repair_utf8(text);
  std::string out = "'";
  for (std::size_t at = 0; at < valid.size();) {
    const std::string_view code_point = std::string_view(valid).substr(at, length_of(valid[at]));
    if (code_point == "'" || code_point == "\\") {
      out.append("\\").append(code_point);
    } else if (code_point == "\n") {
      out += "\\n";
    } else if (needs_escape(code_point)) {
      std::array<char, 16> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", scalar_value(code_point));
      out += escape.data();
    } else {
      out.append(code_point);
    }
    at += code_point.size();
  }
  return out + "'";
}

std::string export_diffusers(const composer::Plan& plan) {
  check_exportable(plan);
  const Recipe& recipe = recipe_for(plan.base);
  std::string text(kHead);
  text.append("from diffusers import ").append(recipe.pipeline).append(" as Pipeline\n\n");
  text += "BASE = " + python_literal(plan.base) + "\n";
  text += "MODEL = " + python_literal(recipe.model) + "\n";
  text += "DTYPE = " + python_literal(recipe.dtype) + "  # on a GPU; the CPU uses float32\n";
  text += "PROMPT = " + python_literal(plan.rendered_prompt) + "\n";
  text += "NEGATIVE_PROMPT = " + python_literal(trim(plan.negative_prompt)) + "\n";
  text += adapters_literal(plan, recipe);
  text += images_literal(plan);
  return text.append(kBody);
}

}  // namespace stylus::dialects
