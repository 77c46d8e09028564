#include "composer/composer.h"

#include <gmock/gmock.h>

#include "tests/composer/sample_shelf.h"
#include "tests/error_code_of.h"

namespace stylus::composer {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// One shelf for all tests: opening it costs more than a plan.
class ComposerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { shelf_ = new SampleShelf(); }
  static void TearDownTestSuite() {
    delete shelf_;
    shelf_ = nullptr;
  }
  static SampleShelf& shelf() { return *shelf_; }
  static Plan plan(std::string_view prompt, const ComposeOptions& options = SampleShelf::sd15()) {
    return shelf_->plan(prompt, options);
  }
  static std::string why_not(const char* id, std::string_view prompt) {
    return shelf_->composer().why_not(shelf_->catalog().find(id)->row, prompt, SampleShelf::sd15());
  }

 private:
  static SampleShelf* shelf_;
};

SampleShelf* ComposerTest::shelf_ = nullptr;

TEST_F(ComposerTest, ServesTheWordsOfASentence) {
  const Plan made = plan("a lighthouse in a storm, ukiyo-e");

  EXPECT_THAT(ids_of(made), testing::UnorderedElementsAre("sample:lighthouse", "sample:ukiyo-e"));
  ASSERT_EQ(made.keywords.size(), 3U);
  EXPECT_EQ(made.keywords[0].text, "lighthouse");
  EXPECT_EQ(made.keywords[0].begin, 2U);
  EXPECT_EQ(made.keywords[0].end, 12U);
  EXPECT_EQ(made.keywords[0].decision, "covered");
  EXPECT_EQ(made.keywords[0].picks.at(0).evidence.at(0).match, "lighthouse");
  EXPECT_EQ(made.keywords[1].decision, "abstained");
  EXPECT_THAT(made.keywords[1].reason, Not(IsEmpty()));
}

TEST_F(ComposerTest, GivesAnEmptyPlanForAnEmptyPrompt) {
  const Plan made = plan("");

  EXPECT_THAT(made.keywords, IsEmpty());
  EXPECT_THAT(made.adapters, IsEmpty());
  EXPECT_EQ(made.rendered_prompt, "");
  EXPECT_EQ(made.images.size(), 1U);
}

TEST_F(ComposerTest, NeverServesWhatIsNotWanted) {
  EXPECT_THAT(ids_of(plan("a harbour with no fishing boat")), Not(Contains("sample:boat")));
  EXPECT_THAT(ids_of(plan("a harbour with a fishing boat")), Contains("sample:boat"));
}

TEST_F(ComposerTest, AbstainsOnWordsThatSayNothing) {
  const Plan made = plan("masterpiece, 1girl, long red hair, looking at viewer");

  EXPECT_THAT(made.adapters, IsEmpty());
  EXPECT_EQ(made.keywords.at(0).reason, "says too little about any adapter");
}

TEST(Composer, ANameBetweenCommasCountsHoweverCommonItsWords) {
  std::vector<SampleCard> cards = {
      {"mono", "Black and White", {"style"}, {"black and white"}, "Ink without any grey."},
      {"zebra", "Zebra", {"animal"}, {"zebra"}, "A zebra, black with white."},
      {"panda", "Panda", {"animal"}, {"panda"}, "A panda, black with white."}};
  for (const std::string name :
       {"Penguin", "Magpie", "Badger", "Cow", "Piano", "Skunk", "Orca", "Rose", "Lamp", "Chair",
        "Boat", "Tree", "House", "Car", "Bus", "Kite", "Drum", "Shell"}) {
    cards.push_back({name, name, {"object"}, {name}, name + " of its own kind."});
  }
  const SampleShelf shelf(cards);

  EXPECT_THAT(ids_of(shelf.plan("a lion, black and white")), ElementsAre("mono"));
  EXPECT_THAT(ids_of(shelf.plan("a black and white lion in a field")), IsEmpty());
}

TEST_F(ComposerTest, PicksCharactersOnlyWhenThePromptNamesThem) {
  EXPECT_THAT(ids_of(plan("an elf with a green cloak")), Not(Contains("sample:orla")));
  EXPECT_THAT(ids_of(plan("portrait of orla quickfeather")), Contains("sample:orla"));
}

