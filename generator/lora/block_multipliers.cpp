#include "generator/lora/block_multipliers.h"

namespace stylus::generator {
namespace {

bool is_below(std::string_view path, std::string_view place) {
  return path.size() > place.size() && path.substr(0, place.size()) == place &&
         path[place.size()] == '.';
}

/// "down", "mid", "up" stand for what their blocks' paths begin with.
std::string_view side_of(std::string_view path) {
  for (const std::string_view side : {"down", "mid", "up"}) {
    if (path.size() > side.size() && path.substr(0, side.size()) == side &&
        path.substr(side.size(), 6) == "_block") {
      return side;
    }
  }
  return {};
}

}  // namespace

double block_multiplier(const BlockMultipliers& blocks, std::string_view path) {
  double factor = 1;
  std::size_t most = 0;  // length of the place that decided; sides count as the shortest
  if (const auto side = blocks.find(side_of(path)); side != blocks.end()) {
    factor = side->second;
    most = 1;
  }
  for (const auto& [place, value] : blocks) {
    if (place.size() > most && (path == place || is_below(path, place))) {
      factor = value;
      most = place.size();
    }
  }
  return factor;
}

}  // namespace stylus::generator
