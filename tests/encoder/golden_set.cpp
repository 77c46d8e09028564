#include "tests/encoder/golden_set.h"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support/error.h"
#include "weights/dtype.h"
#include "weights/safetensors_file.h"

namespace stylus::encoder {

GoldenSet read_golden_set(const std::string& name) {
  const std::string base = std::string(STYLUS_TESTS_DIR) + "/golden/encoder/" + name;
  GoldenSet set;
  std::ifstream lines(base + "_texts.jsonl");
  for (std::string line; std::getline(lines, line);) {
    const auto entry = nlohmann::json::parse(line);
    set.texts.push_back(entry.at("text").get<std::string>());
    set.ids.push_back(entry.at("ids").get<std::vector<std::int32_t>>());
  }
  const weights::SafetensorsFile file(base + "_vectors.safetensors");
  const weights::Tensor* tensor = file.find("vectors");
  require(tensor != nullptr && tensor->shape.size() == 2 &&
              tensor->shape[0] == static_cast<std::int64_t>(set.texts.size()),
          ErrorCode::kCorruptData, base, ": texts and vectors do not belong together");
  std::vector<double> values(static_cast<std::size_t>(tensor->element_count()));
  weights::decode(tensor->bytes, tensor->dtype, values);
  set.vectors = Rows(set.texts.size(), static_cast<std::size_t>(tensor->shape[1]));
  set.vectors.values.assign(values.begin(), values.end());
  return set;
}

double cosine(std::span<const float> a, std::span<const float> b) {
  double dot = 0.0;
  double aa = 0.0;
  double bb = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    dot += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    aa += static_cast<double>(a[i]) * static_cast<double>(a[i]);
    bb += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return dot / std::sqrt(aa * bb);
}

}  // namespace stylus::encoder
