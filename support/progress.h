#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace stylus {

/// What long work tells about itself. The app draws it; rooms only fill it in.
struct Progress {
  std::string stage;      ///< "reading cards", "encoding texts"
  std::size_t done = 0;   ///< finished items of this stage
  std::size_t total = 0;  ///< 0 when not known yet
  std::string note{};     ///< What it cost so far: "12,300 tokens"; often ""
};

/// Called now and then from the working thread; must be quick. Throwing Error(kCancelled) from it
/// stops the work at the next safe place; what is finished stays.
using ProgressFn = std::function<void(const Progress&)>;

}  // namespace stylus
