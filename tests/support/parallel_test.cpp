#include "support/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace stylus {
namespace {

using Pieces = std::set<std::pair<std::size_t, std::size_t>>;

Pieces pieces_of(std::size_t count, std::size_t grain, std::size_t threads) {
  Pieces pieces;
  std::mutex mutex;
  parallel_for(
      count, grain,
      [&](std::size_t begin, std::size_t end) {
        const std::lock_guard lock(mutex);
        EXPECT_TRUE(pieces.emplace(begin, end).second) << "a piece came twice";
      },
      threads);
  return pieces;
}

TEST(ParallelForTest, CoversEachItemOnceWhateverTheThreads) {
  EXPECT_EQ(pieces_of(10, 4, 1), (Pieces{{0, 4}, {4, 8}, {8, 10}}));
  for (const std::size_t threads : {0U, 1U, 2U, 7U}) {
    EXPECT_EQ(pieces_of(10, 4, threads), pieces_of(10, 4, 1));
    EXPECT_EQ(pieces_of(1000, 1, threads).size(), 1000U);
    EXPECT_TRUE(pieces_of(0, 4, threads).empty());
  }
}

TEST(ParallelForTest, PassesOnAnExceptionAndGoesOnWorking) {
  for (const std::size_t threads : {1U, 4U}) {
    EXPECT_THROW(parallel_for(
                     100, 1,
                     [](std::size_t begin, std::size_t) {
                       if (begin == 57) {
                         throw std::runtime_error("57");
                       }
                     },
                     threads),
                 std::runtime_error);
    EXPECT_EQ(pieces_of(100, 10, threads).size(), 10U);
  }
}

TEST(ParallelForTest, MayBeNested) {
  std::atomic<int> sum{0};

  parallel_for(8, 1, [&](std::size_t, std::size_t) {
    parallel_for(100, 10,
                 [&](std::size_t begin, std::size_t end) { sum += static_cast<int>(end - begin); });
  });

  EXPECT_EQ(sum, 800);
}

TEST(ParallelForTest, MayBeCalledFromSeveralThreads) {
  std::vector<std::thread> callers;
  std::vector<int> sums(4, 0);
  for (int& sum : sums) {
    callers.emplace_back([&sum] {
      for (int round = 0; round < 50; ++round) {
        std::vector<int> values(257, 0);
        parallel_for(values.size(), 16, [&](std::size_t begin, std::size_t end) {
          for (std::size_t i = begin; i < end; ++i) {
            values[i] = 1;
          }
        });
        sum += std::accumulate(values.begin(), values.end(), 0);
      }
    });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
  EXPECT_EQ(sums, std::vector<int>(4, 50 * 257));
}

}  // namespace
}  // namespace stylus
