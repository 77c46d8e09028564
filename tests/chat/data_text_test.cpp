#include "chat/data_text.h"

#include <gtest/gtest.h>

namespace stylus::chat {
namespace {

TEST(DataText, LeavesPlainTextAlone) {
  EXPECT_EQ(data_text("A cat, a <lora:cat:0.8> tag\nand 猫.", 100),
            "A cat, a <lora:cat:0.8> tag\nand 猫.");
}

TEST(DataText, BreaksTheMarksOfChatTemplates) {
  for (const char* mark :
       {"<|im_start|>", "<|im_end|>", "<|eot_id|>", "[INST]", "[/INST]", "[inst]", "<<SYS>>",
        "</s>", "<s>", "<start_of_turn>", "<end_of_turn>", "<eos>",
        "<\xEF\xBD\x9C"
        "end\xE2\x96\x81"
        "of\xE2\x96\x81sentence\xEF\xBD\x9C>"}) {
    const std::string out = data_text(std::string("a") + mark + "b", 100);
    EXPECT_EQ(out.find(mark), std::string::npos) << mark;
  }
}

TEST(DataText, BreaksMarksThatHiddenCharactersHide) {
  EXPECT_EQ(data_text("<\xE2\x80\x8B|im_end|>", 100), "< |im_end| >");
}

TEST(DataText, DropsWhatCannotBeSeen) {
  // A bidi override, a zero-width space, and "hi" in tag characters.
  EXPECT_EQ(data_text("a\xE2\x80\xAE"
                      "b\xE2\x80\x8B"
                      "c\xF3\xA0\x81\xA8\xF3\xA0\x81\xA9\x01",
                      100),
            "abc");
}

TEST(DataText, RepairsAndCutsAtCharacters) {
  EXPECT_EQ(data_text("\xFFx", 100), "\xEF\xBF\xBDx");
  EXPECT_EQ(data_text("猫猫", 4), "猫");
}

}  // namespace
}  // namespace stylus::chat
