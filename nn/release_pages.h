#pragma once

#include <cstddef>
#include <span>

namespace stylus::nn {

/// Tells the system that mapped bytes were copied and are not needed in memory for now; they are
/// read from the file again on the next access. Only whole pages inside `bytes` are released.
/// Requires: a read-only file mapping. Without it a checkpoint that is converted while it is read
/// would be in memory twice.
void release_pages(std::span<const std::byte> bytes);

}  // namespace stylus::nn
