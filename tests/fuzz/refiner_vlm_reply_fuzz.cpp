// Any text as a vision-language model's reply, about a card made of any text: told apart, and what
// is accepted keeps the promises of VlmDescription.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "refiner/vlm_refiner.h"
#include "support/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stylus;
  const std::string text = repair_utf8(std::string_view(reinterpret_cast<const char*>(data), size));
  refiner::VlmCard card;
  card.name = "Red Fox";
  card.triggers = {"rdfx, red fox"};
  card.description = text;
  chat::Reply reply;
  reply.text = text;
  const refiner::VlmResult result = refiner::check_vlm_reply(reply, card);
  bool good = result.description.has_value() == (result.outcome == refiner::VlmOutcome::kAccepted);
  if (result.description) {
    const refiner::VlmDescription& said = *result.description;
    good = good && is_valid_utf8(said.summary + said.description) && !said.summary.empty() &&
           said.summary.size() <= 160 && said.description.size() <= 4000 &&
           !said.categories.empty() && (!said.weight || std::fabs(*said.weight) <= 2);
  }
  static_cast<void>(refiner::vlm_request(card));
  if (!good) {
    std::abort();
  }
  return 0;
}
