#include <ATen/Parallel.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "generator/lora/adapter_merges.h"
#include "generator/lora/lora_engine.h"
#include "tests/generator/golden_file.h"
#include "tests/generator/lora_case.h"
#include "weights/safetensors_file.h"

namespace stylus::generator {
namespace {

std::vector<std::string> cases() {
  return {"kohya",
          "peft",
          "peft_rslora",
          "peft_dora",
          "loha",
          "loha_tucker",
          "lokr",
          "lokr_both",
          "lokr_tucker",
          "lokr_full",
          "lycoris_dora",
          "lycoris_norm",
          "lycoris_ia3",
          "lycoris_glora",
          "lycoris_oft",
          "lycoris_oft_constrained",
          "lycoris_boft",
          "merge_cat",
          "diffusers_kohya",
          "diffusers_three",
          "diffusers_sgm"};
}

class LoraGoldenTest : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Cases, LoraGoldenTest, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param; });

TEST_P(LoraGoldenTest, MergesToTheReferenceAndBackToTheSameBits) {
  LoraCase golden(GetParam());
  LoraEngine engine(golden.components());
  const std::vector<AdapterUse> set = golden.uses(engine.keys());
  for (const AdapterUse& use : set) {
    EXPECT_EQ(use.adapter->report.coverage(), 1);
    EXPECT_THAT(use.adapter->report.unused, testing::IsEmpty());
  }

  engine.apply(set);

  std::string where;
  EXPECT_LE(golden.distance(&where), 1) << where;
  engine.clear();
  EXPECT_TRUE(golden.is_pristine());
  engine.apply(set);
  engine.apply({});
  EXPECT_TRUE(golden.is_pristine());
}

TEST_P(LoraGoldenTest, BatchedByClassAndChannelsLastComeToTheSame) {
  LoraCase golden(GetParam(), {at::kFloat, true});
  LoraEngineOptions options;
  options.batched = true;
  LoraEngine engine(golden.components(), options);
  const nn::Layer* layer = golden.components().at("unet").begin()->second;
  const void* place = layer->weight().const_data_ptr();

  engine.apply(golden.uses(engine.keys()));

  std::string where;
  EXPECT_LE(golden.distance(&where), 1) << where;
  engine.clear();
  EXPECT_TRUE(golden.is_pristine());
  EXPECT_EQ(layer->weight().const_data_ptr(), place);
}

/// What was converted while a checkpoint was read is merged where it lies, to the same bits.
TEST_P(LoraGoldenTest, StoredHalvesStandInForASecondCopy) {
  for (const at::ScalarType stored : {at::kHalf, at::kBFloat16}) {
    LoraCase kept(GetParam(), {at::kFloat, true, stored});
    LoraCase copied(GetParam(), {at::kFloat, true, stored});
    for (const auto& [component, layers] : copied.components()) {
      for (const auto& [path, layer] : layers) {
        layer->set_stored_weight({});
      }
    }
    LoraEngine engine(kept.components());
    LoraEngine copying(copied.components());
    const nn::Layer* first = kept.components().at("unet").begin()->second;
    const void* place = first->weight().const_data_ptr();

    engine.apply(kept.uses(engine.keys()));
    copying.apply(copied.uses(copying.keys()));

    EXPECT_EQ(first->weight().const_data_ptr(), place);
    for (const auto& [component, layers] : copied.components()) {
      for (const auto& [path, layer] : layers) {
        EXPECT_TRUE(at::equal(kept.components().at(component).at(path)->weight(), layer->weight()))
            << path;
      }
    }
    engine.clear();
    EXPECT_TRUE(kept.is_pristine());
  }
}

/// Every layer's output with the branch, against the same layer merged.
TEST_P(LoraGoldenTest, TheSideBranchComputesTheSame) {
  LoraCase merged(GetParam());
  LoraCase beside(GetParam());
  LoraEngine merging(merged.components());
  LoraEngine branching(beside.components());
  merging.apply(merged.uses(merging.keys()));

  branching.apply(beside.uses(branching.keys()), ApplyMode::kSide);

  for (const auto& [component, layers] : merged.components()) {
    for (const auto& [path, layer] : layers) {
      const at::Tensor& weight = layer->weight();
      if (layer->kind() == nn::Layer::Kind::kNorm) {  // has no branch: merged all the same
        const nn::Layer* other = beside.components().at(component).at(path);
        EXPECT_TRUE(at::equal(other->weight(), weight) && at::equal(other->bias(), layer->bias()));
        continue;
      }
      const at::Tensor x = weight.dim() == 4 ? at::randn({2, weight.size(1), 5, 4})
                                             : at::randn({2, 3, weight.size(1)});
      const at::Tensor expected = layer->forward(x);
      const at::Tensor actual = beside.components().at(component).at(path)->forward(x);
      const double scale = expected.abs().max().item<double>();
      EXPECT_LE(actual.sub(expected).abs().max().item<double>(), 2e-6 * scale + 1e-6) << path;
    }
  }
  branching.clear();
  EXPECT_TRUE(beside.is_pristine());
}

