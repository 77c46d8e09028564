#include "tests/nn/header_file.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace stylus::nn {

StoredTensors read_header_file(const std::string& name) {
  std::ifstream file(std::string(STYLUS_TESTS_DIR) + "/golden/nn/" + name + ".header.txt");
  StoredTensors tensors;
  std::string before;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) {
      continue;
    }
    std::istringstream words(line);
    std::size_t shared = 0;
    std::string rest;
    std::string sizes;
    words >> shared >> rest >> sizes;
    StoredTensor stored;
    stored.tensor.name = before.substr(0, shared) + rest;
    stored.tensor.dtype = weights::DType::kF16;
    std::istringstream shape(sizes);
    for (std::string size; sizes != "-" && std::getline(shape, size, 'x');) {
      stored.tensor.shape.push_back(std::stoll(size));
    }
    before = stored.tensor.name;
    tensors.emplace(before, std::move(stored));
  }
  if (tensors.empty()) {
    throw std::runtime_error("no header file " + name);
  }
  return tensors;
}

StoredTensors part_of(const StoredTensors& folder, const std::string& part) {
  StoredTensors tensors;
  for (const auto& [name, stored] : folder) {
    if (name.starts_with(part + "/")) {
      tensors.emplace(name.substr(part.size() + 1), stored);
    }
  }
  return tensors;
}

}  // namespace stylus::nn
