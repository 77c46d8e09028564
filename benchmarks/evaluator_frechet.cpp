// The Fréchet distance of two feature files, and how long it took from the rows on.
// Usage: evaluator_frechet A.safetensors B.safetensors   prints "DISTANCE SECONDS"
// benchmarks/frechet_beside_pytorch_fid.py runs it beside pytorch-fid.

#include <chrono>
#include <cstdio>

#include "evaluator/feature_file.h"
#include "evaluator/frechet.h"

int main(int argc, char** argv) {
  // Without two files, or with options of Google Benchmark, which other programs here take.
  if (argc != 3 || argv[1][0] == '-') {
    std::puts("usage: evaluator_frechet A.safetensors B.safetensors");
    return 0;
  }
  try {
    const stylus::evaluator::FeatureFile a = stylus::evaluator::read_feature_file(argv[1]);
    const stylus::evaluator::FeatureFile b = stylus::evaluator::read_feature_file(argv[2]);
    const auto start = std::chrono::steady_clock::now();
    const double distance =
        stylus::evaluator::frechet_distance(a.pictures.view(), b.pictures.view());
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    std::printf("%.9f %.3f\n", distance, spent.count());
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
