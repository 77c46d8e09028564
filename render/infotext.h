#pragma once

#include <string>

#include "render/job.h"

namespace stylus::render {

/// What A1111's web interface writes into its pictures under the keyword "parameters", so that it,
/// Civitai and others read prompt, seed, sampler and the hashes of model and LoRAs back.
///
/// sampler: the name that was used; model_hash: the first ten digits of the file's SHA-256, or "".
/// Source: formats-and-protocols 3.3; A1111's modules/processing.py and infotext_utils.py.
[[nodiscard]] std::string infotext(const Job& job, std::size_t image, const std::string& sampler,
                                   const std::string& model_hash);

}  // namespace stylus::render
