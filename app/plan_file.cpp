#include "app/plan_file.h"

#include <iostream>
#include <iterator>

#include "support/file.h"

namespace stylus::app {
namespace {

constexpr std::size_t kMaxPlanBytes = std::size_t{64} << 20U;

}  // namespace

composer::Plan read_plan_file(const std::string& file) {
  if (file == "-") {
    const std::string text(std::istreambuf_iterator<char>(std::cin), {});
    return composer::plan_from_json(text, "standard input");
  }
  return composer::plan_from_json(read_file(file, kMaxPlanBytes), file);
}

}  // namespace stylus::app
