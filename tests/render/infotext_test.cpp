#include "render/infotext.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <regex>

namespace stylus::render {
namespace {

/// Reads the last line as A1111 does: its expression, then JSON strings unquoted.
/// Source: formats-and-protocols 3.3.
std::map<std::string, std::string> facts_of(const std::string& text) {
  static const std::regex fact(R"re(\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$))re");
  const std::string line = text.substr(text.rfind('\n') + 1);
  std::map<std::string, std::string> facts;
  for (std::sregex_iterator match(line.begin(), line.end(), fact), end; match != end; ++match) {
    std::string value = (*match)[2].str();
    if (value.size() > 1 && value.front() == '"' && value.back() == '"') {
      value = nlohmann::json::parse(value).get<std::string>();
    }
    facts[(*match)[1].str()] = value;
  }
  return facts;
}

Job example() {
  Job job;
  job.model_name = "mini";
  job.request.prompt = "a fox";
  job.request.steps = 20;
  job.request.guidance = 7.5;
  job.request.width = 64;
  job.request.height = 96;
  job.request.images = {{42, {}}, {43, {}}};
  return job;
}

composer::PlanAdapter adapter_of(const std::string& file, const std::string& kind) {
  composer::PlanAdapter adapter;
  adapter.file = file;
  adapter.kind = kind;
  adapter.autov3 = std::string(64, 'a');
  adapter.sha256 = std::string(64, 'b');
  return adapter;
}

TEST(Infotext, IsReadBackByA1111sRule) {
  Job job = example();
  job.request.negative_prompt = "blurry, red";
  job.request.layers_dropped = 1;
  const std::string text = infotext(job, 1, "dpmpp_2m_karras", "0123456789");
  EXPECT_TRUE(text.starts_with("a fox\nNegative prompt: blurry, red\nSteps: 20, Sampler: "));
  const std::map<std::string, std::string> expected = {
      {"Steps", "20"},
      {"Sampler", "DPM++ 2M"},
      {"Schedule type", "Karras"},
      {"CFG scale", "7.5"},
      {"Seed", "43"},
      {"Size", "64x96"},
      {"Model", "mini"},
      {"Model hash", "0123456789"},
      {"Clip skip", "2"},
      {"RNG", "CPU"},
      {"Version", "stylus"},
  };
  EXPECT_EQ(facts_of(text), expected);
}

TEST(Infotext, ValuesThatWouldBreakTheLineAreQuoted) {
  for (const char* name :
       {"a, b", "a: b", "a\nSteps: 3", "say \"hi\"", "back\\slash, \"x\"", "ü, 犬"}) {
    Job job = example();
    job.model_name = name;
    const std::map<std::string, std::string> facts = facts_of(infotext(job, 0, "ddim", ""));
    EXPECT_EQ(facts.at("Model"), name);
    EXPECT_EQ(facts.at("Steps"), "20");
    EXPECT_EQ(facts.count("Model hash"), 0U);
  }
}

TEST(Infotext, AdaptersAreListedByHash) {
  Job job = example();
  job.a1111_prompt = "a fox <lora:ink:0.8>";
  job.plan.adapters = {adapter_of("/x/ink.safetensors", "lora"),
                       adapter_of("/x/a,b:c.safetensors", "lora"),
                       adapter_of("/x/word.pt", "textual_inversion")};
  const std::string text = infotext(job, 0, "euler_a", "");
  EXPECT_TRUE(text.starts_with("a fox <lora:ink:0.8>\n"));
  const std::map<std::string, std::string> facts = facts_of(text);
  EXPECT_EQ(facts.at("Lora hashes"), "ink: aaaaaaaaaaaa, abc: aaaaaaaaaaaa");
  EXPECT_EQ(facts.at("TI hashes"), "word: bbbbbbbbbb");
}

TEST(Infotext, SecondPassAndImg2imgAreTold) {
  Job job = example();
  job.request.hires = {2, 0.65, 12};
  std::map<std::string, std::string> facts = facts_of(infotext(job, 0, "ddim", ""));
  EXPECT_EQ(facts.at("Hires upscale"), "2");
  EXPECT_EQ(facts.at("Hires steps"), "12");
  EXPECT_EQ(facts.at("Denoising strength"), "0.65");
  job = example();
  job.request.init = Picture(8, 8);
  job.request.strength = 0.5;
  facts = facts_of(infotext(job, 0, "ddim", ""));
  EXPECT_EQ(facts.at("Denoising strength"), "0.5");
}

}  // namespace
}  // namespace stylus::render
