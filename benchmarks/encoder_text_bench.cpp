// How long texts take to become vectors, as stylus meets them: the keywords of one prompt in one
// batch, card texts of 64 words by the hundred, and opening the encoder.
// Unit: ms per call, CPU of all threads beside it; `texts` per second. Data: texts made here;
// encoders fetched by tools/fetch_encoder.py into build/encoders or $STYLUS_ENCODERS_DIR (absent
// ones are left out). Peers with the same texts: benchmarks/peers/encoder_peers.py.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "encoder/encoder.h"

namespace {

using stylus::encoder::open_text_encoder;

std::filesystem::path folder_of(const std::string& name) {
  const char* chosen = std::getenv("STYLUS_ENCODERS_DIR");
  return std::filesystem::path(chosen != nullptr ? chosen : STYLUS_ENCODERS_DIR) / name;
}

/// `count` texts of `words` words each; all different, always the same. Keep in step with
/// benchmarks/peers/encoder_peers.py.
std::vector<std::string> texts_of(std::size_t count, std::size_t words) {
  static const std::vector<std::string> kWords = {
      "red",   "fox",     "snow",   "lantern", "castle", "watercolor", "portrait", "neon",
      "river", "ancient", "dragon", "street",  "soft",   "light",      "robot",    "garden",
      "ink",   "armor",   "cloud",  "market",  "glass",  "winter",     "train"};
  std::vector<std::string> texts(count);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t w = 0; w < words; ++w) {
      texts[i] += (w > 0 ? " " : "") + kWords[(i * 7 + w * (i % 5 + 3)) % kWords.size()];
    }
  }
  return texts;
}

void open_and_encode_one(benchmark::State& state, const std::string& name) {
  const std::vector<std::string> text = texts_of(1, 2);
  for (auto _ : state) {
    const auto encoder = open_text_encoder(folder_of(name));
    benchmark::DoNotOptimize(encoder->encode(text));
  }
}

void open_only(benchmark::State& state, const std::string& name) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(open_text_encoder(folder_of(name)));
  }
}

void encode(benchmark::State& state, const std::string& name) {
  const auto encoder = open_text_encoder(folder_of(name));
  const auto count = static_cast<std::size_t>(state.range(0));
  const std::vector<std::string> texts = texts_of(count, static_cast<std::size_t>(state.range(1)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(encoder->encode(texts));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void register_encoder(const std::string& name) {
  if (!std::filesystem::exists(folder_of(name) / "encoder.json")) {
    return;
  }
  const auto add = [&](const std::string& what, auto function) {
    return benchmark::RegisterBenchmark((what + "/" + name).c_str(), function, name)
        ->Unit(benchmark::kMillisecond)
        ->MeasureProcessCPUTime()
        ->UseRealTime();
  };
  add("open", open_only);
  add("open_and_encode_one", open_and_encode_one);
  add("encode", encode)
      ->ArgNames({"texts", "words"})
      ->Args({1, 2})
      ->Args({5, 2})
      ->Args({1, 64})
      ->Args({16, 64})
      ->Args({256, 64});
}

}  // namespace

int main(int argc, char** argv) {
  register_encoder("use-multilingual-v3");
  register_encoder("minilm");
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
