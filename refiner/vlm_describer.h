#pragma once

#include <memory>

#include "chat/client.h"
#include "refiner/describer.h"
#include "refiner/vlm_refiner.h"

namespace stylus::refiner {

/// The describer that asks a vision-language model (describe_with_vlm). `client` must outlive it.
///
/// Pictures are the adapter's previews. Once the server has refused pictures, none are sent to it
/// any more. An accepted reply never takes back what keeps an adapter from being chosen by chance:
/// the card's categories "character" and "celebrity" stay. The rules' weight stays, too, where it
/// comes from the example prompts or the card; the model's stands only where the rules had to
/// guess. Ten transport failures in a row end the run: they are no card's fault.
[[nodiscard]] std::unique_ptr<Describer> make_vlm_describer(chat::Client& client,
                                                            const VlmOptions& options = {});

}  // namespace stylus::refiner