/// Proves that the golden notices every tensor of the adapter file.
TEST_P(LoraGoldenTest, NoticesEveryTensorOfTheFiles) {
  LoraCase golden(GetParam());
  const KeyMap keys(golden.components());
  // diffusers' files hold hundreds of tensors of one kind; a fifth of them takes seconds enough.
  const std::size_t stride = GetParam().starts_with("diffusers") ? 5 : 1;
  for (std::size_t index = 0; index < golden.file_count(); ++index) {
    const std::string original = golden.file(index);
    const weights::Safetensors content = weights::parse_safetensors(
        std::as_bytes(std::span(original.data(), original.size())), "file");
    for (std::size_t t = 0; t < content.tensors.size(); t += stride) {
      const weights::Tensor& tensor = content.tensors[t];
      // lycoris_oft's alpha bounds rotations that are shorter anyway.
      const bool is_ignored = (tensor.name.ends_with(".alpha") &&
                               (GetParam() == "lokr_full" || GetParam() == "lycoris_oft")) ||
                              tensor.name.ends_with(".on_input");
      if (is_ignored) {
        continue;
      }
      std::string changed = original;
      // Not the first: the diagonal of a rotation's block has no effect.
      const std::size_t element = tensor.element_count() > 1 ? 1 : 0;
      const std::size_t begin =
          static_cast<std::size_t>(reinterpret_cast<const char*>(tensor.bytes.data()) -
                                   original.data()) +
          element * weights::dtype_bits(tensor.dtype) / 8;
      // The number becomes 2 or, where it is 2, 2.5; little endian.
      if (tensor.dtype == weights::DType::kF32) {
        float value = 0;
        std::memcpy(&value, &changed[begin], sizeof value);
        value = value == 2 ? 2.5F : 2;
        std::memcpy(&changed[begin], &value, sizeof value);
      } else if (tensor.dtype == weights::DType::kI64) {
        changed[begin] = changed[begin] == '\x05' ? '\x06' : '\x05';
      } else {
        ASSERT_EQ(weights::dtype_bits(tensor.dtype), 16U);
        changed[begin + 1] = changed[begin + 1] == '\x40' ? '\x41' : '\x40';
      }
      golden.file(index) = changed;
      {
        LoraEngine engine(golden.components());
        engine.apply(golden.uses(keys));
        EXPECT_GT(golden.distance(), 3) << tensor.name;
      }
      golden.file(index) = original;
    }
  }
}

struct MergeCase {
  std::string name;
  MergeOptions options;
};

void PrintTo(const MergeCase& merge, std::ostream* out) { *out << merge.name; }

class LoraMergeGoldenTest : public testing::TestWithParam<MergeCase> {};

INSTANTIATE_TEST_SUITE_P(
    Cases, LoraMergeGoldenTest,
    testing::Values(
        MergeCase{"merge_linear", {MergeMethod::kLinear, 1, SignElection::kTotal, 0, 0}},
        MergeCase{"merge_svd", {MergeMethod::kSvd, 1, SignElection::kTotal, 3, 0}},
        MergeCase{"merge_ties", {MergeMethod::kTies, 0.4, SignElection::kTotal, 0, 0}},
        MergeCase{"merge_ties_frequency",
                  {MergeMethod::kTies, 0.4, SignElection::kFrequency, 0, 0}},
        MergeCase{"merge_magnitude_prune",
                  {MergeMethod::kMagnitudePrune, 0.4, SignElection::kTotal, 0, 0}},
        MergeCase{"merge_ties_svd", {MergeMethod::kTiesSvd, 0.4, SignElection::kTotal, 0, 0}},
        MergeCase{"merge_magnitude_prune_svd",
                  {MergeMethod::kMagnitudePruneSvd, 0.4, SignElection::kTotal, 0, 0}}),
    [](const auto& test) { return test.param.name; });

TEST_P(LoraMergeGoldenTest, MergesAdaptersAsPeftDoes) {
  LoraCase golden(GetParam().name);
  LoraEngine engine(golden.components());
  std::vector<MergeInput> inputs;
  for (const AdapterUse& use : golden.uses(engine.keys())) {
    inputs.push_back({use.adapter, use.weight});
  }

  AdapterUse merged;
  merged.adapter = merge_adapters(inputs, GetParam().options);
  engine.apply({&merged, 1});

  std::string where;
  EXPECT_LE(golden.distance(&where), 1) << where;
}

