#include "dialects/a1111.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "dialects/adapter_files.h"
#include "support/error.h"
#include "support/text.h"

namespace stylus::dialects {
namespace {

bool is_textual_inversion(const composer::PlanAdapter& adapter) {
  return adapter.kind == "textual_inversion";
}

// `:` separates arguments, `>` ends the tag, `<` could start another one, `=` turns the name into
// a named argument, and `,` is lost from the hashes that the tool writes into pictures.
void check_stem(std::string_view stem, const composer::PlanAdapter& adapter) {
  const bool carried = std::none_of(stem.begin(), stem.end(), [](char c) {
    return std::string_view(":<>,=").find(c) != std::string_view::npos ||
           static_cast<unsigned char>(c) < 0x20U || c == 0x7F;
  });
  require(carried && is_valid_utf8(stem) && trim(stem) == stem, ErrorCode::kInvalidArgument,
          "the file name '", repair_utf8(adapter.file), "' of '", adapter.id,
          "' cannot be written in an A1111 tag, which has no escape for : < > , = and control "
          "characters: rename the file and import its folder again");
}

std::string escape_attention(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\()[]").find(c) != std::string_view::npos) {
      out += '\\';
    }
    out += c;
  }
  return out;
}

std::string mention(const composer::PlanAdapter& adapter) {
  const std::string_view stem = file_stem(adapter.file);
  check_stem(stem, adapter);
  const std::string unet = weight_text(adapter.weight, adapter.id);
  if (is_textual_inversion(adapter)) {
    const std::string name = escape_attention(stem);
    return unet == "1" ? name : "(" + name + ":" + unet + ")";
  }
  const std::string text_encoder = weight_text(adapter.text_encoder_weight, adapter.id);
  const std::string weights = text_encoder == unet ? unet : text_encoder + ":" + unet;
  return "<lora:" + std::string(stem) + ":" + weights + ">";
}

void check_distinct_stems(const composer::Plan& plan) {
  std::set<std::string> seen;
  for (const composer::PlanAdapter& adapter : plan.adapters) {
    require(seen.insert(to_lower(file_stem(adapter.file))).second, ErrorCode::kInvalidArgument,
            "two adapters of the plan have the file name '", file_stem(adapter.file),
            "', and an A1111 tag could mean either: rename one file and import its folder again");
  }
}

std::string block(const composer::Plan& plan, const std::vector<bool>& mask) {
  std::string text = plan.rendered_prompt;
  for (std::size_t i = 0; i < plan.adapters.size(); ++i) {
    if (mask[i]) {
      const std::string_view separator = text.empty()                             ? ""
                                         : is_textual_inversion(plan.adapters[i]) ? ", "
                                                                                  : " ";
      text.append(separator).append(mention(plan.adapters[i]));
    }
  }
  text += '\n';
  if (!trim(plan.negative_prompt).empty()) {
    text += "Negative prompt: " + plan.negative_prompt + "\n";
  }
  return text;
}

std::string image_list(const MaskGroup& group) {
  std::string text = group.images.size() == 1 ? "# image" : "# images";
  for (std::size_t i = 0; i < group.images.size(); ++i) {
    text.append(i == 0 ? " " : ", ").append(std::to_string(group.images[i] + 1));
  }
  return text + "\n";
}

}  // namespace

std::string export_a1111(const composer::Plan& plan) {
  check_exportable(plan);
  check_distinct_stems(plan);
  const std::vector<MaskGroup> groups = mask_groups(plan);
  if (groups.size() == 1) {
    return block(plan, groups.front().mask);
  }
  std::string text;
  for (const MaskGroup& group : groups) {
    text.append(text.empty() ? "" : "\n").append(image_list(group)).append(block(plan, group.mask));
  }
  return text;
}

}  // namespace stylus::dialects
