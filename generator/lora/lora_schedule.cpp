#include "generator/lora/lora_schedule.h"

#include <algorithm>

#include "support/error.h"

namespace stylus::generator {

std::vector<double> window_multipliers(const std::vector<StepWindow>& windows, std::size_t step,
                                       std::size_t steps) {
  require(step < steps, ErrorCode::kInvalidArgument, "step ", step, " of a run of ", steps);
  const double at = static_cast<double>(step) / static_cast<double>(steps);
  std::vector<double> multipliers;
  multipliers.reserve(windows.size());
  for (const StepWindow& window : windows) {
    multipliers.push_back(window.begin <= at && at < window.end ? 1 : 0);
  }
  return multipliers;
}

std::vector<double> switch_multipliers(std::size_t adapters, std::size_t step, std::size_t period) {
  require(adapters > 0 && period > 0, ErrorCode::kInvalidArgument,
          "switching needs at least one adapter and one step each, got ", adapters, " and ",
          period);
  // The callback passes the turn on after each step s > 0 with s % period == 0.
  const std::size_t turns = step == 0 ? 0 : (step - 1) / period;
  std::vector<double> multipliers(adapters, 0);
  multipliers[turns % adapters] = 1;
  return multipliers;
}

std::vector<std::vector<double>> composite_multipliers(std::size_t adapters) {
  std::vector<std::vector<double>> rows(adapters, std::vector<double>(adapters, 0));
  for (std::size_t i = 0; i < adapters; ++i) {
    rows[i][i] = 1;
  }
  return rows;
}

std::vector<ImageGroup> group_images_by_set(const std::vector<std::vector<double>>& rows) {
  std::vector<ImageGroup> groups;
  for (std::size_t image = 0; image < rows.size(); ++image) {
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const ImageGroup& group) {
      return group.multipliers == rows[image];
    });
    if (same == groups.end()) {
      groups.push_back({rows[image], {image}});
    } else {
      same->images.push_back(image);
    }
  }
  return groups;
}

}  // namespace stylus::generator
