#include "dialects/adapter_files.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "support/error.h"
#include "support/text.h"

namespace stylus::dialects {
namespace {

constexpr std::array<std::string_view, 7> kModelExtensions = {
    ".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin", ".gguf"};

// ComfyUI's range, the widest of the tools that take a weight; a plan beyond it is damaged.
constexpr double kLargestWeight = 100.0;

}  // namespace

std::string_view base_name(std::string_view path) {
  const std::size_t cut = path.find_last_of("/\\");
  return cut == std::string_view::npos ? path : path.substr(cut + 1);
}

std::string_view file_stem(std::string_view path) {
  const std::string_view name = base_name(path);
  for (const std::string_view extension : kModelExtensions) {
    if (name.size() > extension.size() &&
        equals_ignoring_case(name.substr(name.size() - extension.size()), extension)) {
      return name.substr(0, name.size() - extension.size());
    }
  }
  return name;
}

std::string weight_text(double weight, std::string_view owner) {
  require(std::isfinite(weight) && std::abs(weight) <= kLargestWeight, ErrorCode::kInvalidArgument,
          "the weight of '", owner, "' is ", weight, ", expected a number within -100 to 100");
  std::array<char, 32> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), "%.4f", weight);
  std::string text(buffer.data(), static_cast<std::size_t>(length));
  // A locale with a decimal comma must not leak into another tool's syntax.
  std::replace(text.begin(), text.end(), ',', '.');
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') {
    text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

void check_exportable(const composer::Plan& plan) {
  for (const composer::PlanAdapter& adapter : plan.adapters) {
    require(adapter.kind == "lora" || adapter.kind == "textual_inversion",
            ErrorCode::kInvalidArgument, "the adapter '", adapter.id, "' is of the kind '",
            adapter.kind, "', which no prompt can steer; expected lora or textual_inversion");
    require(!trim(file_stem(adapter.file)).empty(), ErrorCode::kInvalidArgument, "the adapter '",
            adapter.id, "' (", adapter.name,
            ") has no file name: import the folder that holds its file, then plan again");
  }
  for (std::size_t i = 0; i < plan.images.size(); ++i) {
    require(plan.images[i].mask.size() == plan.adapters.size(), ErrorCode::kInvalidArgument,
            "image ", i + 1, " of the plan has a mask of ", plan.images[i].mask.size(),
            " entries, expected one for each of the ", plan.adapters.size(), " adapters");
  }
}

std::vector<MaskGroup> mask_groups(const composer::Plan& plan) {
  std::vector<MaskGroup> groups;
  for (std::size_t i = 0; i < plan.images.size(); ++i) {
    const std::vector<bool>& mask = plan.images[i].mask;
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const MaskGroup& known) { return known.mask == mask; });
    if (group == groups.end()) {
      group = groups.insert(groups.end(), MaskGroup{mask, {}});
    }
    group->images.push_back(i);
  }
  if (groups.empty()) {
    groups.push_back({std::vector<bool>(plan.adapters.size(), true), {0}});
  }
  return groups;
}

}  // namespace stylus::dialects
