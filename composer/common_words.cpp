#include "composer/common_words.h"

#include <array>
#include <string>
#include <unordered_map>

#include "composer/embedded_data.h"
#include "retriever/terms.h"
#include "support/text.h"

namespace stylus::composer {
namespace {

constexpr std::array<double, 3> kValueOfLevel = {0.05, 0.25, 0.5};

std::unordered_map<std::string, double> read_list() {
  std::unordered_map<std::string, double> values;
  for (const std::string& line : split_list(embedded_common_words(), '\n')) {
    if (line.front() == '#') {
      continue;
    }
    const auto level = static_cast<std::size_t>(line.front() - '0');
    for (const retriever::Term& term : retriever::terms_of(std::string_view(line).substr(1))) {
      values.emplace(term.stem, kValueOfLevel.at(level));
    }
  }
  return values;
}

const std::unordered_map<std::string, double>& values() {
  static const std::unordered_map<std::string, double> kValues = read_list();
  return kValues;
}

}  // namespace

double word_value(std::string_view stem) {
  const auto found = values().find(std::string(stem));
  return found == values().end() ? 1.0 : found->second;
}

bool only_common_words(std::string_view text) {
  for (const retriever::Term& term : retriever::terms_of(text)) {
    if (word_value(term.stem) >= kValueOfLevel[2]) {
      return false;
    }
  }
  return true;
}

double mean_word_value(std::string_view text) {
  double sum = 0;
  double count = 0;
  for (const retriever::Term& term : retriever::terms_of(text)) {
    sum += word_value(term.stem);
    count += 1;
  }
  return count == 0 ? 1 : sum / count;
}

}  // namespace stylus::composer