TEST_F(ComposerTest, NeverPicksAnotherBaseAndSaysSo) {
  const Plan made = plan("a paper lantern");

  EXPECT_THAT(ids_of(made), Not(Contains("sample:lantern-xl")));
  EXPECT_THAT(made.warnings, Contains(HasSubstr("not for sd15")));
}

TEST_F(ComposerTest, NeverPicksAdultAdaptersUnasked) {
  EXPECT_THAT(ids_of(plan("velvet secret")), Not(Contains("sample:velvet")));
  ComposeOptions options = SampleShelf::sd15();
  options.filter.allow_nsfw = true;
  EXPECT_THAT(ids_of(plan("velvet secret", options)), Contains("sample:velvet"));
}

TEST_F(ComposerTest, LeavesBlockedAdaptersOut) {
  ComposeOptions options = SampleShelf::sd15();
  options.filter.blocked = {"sample:tourbus"};
  EXPECT_THAT(ids_of(plan("a tour bus", options)), Not(Contains("sample:tourbus")));
}

TEST_F(ComposerTest, HoldsTwoAdaptersAPlan) {
  const Plan made = plan("a tour bus, a penguin, a teapot, a lighthouse");

  EXPECT_EQ(made.adapters.size(), 2U);
  bool told = false;
  for (const Keyword& keyword : made.keywords) {
    told = told || keyword.reason == "the plan has two adapters already";
  }
  EXPECT_TRUE(told);
}

TEST_F(ComposerTest, HoldsTheStyles) {
  ComposeOptions options = SampleShelf::sd15();
  options.max_adapters = 3;
  options.max_styles = 1;
  const Plan made = plan("ukiyo-e woodcut, loose watercolour, pixel sprite", options);

  EXPECT_EQ(made.adapters.size(), 1U);
}

TEST_F(ComposerTest, WarnsAboutTwoStyles) {
  EXPECT_THAT(plan("ukiyo-e woodcut, loose watercolour").warnings,
              Contains(HasSubstr("several styles")));
}

TEST_F(ComposerTest, PinsWhatTheUserWants) {
  ComposeOptions options = SampleShelf::sd15();
  options.pinned["sample:teapot"] = 1.3;
  const Plan made = plan("a tour bus", options);

  ASSERT_EQ(made.adapters.size(), 2U);
  EXPECT_EQ(made.adapters[0].id, "sample:teapot");
  EXPECT_EQ(made.adapters[0].weight, 1.3);
  EXPECT_EQ(made.adapters[0].weight_evidence.source, "user");
  EXPECT_THAT(made.adapters[0].keywords, IsEmpty());
}

TEST_F(ComposerTest, RefusesToPinWhatItDoesNotHave) {
  ComposeOptions options = SampleShelf::sd15();
  options.pinned["sample:nothing"] = std::nullopt;
  EXPECT_EQ(error_code_of([&] { return plan("a tour bus", options); }), ErrorCode::kNotFound);
}

TEST_F(ComposerTest, TakesTagsInThePromptForPins) {
  const Plan made = plan("a forest <lora:Teapot:0.4> <lora:unheard of:1>");

  ASSERT_THAT(ids_of(made), Contains("sample:teapot"));
  EXPECT_EQ(made.adapters[0].weight, 0.4);
  EXPECT_THAT(made.rendered_prompt, Not(HasSubstr("Teapot")));
  EXPECT_THAT(made.rendered_prompt, HasSubstr("<lora:unheard of:1>"));
  EXPECT_THAT(made.warnings, Contains(HasSubstr("unheard of")));
}

TEST_F(ComposerTest, InsertsATriggerThatThePromptLacks) {
  const Plan made = plan("a teapot");

  ASSERT_THAT(ids_of(made), ElementsAre("sample:teapot"));
  EXPECT_EQ(made.adapters[0].triggers.at(0).text, "clay teapot");
  EXPECT_TRUE(made.adapters[0].triggers.at(0).inserted);
  EXPECT_EQ(made.rendered_prompt, "a teapot, clay teapot");
  ComposeOptions options = SampleShelf::sd15();
  options.insert_triggers = false;
  EXPECT_EQ(plan("a teapot", options).rendered_prompt, "a teapot");
}

