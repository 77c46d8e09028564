#include "render/infotext.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace stylus::render {
namespace {

struct SamplerWords {
  std::string_view ours, theirs, schedule;
};

/// A1111's spelling of our samplers.
constexpr std::array<SamplerWords, 12> kSamplers = {{
    {"ddim", "DDIM", ""},
    {"euler", "Euler", ""},
    {"euler_karras", "Euler", "Karras"},
    {"euler_a", "Euler a", ""},
    {"dpmpp_2m", "DPM++ 2M", ""},
    {"dpmpp_2m_karras", "DPM++ 2M", "Karras"},
    {"dpmpp_2m_sde", "DPM++ 2M SDE", ""},
    {"dpmpp_2m_sde_karras", "DPM++ 2M SDE", "Karras"},
    {"pndm", "PLMS", ""},
    {"lcm", "LCM", ""},
    {"unipc", "UniPC", ""},
    {"unipc_karras", "UniPC", "Karras"},
}};

/// Up to six digits, no trailing zeros: "7", "0.65".
std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return text.data();
}

/// A value with a comma, a colon or a line break is a JSON string.
std::string quoted(const std::string& value) {
  if (value.find_first_of(",:\n\"") == std::string::npos) {
    return value;
  }
  return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// A1111 knows an adapter by its file's stem, without the characters that end a list entry.
std::string short_name(const composer::PlanAdapter& adapter) {
  std::string name = std::filesystem::path(adapter.file).stem().string();
  std::string kept;
  for (const char letter : name) {
    if (letter != ':' && letter != ',') {
      kept.push_back(letter);
    }
  }
  return kept;
}

std::string hashes(const composer::Plan& plan, bool inversions) {
  std::string text;
  for (const composer::PlanAdapter& adapter : plan.adapters) {
    if ((adapter.kind == "textual_inversion") != inversions) {
      continue;
    }
    const std::string& hash = inversions ? adapter.sha256 : adapter.autov3;
    if (!hash.empty()) {
      text += text.empty() ? "" : ", ";
      text += short_name(adapter);
      text += ": ";
      text += hash.substr(0, inversions ? 10 : 12);
    }
  }
  return text;
}

}  // namespace

std::string infotext(const Job& job, std::size_t image, const std::string& sampler,
                     const std::string& model_hash) {
  const generator::RenderRequest& request = job.request;
  std::vector<std::pair<std::string, std::string>> facts;
  facts.emplace_back("Steps", std::to_string(request.steps));
  std::string theirs = sampler;
  std::string schedule;
  for (const SamplerWords& words : kSamplers) {
    if (words.ours == sampler) {
      theirs = words.theirs;
      schedule = words.schedule;
    }
  }
  facts.emplace_back("Sampler", theirs);
  if (!schedule.empty()) {
    facts.emplace_back("Schedule type", schedule);
  }
  facts.emplace_back("CFG scale", number(request.guidance));
  facts.emplace_back("Seed", std::to_string(request.images[image].seed));
  facts.emplace_back("Size", std::to_string(request.width) + "x" + std::to_string(request.height));
  if (!model_hash.empty()) {
    facts.emplace_back("Model hash", model_hash);
  }
  facts.emplace_back("Model", job.model_name);
  if (request.init) {
    facts.emplace_back("Denoising strength", number(request.strength));
  } else if (request.hires.scale > 1) {
    facts.emplace_back("Denoising strength", number(request.hires.strength));
  }
  if (request.layers_dropped > 0) {
    facts.emplace_back("Clip skip", std::to_string(request.layers_dropped + 1));
  }
  facts.emplace_back("RNG", "CPU");
  if (request.hires.scale > 1) {
    facts.emplace_back("Hires upscale", number(request.hires.scale));
    if (request.hires.steps > 0) {
      facts.emplace_back("Hires steps", std::to_string(request.hires.steps));
    }
    facts.emplace_back("Hires upscaler", "Latent");
  }
  if (const std::string loras = hashes(job.plan, false); !loras.empty()) {
    facts.emplace_back("Lora hashes", loras);
  }
  if (const std::string inversions = hashes(job.plan, true); !inversions.empty()) {
    facts.emplace_back("TI hashes", inversions);
  }
  facts.emplace_back("Version", "stylus");

  std::string text = job.a1111_prompt.empty() ? request.prompt : job.a1111_prompt;
  if (request.negative_prompt && !request.negative_prompt->empty()) {
    text += "\nNegative prompt: ";
    text += *request.negative_prompt;
  }
  std::string_view separator = "\n";
  for (const auto& [key, value] : facts) {
    text += separator;
    text += key;
    text += ": ";
    text += quoted(value);
    separator = ", ";
  }
  return text;
}

}  // namespace stylus::render
