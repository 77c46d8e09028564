// A damaged CLIP vocabulary: refused, or texts become ids below its size. The first byte chooses
// between raw files and a sound vocabulary with fuzzed merges, which reach further.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "generator/clip_tokenizer.h"
#include "support/error.h"

namespace {

using stylus::generator::ClipTokenizer;

void use(const ClipTokenizer& tokenizer, const std::string& text) {
  for (const std::string& each : {text, std::string("ab aab <|endoftext|> \xC3\xA9")}) {
    for (const std::int64_t id : tokenizer.encode(each)) {
      if (id < 0 || id >= static_cast<std::int64_t>(tokenizer.size())) {
        std::abort();
      }
    }
  }
}

void run(FuzzedDataProvider& input) {
  const std::string text = input.ConsumeRandomLengthString(256);
  switch (input.ConsumeIntegralInRange<int>(0, 2)) {
    case 0:
      use(ClipTokenizer::from_merges(input.ConsumeRemainingBytesAsString(), "fuzz"), text);
      return;
    case 1: {
      const std::string vocab = input.ConsumeRandomLengthString(2048);
      use(ClipTokenizer::from_vocabulary(vocab, input.ConsumeRemainingBytesAsString(), "fuzz"),
          text);
      return;
    }
    default:
      use(ClipTokenizer::from_vocabulary(
              R"({"a": 0, "b": 1, "a</w>": 2, "b</w>": 3, "ab": 4, "ab</w>": 5, "aa": 6,
                  "aab</w>": 7, "<|startoftext|>": 8, "<|endoftext|>": 9})",
              input.ConsumeRemainingBytesAsString(), "fuzz"),
          text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  try {
    run(input);
  } catch (const stylus::Error&) {
    // Refused, as it should be.
  }
  return 0;
}
