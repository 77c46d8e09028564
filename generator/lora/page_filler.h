#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace stylus::generator {

/// Has the kernel fill new memory with pages, a step at a time, so that threads which compute need
/// not wait for one page fault after the other. On a kernel that cannot (before Linux 5.14) there
/// is nothing to do, and pages come when they are touched. Thread safety: all calls from any
/// thread.
class PageFiller {
 public:
  /// `owner` keeps the memory mapped.
  explicit PageFiller(std::span<std::byte> memory, std::shared_ptr<void> owner = nullptr);

  /// Fills the next step; false if all steps are done or taken.
  bool fill_next();

  /// Returns when the pages of these bytes are there; fills steps meanwhile. Bytes outside the
  /// memory are none of its business.
  void wait_for(const void* begin, std::size_t bytes);

 private:
  std::span<std::byte> memory_;
  std::shared_ptr<void> owner_;
  std::vector<std::atomic<bool>> is_full_;
  std::atomic<std::size_t> next_ = 0;
};

}  // namespace stylus::generator
