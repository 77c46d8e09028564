#include "generator/lora/page_filler.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

namespace stylus::generator {
namespace {

/// Fresh anonymous memory; no page of it is there.
std::shared_ptr<void> fresh_memory(std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_NE(memory, MAP_FAILED);
  return {memory, [bytes](void* begin) { ::munmap(begin, bytes); }};
}

bool has_all_pages(const std::byte* begin, std::size_t bytes) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> is_there((bytes + page - 1) / page);
  EXPECT_EQ(::mincore(const_cast<std::byte*>(begin), bytes, is_there.data()), 0);
  return std::all_of(is_there.begin(), is_there.end(),
                     [](unsigned char flag) { return (flag & 1U) != 0; });
}

bool kernel_fills_pages() {
#if defined(MADV_POPULATE_WRITE)
  constexpr std::size_t kBytes = 1U << 20U;
  const std::shared_ptr<void> memory = fresh_memory(kBytes);
  return ::madvise(memory.get(), kBytes, MADV_POPULATE_WRITE) == 0;
#else
  return false;
#endif
}

constexpr std::size_t kBytes = (std::size_t{40} << 20U) + 12345;

TEST(PageFiller, BringsWhatIsWaitedForAndInTheEndEverything) {
  if (!kernel_fills_pages()) {
    GTEST_SKIP() << "this kernel fills no pages on request (Linux 5.14 does)";
  }
  const std::shared_ptr<void> memory = fresh_memory(kBytes);
  auto* begin = static_cast<std::byte*>(memory.get());
  PageFiller filler({begin, kBytes}, memory);

  filler.wait_for(begin + (std::size_t{20} << 20U), std::size_t{2} << 20U);
  EXPECT_TRUE(has_all_pages(begin + (std::size_t{20} << 20U), std::size_t{2} << 20U));
  EXPECT_FALSE(has_all_pages(begin, kBytes));

  while (filler.fill_next()) {
  }
  EXPECT_TRUE(has_all_pages(begin, kBytes));
}

TEST(PageFiller, ManyThreadsShareTheWork) {
  const std::shared_ptr<void> memory = fresh_memory(kBytes);
  auto* begin = static_cast<std::byte*>(memory.get());
  PageFiller filler({begin, kBytes}, memory);
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      filler.wait_for(begin + i * (kBytes / 4), kBytes / 4);
      begin[i * (kBytes / 4)] = std::byte{1};
    });
  }
  threads.clear();
  EXPECT_FALSE(filler.fill_next());
}

TEST(PageFiller, LeavesOtherMemoryAlone) {
  const std::shared_ptr<void> memory = fresh_memory(kBytes);
  auto* begin = static_cast<std::byte*>(memory.get());
  PageFiller filler({begin, std::size_t{1} << 20U}, memory);
  std::byte other{};

  filler.wait_for(&other, 1);
  filler.wait_for(begin + (std::size_t{2} << 20U), 10);
  filler.wait_for(begin, 0);

  EXPECT_FALSE(has_all_pages(begin, std::size_t{1} << 20U));
}

}  // namespace
}  // namespace stylus::generator
