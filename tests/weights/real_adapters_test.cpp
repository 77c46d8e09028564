#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/error_code_of.h"
#include "tests/shared_data.h"
#include "weights/adapter_file.h"

namespace stylus::weights {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

/// One real file. Norms: float64 in numpy, from the formed products.
struct RealFile {
  std::string name;
  std::string dialect;
  std::string base;
  std::string dtype;
  std::int64_t rank;
  std::size_t targets;
  double norm;
};

void PrintTo(const RealFile& file, std::ostream* out) { *out << file.name; }

std::vector<RealFile> real_files() {
  const std::string processors = "diffusers_attn_procs";
  return {
      {"brainmri_peft", "diffusers", "sd15", "F32", 4, 128, 24.08338141},
      {"catundchat_noprefix", processors, "sd15", "F32", 4, 128, 4.730204455},
      {"cloneofsimo_analog_svd_rank4", "cloneofsimo", "sd15", "F16", 4, 192, 1.699611178},
      {"cloneofsimo_disney_rank1_ti", "cloneofsimo", "sd15", "F32", 1, 192, 132.8429875},
      {"cloudremoval_peft", "diffusers", "sd15", "F32", 4, 128, 22.7321382},
      {"filip_dreambooth_enh_peft", "diffusers", "sd15", "F32", 4, 128, 46.184278},
      {"filip_dreambooth_peft", "diffusers", "sd15", "F32", 4, 128, 26.84842952},
      {"filip_lora_peft", "diffusers", "sd15", "F32", 4, 128, 22.71124141},
      {"hansjohn_sd15_te_peftadapter", "peft", "", "F32", 8, 24, 0.6266834776},
      {"hansjohn_sdxl_te1_peftadapter", "peft", "", "F32", 8, 24, 0.5616937065},
      {"haseebae_attnproc", processors, "sd15", "F32", 4, 128, 14.59370996},
      {"ivanby12_attnproc_sd2", processors, "sd2", "F32", 4, 128, 19.07411896},
      {"jp4589_peft", "diffusers", "sd15", "F32", 4, 128, 44.11515332},
      {"justinjiang_peft_sd2", "diffusers", "sd2", "F32", 4, 128, 40.94605844},
      {"mvclab_peft", "diffusers", "sd15", "F32", 4, 128, 4.424663166},
      {"pokemon_noprefix", processors, "sd15", "F32", 4, 128, 23.98765349},
      {"rickmorty_noprefix", processors, "sd15", "F32", 4, 128, 25.543723},
      {"riniii_peft", "diffusers", "sd15", "F32", 4, 128, 5.802038553},
      {"sandman_ckpt250_peft", "diffusers", "sd15", "F32", 4, 128, 9.104104361},
      {"sandman_ckpt500_peft", "diffusers", "sd15", "F32", 4, 128, 13.22211967},
      {"sandman_final_peft", "diffusers", "sd15", "F32", 4, 128, 13.22211967},
      {"satellite_peft", "diffusers", "sd15", "F32", 4, 128, 12.16134464},
      {"timohavdk_2100_peft", "diffusers", "sd15", "F32", 4, 128, 25.64350778},
      {"timohavdk_kohyalike_doubleunet", "kohya", "sd15", "F32", 4, 128, 25.64350778},
      {"timohavdk_peft", "diffusers", "sd15", "F32", 4, 128, 24.060094},
      {"vfph55_peft_bf16", "diffusers", "sd2", "BF16", 4, 128, 31.50119171},
  };
}

std::filesystem::path loras() { return shared_data() / "loras"; }

class RealAdaptersTest : public testing::TestWithParam<RealFile> {};

TEST_P(RealAdaptersTest, IsRecognised) {
  STYLUS_NEEDS_SHARED_DATA();
  const RealFile& expected = GetParam();

  const AdapterFacts facts = read_adapter_file(loras() / (expected.name + ".safetensors"));

  EXPECT_EQ(facts.kind, "lora");
  EXPECT_EQ(facts.algorithm, "lora");
  EXPECT_EQ(facts.dialect, expected.dialect);
  EXPECT_EQ(facts.base, expected.base);
  EXPECT_EQ(facts.dtype, expected.dtype);
  EXPECT_EQ(facts.rank, expected.rank);
  EXPECT_EQ(facts.targets.size(), expected.targets);
  EXPECT_NEAR(facts.frobenius_norm, expected.norm, 1e-9 * expected.norm);  // ten digits above
  EXPECT_THAT(facts.unknown_keys, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(AllFiles, RealAdaptersTest, testing::ValuesIn(real_files()),
                         [](const auto& test) { return test.param.name; });

TEST(RealAdaptersTest, ATruncatedFileIsRefusedWithBothSizes) {
  STYLUS_NEEDS_SHARED_DATA();
  const auto read = [] {
    return read_adapter_file(loras() / "srikanth_sdxl_TRUNCATED.safetensors");
  };

  EXPECT_EQ(error_code_of(read), ErrorCode::kCorruptData);
  EXPECT_THAT(error_message_of(read), AllOf(HasSubstr("wrong file length"), HasSubstr("23224320"),
                                            HasSubstr("1133976"), HasSubstr("fetch it again")));
}

TEST(RealAdaptersTest, APickleIsRefusedWithTheWayToConvertIt) {
  STYLUS_NEEDS_SHARED_DATA();
  const auto read = [] { return read_adapter_file(loras() / "catundchat_noprefix.bin"); };

  EXPECT_EQ(error_code_of(read), ErrorCode::kUnsupported);
  EXPECT_THAT(error_message_of(read),
              AllOf(HasSubstr("pickle"), HasSubstr("258 members"), HasSubstr("data.pkl"),
                    HasSubstr("safetensors.torch"), HasSubstr("weights_only=True")));
}

TEST(RealAdaptersTest, ATextualInversionIsNoLora) {
  STYLUS_NEEDS_SHARED_DATA();

  const AdapterFacts facts = read_adapter_file(loras() / "filip_textual_inversion.safetensors");

  EXPECT_EQ(facts.kind, "textual_inversion");
  EXPECT_EQ(facts.base, "sd15");
  EXPECT_EQ(facts.embeddings, std::vector<std::string>{"<licia>"});
  EXPECT_THAT(facts.targets, IsEmpty());
}

TEST(RealAdaptersTest, LearnedTokensInsideALoraAreNamed) {
  STYLUS_NEEDS_SHARED_DATA();

  const AdapterFacts facts = read_adapter_file(loras() / "cloneofsimo_disney_rank1_ti.safetensors");

  EXPECT_EQ(facts.embeddings, (std::vector<std::string>{"<s1>", "<s2>"}));
}

TEST(RealAdaptersTest, LayersThatChangeNothingAreReported) {
  STYLUS_NEEDS_SHARED_DATA();

  const AdapterFacts facts =
      read_adapter_file(loras() / "hansjohn_sdxl_te1_peftadapter.safetensors");

  EXPECT_THAT(facts.warnings, Contains("2 of 24 targets are all zero"));
  EXPECT_THAT(facts.base_candidates, AllOf(Contains("sd15"), Contains("sdxl")));
}

TEST(RealAdaptersTest, TheHeaderAloneGivesTheSameFactsButNorms) {
  STYLUS_NEEDS_SHARED_DATA();
  const std::filesystem::path path = loras() / "vfph55_peft_bf16.safetensors";

  const AdapterFacts quick = read_adapter_file(path, NormMode::kSkip);

  EXPECT_EQ(quick.base, "sd2");
  EXPECT_EQ(quick.rank, 4);
  EXPECT_TRUE(std::isnan(quick.frobenius_norm));
  EXPECT_TRUE(std::isnan(quick.targets.front().frobenius_norm));
  EXPECT_THAT(quick.warnings, IsEmpty());
}

TEST(RealAdaptersTest, EveryFileOfTheListIsCoveredAndHashesAsListed) {
  STYLUS_NEEDS_SHARED_DATA();
  std::set<std::string> covered = {"srikanth_sdxl_TRUNCATED.safetensors", "catundchat_noprefix.bin",
                                   "filip_textual_inversion.safetensors"};
  for (const RealFile& file : real_files()) {
    covered.insert(file.name + ".safetensors");
  }
  std::ifstream list(loras() / "catalog.jsonl");
  ASSERT_TRUE(list);
  std::size_t files = 0;
  for (std::string line; std::getline(list, line); ++files) {
    const nlohmann::json card = nlohmann::json::parse(line);
    const auto name = card.at("file").get<std::string>();
    EXPECT_EQ(covered.count(name), 1U) << name;
    const FileHashes hashes = hash_adapter_file(loras() / name);
    EXPECT_EQ(hashes.sha256, card.at("sha256")) << name;
    EXPECT_EQ(hashes.autov2, hashes.sha256.substr(0, 10));
    EXPECT_EQ(hashes.autov3.empty(), name.ends_with(".bin")) << name;
  }
  EXPECT_EQ(files, 29U);
}

}  // namespace
}  // namespace stylus::weights
