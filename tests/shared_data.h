#pragma once

#include <gtest/gtest.h>

#include <filesystem>

namespace stylus {

/// The folder `shared/data` beside the checkout: real catalogues and files that we may test with
/// but not ship. Absent in most clones.
inline std::filesystem::path shared_data() {
  return std::filesystem::path(STYLUS_SOURCE_DIR).parent_path() / "shared" / "data";
}

}  // namespace stylus

/// Skips the test, and says so, when the real data are not there.
#define STYLUS_NEEDS_SHARED_DATA()                                              \
  if (!std::filesystem::exists(stylus::shared_data())) {                        \
    GTEST_SKIP() << "needs the real data of ../shared/data, which is not here"; \
  }
