#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace stylus::encoder {

/// The folder of the encoder `name`, as tools/fetch_encoder.py made it. The environment variable
/// STYLUS_ENCODERS_DIR goes before the one set when the tests were built.
inline std::filesystem::path encoder_folder(const std::string& name) {
  const char* chosen = std::getenv("STYLUS_ENCODERS_DIR");
  return std::filesystem::path(chosen != nullptr ? chosen : STYLUS_ENCODERS_DIR) / name;
}

}  // namespace stylus::encoder

/// Skips the test, and says so, when that encoder has not been fetched.
#define STYLUS_NEEDS_ENCODER(name)                                                         \
  if (!std::filesystem::exists(stylus::encoder::encoder_folder(name) / "encoder.json")) {  \
    GTEST_SKIP() << "needs " << stylus::encoder::encoder_folder(name)                      \
                 << "; tools/fetch_encoder.py " << (name) << " --to that folder makes it"; \
  }
