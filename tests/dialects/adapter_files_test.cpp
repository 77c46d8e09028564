#include "dialects/adapter_files.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/dialects/example_plan.h"
#include "tests/error_code_of.h"

namespace stylus::dialects {
namespace {

TEST(FileStem, DropsFoldersAndOnlyTheExtensionsOfModels) {
  EXPECT_EQ(file_stem("ukiyoe.safetensors"), "ukiyoe");
  EXPECT_EQ(file_stem("style/ukiyo-e_v1.0.SafeTensors"), "ukiyo-e_v1.0");
  EXPECT_EQ(file_stem("C:\\loras\\ink.pt"), "ink");
  EXPECT_EQ(file_stem("epoch.12"), "epoch.12");
  EXPECT_EQ(file_stem(".safetensors"), ".safetensors");
}

TEST(WeightText, HasAtMostFourDecimalsAndNoTrailingZeros) {
  EXPECT_EQ(weight_text(0.64, "a"), "0.64");
  EXPECT_EQ(weight_text(1.0, "a"), "1");
  EXPECT_EQ(weight_text(10.0, "a"), "10");
  EXPECT_EQ(weight_text(-0.5, "a"), "-0.5");
  EXPECT_EQ(weight_text(1.0 / 3.0, "a"), "0.3333");
  EXPECT_EQ(weight_text(-0.00001, "a"), "0");
}

TEST(WeightText, RefusesWhatNoToolCouldRead) {
  for (const double weight :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), 1e9}) {
    EXPECT_EQ(error_code_of([&] { return weight_text(weight, "a"); }), ErrorCode::kInvalidArgument);
  }
}

TEST(CheckExportable, NamesTheAdapterThatHasNoFile) {
  composer::Plan plan = lighthouse_plan();
  plan.adapters[1].file = "";

  const std::string message = error_message_of([&] { return check_exportable(plan), 0; });

  EXPECT_NE(message.find("sample:storm"), std::string::npos) << message;
  EXPECT_NE(message.find("no file name"), std::string::npos) << message;
}

TEST(CheckExportable, RefusesAMaskOfAnotherLength) {
  composer::Plan plan = lighthouse_plan();
  plan.images[1].mask = {true};

  EXPECT_EQ(error_code_of([&] { return check_exportable(plan), 0; }), ErrorCode::kInvalidArgument);
}

TEST(CheckExportable, RefusesAnAdapterThatAPromptCannotSteer) {
  composer::Plan plan = lighthouse_plan();
  plan.adapters[0].kind = "control_lora";

  EXPECT_EQ(error_code_of([&] { return check_exportable(plan), 0; }), ErrorCode::kInvalidArgument);
}

TEST(MaskGroups, KeepTheOrderOfTheFirstImageOfEach) {
  composer::Plan plan = lighthouse_plan();
  plan.images = {{1, {true, false}}, {2, {false, true}}, {3, {true, false}}};

  const std::vector<MaskGroup> groups = mask_groups(plan);

  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].images, (std::vector<std::size_t>{0, 2}));
  EXPECT_EQ(groups[1].images, (std::vector<std::size_t>{1}));
}

}  // namespace
}  // namespace stylus::dialects
