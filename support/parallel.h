#pragma once

#include <cstddef>
#include <functional>

namespace stylus {

/// Hardware threads, at least 1; the default for `threads` below.
[[nodiscard]] std::size_t hardware_threads();

/// Calls body(begin, end) over pieces of [0, count), on up to `threads` threads of one shared,
/// lazily started pool (the caller works too), and returns when all are done. The first exception
/// is rethrown. Nested calls run in the calling thread.
///
/// The pieces depend only on count and grain, never on timing, so results that do not depend on
/// the order of pieces are reproducible.
/// Requires: grain > 0.
/// Cost: a few microseconds per call beyond the body.
void parallel_for(std::size_t count, std::size_t grain,
                  const std::function<void(std::size_t begin, std::size_t end)>& body,
                  std::size_t threads = 0);

}  // namespace stylus
