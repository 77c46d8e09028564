#pragma once

#include <string>

#include "composer/plan.h"

namespace stylus::dialects {

/// The plan as a prompt for AUTOMATIC1111's web interface and Forge, in the form of their picture
/// metadata, so that it can be pasted into the prompt box as one piece:
///
///   a lighthouse in a storm, ukiyo-e <lora:ukiyoe:0.64>
///   Negative prompt: blurry
///
/// The person's words stay as they typed them: in this dialect parentheses and `<...>` already
/// mean something, and whoever typed them meant it. A tag names the file's stem. One number when
/// both weights are equal, else NAME:TEXT_ENCODER:UNET (this tool's order). A textual inversion
/// has no tag: its stem stands in the text, as (stem:weight).
///
/// Plans whose images use different adapters give one block per distinct mask, each behind a
/// comment line that names its images ("# images 1, 3").
///
/// Requires: stems that the syntax can carry, no two equal ones, else Error(kInvalidArgument):
///           the syntax has no escape for `: > < , =` or control characters.
[[nodiscard]] std::string export_a1111(const composer::Plan& plan);

}  // namespace stylus::dialects