TEST_F(ComposerTest, TakesWeightsFromTheCard) {
  const Plan made = plan("ukiyo-e woodcut");

  ASSERT_THAT(ids_of(made), ElementsAre("sample:ukiyo-e"));
  EXPECT_EQ(made.adapters[0].weight, 0.7);
  EXPECT_EQ(made.adapters[0].weight_evidence.source, "card");
}

TEST_F(ComposerTest, SharesTheBudget) {
  ComposeOptions options = SampleShelf::sd15();
  options.weight_budget = 1;
  const Plan made = plan("a tour bus, a penguin", options);

  ASSERT_EQ(made.adapters.size(), 2U);
  EXPECT_NEAR(made.adapters[0].weight + made.adapters[1].weight, 1, 1e-9);
}

TEST_F(ComposerTest, DrawsAMaskForEveryImage) {
  ComposeOptions options = SampleShelf::sd15();
  options.images = 3;
  options.seed = 41;
  const Plan made = plan("a tour bus, a penguin", options);

  ASSERT_EQ(made.images.size(), 3U);
  EXPECT_EQ(made.images[0].seed, 41);
  EXPECT_EQ(made.images[2].seed, 43);
  EXPECT_EQ(made.images[0].mask, (std::vector<bool>{true, true}));
  EXPECT_NE(made.images[1].mask, made.images[0].mask);
}

TEST_F(ComposerTest, MakesTheSamePlanAgainToTheByte) {
  const std::string prompt = "a tour bus beside a lighthouse, ukiyo-e, no boats";

  const std::string first = plan_to_json(plan(prompt), 2);

  EXPECT_EQ(plan_to_json(plan(prompt), 2), first);
  EXPECT_EQ(plan_to_json(SampleShelf().plan(prompt), 2), first);
}

TEST_F(ComposerTest, RefusesWhatItCannotRead) {
  EXPECT_EQ(error_code_of([] { return plan("\xff\xfe"); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_code_of([] { return plan(std::string((1U << 20U) + 1, 'a')); }),
            ErrorCode::kInvalidArgument);
  ComposeOptions options = SampleShelf::sd15();
  options.max_per_keyword = 4;
  EXPECT_EQ(error_code_of([&] { return plan("a", options); }), ErrorCode::kInvalidArgument);
}

TEST_F(ComposerTest, PlansAMegabyte) {
  std::string prompt;
  while (prompt.size() < (std::size_t{1} << 20U) - 32) {
    prompt += "a tour bus without a penguin, ";
  }
  EXPECT_THAT(ids_of(plan(prompt)), ElementsAre("sample:tourbus"));
}

TEST_F(ComposerTest, CompilesFiltersAnewWhenTheCatalogueChanges) {
  SampleShelf own;
  EXPECT_THAT(ids_of(own.plan("a tour bus")), Contains("sample:tourbus"));

  catalog::Overlay overlay;
  overlay.blocked = true;
  own.catalog().set_overlay(own.catalog().find("sample:tourbus")->row, overlay);

  EXPECT_THAT(ids_of(own.plan("a tour bus")), Not(Contains("sample:tourbus")));
}

TEST_F(ComposerTest, TellsWhyAnAdapterIsNotThere) {
  EXPECT_THAT(why_not("sample:tourbus", "a tour bus"),
              HasSubstr("is in the plan for \"tour bus\""));
  EXPECT_THAT(why_not("sample:lantern-xl", "a paper lantern"), HasSubstr("not for sd15"));
  EXPECT_THAT(why_not("sample:velvet", "a velvet dress"), HasSubstr("rated adult"));
  EXPECT_THAT(why_not("sample:orla", "an elf"), HasSubstr("it is a character"));
  EXPECT_THAT(why_not("sample:boat", "a tour bus"), HasSubstr("is not among the first"));
}

}  // namespace
}  // namespace stylus::composer
