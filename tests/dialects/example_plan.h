#pragma once

#include <string>

#include "composer/plan.h"

namespace stylus::dialects {

/// A LoRA of a plan; both weights are `weight`.
inline composer::PlanAdapter lora(const std::string& id, const std::string& file, double weight) {
  composer::PlanAdapter adapter;
  adapter.id = id;
  adapter.name = "Name of " + id;
  adapter.kind = "lora";
  adapter.base = "sd15";
  adapter.file = file;
  adapter.weight = weight;
  adapter.text_encoder_weight = weight;
  return adapter;
}

/// The plan that the golden files show: two adapters, one of them with two weights, two images.
inline composer::Plan lighthouse_plan() {
  composer::Plan plan;
  plan.prompt = "a (lighthouse:1.1) in a storm, ukiyo-e";
  plan.rendered_prompt = plan.prompt + ", woodblock print";
  plan.negative_prompt = "blurry, text";
  plan.base = "sd15";
  plan.adapters = {lora("sample:ukiyo-e", "floating-world_v2.safetensors", 0.64),
                   lora("sample:storm", "sea/storm-light.safetensors", 0.5)};
  plan.adapters[1].text_encoder_weight = 0.25;
  plan.images = {{1, {true, true}}, {2, {true, true}}};
  return plan;
}

}  // namespace stylus::dialects