/// Sets the number of threads while it lives.
class Threads {
 public:
  explicit Threads(int count) { at::set_num_threads(count); }
  ~Threads() { at::set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_ = at::get_num_threads();
};

TEST(LoraGoldenTest, TheNumberOfThreadsChangesNoBit) {
  for (const std::string& name : cases()) {
    LoraCase alone(name);
    LoraCase together(name);
    LoraEngine first(alone.components());
    LoraEngine second(together.components());
    {
      const Threads threads(1);
      first.apply(alone.uses(first.keys()));
    }
    {
      const Threads threads(4);
      second.apply(together.uses(second.keys()));
    }
    for (const auto& [component, layers] : alone.components()) {
      for (const auto& [path, layer] : layers) {
        EXPECT_TRUE(
            at::equal(together.components().at(component).at(path)->weight(), layer->weight()))
            << name << " " << path;
      }
    }
  }
}

/// Some of the layers have their buffers already, the others get new memory.
TEST(LoraGoldenTest, ALargerSetAfterASmallerOne) {
  LoraCase golden("kohya");
  LoraEngine engine(golden.components());
  std::vector<AdapterUse> set = golden.uses(engine.keys());
  auto part = std::make_shared<AdapterWeights>(*set.front().adapter);
  part->layers.resize(part->layers.size() / 2);
  AdapterUse smaller = set.front();
  smaller.adapter = part;

  engine.apply({&smaller, 1});
  engine.apply(set);

  std::string where;
  EXPECT_LE(golden.distance(&where), 1) << where;
}

TEST(LoraMergeTest, NormsAreAddedUpWhateverTheMethod) {
  LoraCase golden("lycoris_norm");
  LoraEngine engine(golden.components());
  const AdapterUse use = golden.uses(engine.keys()).front();
  for (const MergeMethod method :
       {MergeMethod::kSvd, MergeMethod::kTies, MergeMethod::kDareLinear}) {
    MergeOptions options;
    options.method = method;
    const std::vector<MergeInput> inputs = {{use.adapter, use.weight / 2},
                                            {use.adapter, use.weight / 2}};
    AdapterUse merged;
    merged.adapter = merge_adapters(inputs, options);

    engine.apply({&merged, 1});

    std::string where;
    EXPECT_LE(golden.distance(&where), 1) << where;
  }
}

TEST(LoraDareTest, AgreesWithPeftGivenItsMasks) {
  const GoldenFile golden("lora/dare.safetensors");
  constexpr double kDensity = 0.6;
  const std::vector<double> weights = {0.7, -0.4, 0.5};
  for (const std::string method : {"linear", "ties"}) {
    std::vector<at::Tensor> pruned;
    for (int i = 0; i < 3; ++i) {
      const std::string number = std::to_string(i);
      pruned.push_back(dare(golden.tensor("in." + number),
                            golden.tensor("mask." + method + "." + number), kDensity));
    }
    const at::Tensor merged =
        method == "ties"
            ? ties_of_pruned(pruned, weights, SignElection::kTotal)
            : pruned[0].mul(weights[0]).add(pruned[1], weights[1]).add(pruned[2], weights[2]);
    EXPECT_LE(merged.sub(golden.tensor("out." + method)).abs().max().item<double>(), 1e-5)
        << method;
  }
}

TEST(LoraDareTest, TheSameSeedGivesTheSameAdapter) {
  LoraCase golden("merge_linear");
  const KeyMap keys(golden.components());
  std::vector<MergeInput> inputs;
  for (const AdapterUse& use : golden.uses(keys)) {
    inputs.push_back({use.adapter, use.weight});
  }
  for (const MergeMethod method : {MergeMethod::kDareLinear, MergeMethod::kDareTies,
                                   MergeMethod::kDareLinearSvd, MergeMethod::kDareTiesSvd}) {
    MergeOptions options;
    options.method = method;
    options.seed = 7;
    const at::Tensor one = merge_adapters(inputs, options)->layers.front().factors[1];
    const at::Tensor two = merge_adapters(inputs, options)->layers.front().factors[1];
    options.seed = 8;
    const at::Tensor other = merge_adapters(inputs, options)->layers.front().factors[1];

    EXPECT_TRUE(at::equal(one, two));
    EXPECT_FALSE(at::equal(one, other));
  }
}

}  // namespace
}  // namespace stylus::generator
