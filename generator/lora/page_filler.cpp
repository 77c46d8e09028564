#include "generator/lora/page_filler.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <thread>
#include <utility>

namespace stylus::generator {
namespace {

constexpr std::size_t kStep = std::size_t{16} << 20U;  // whole huge pages

std::size_t step_count(std::size_t bytes) {
#if defined(MADV_POPULATE_WRITE)
  return (bytes + kStep - 1) / kStep;
#else
  return 0 * bytes;
#endif
}

}  // namespace

PageFiller::PageFiller(std::span<std::byte> memory, std::shared_ptr<void> owner)
    : memory_(memory), owner_(std::move(owner)), is_full_(step_count(memory.size())) {}

bool PageFiller::fill_next() {
  const std::size_t step = next_++;
  if (step >= is_full_.size()) {
    return false;
  }
#if defined(MADV_POPULATE_WRITE)
  const std::size_t begin = step * kStep;
  const std::size_t end = std::min(begin + kStep, memory_.size());
  ::madvise(memory_.data() + begin, end - begin, MADV_POPULATE_WRITE);  // a wish
#endif
  is_full_[step].store(true, std::memory_order_release);
  return true;
}

void PageFiller::wait_for(const void* begin, std::size_t bytes) {
  const auto first = reinterpret_cast<std::uintptr_t>(memory_.data());
  const auto wanted = reinterpret_cast<std::uintptr_t>(begin);
  if (is_full_.empty() || bytes == 0 || wanted < first || wanted - first >= memory_.size()) {
    return;
  }
  const std::size_t offset = wanted - first;
  for (std::size_t step = offset / kStep; step <= (offset + bytes - 1) / kStep; ++step) {
    while (!is_full_[step].load(std::memory_order_acquire)) {
      if (!fill_next()) {
        std::this_thread::yield();  // another thread is at it
      }
    }
  }
}

}  // namespace stylus::generator
