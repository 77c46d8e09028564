#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "evaluator/manifest.h"
#include "evaluator/run_folder.h"
#include "evaluator/run_store.h"
#include "support/progress.h"

namespace stylus::app {

/// Which batches of a run are made here: those whose number leaves `index` - 1 when divided by
/// `count`.
struct Shard {
  std::int64_t index = 1, count = 1;
  [[nodiscard]] bool has(std::int64_t batch) const { return batch % count == index - 1; }
};

/// "2/8". Error(kInvalidArgument) for anything else; "" is the whole.
[[nodiscard]] Shard read_shard(const std::string& text);

/// The folder of a shard inside the run's own.
[[nodiscard]] std::filesystem::path shard_folder(const std::filesystem::path& run,
                                                 const Shard& shard);

/// How far a shard, or the whole, has come.
struct PictureCounts {
  std::size_t done = 0, failed = 0, open = 0;
};
[[nodiscard]] PictureCounts count_pictures(const evaluator::RunStore& store, const Shard& shard);

/// Brings the pictures that shards have made into one folder.
/// Requires: folders of the same run, painted with the same models and adapters, else
///           Error(kInvalidArgument); whole pictures, else Error(kIo, kCorruptData).
void merge_shards(const std::vector<std::string>& parts, const evaluator::Manifest& run,
                  const evaluator::RunFolder& folder, evaluator::RunStore& store,
                  const ProgressFn& progress);

}  // namespace stylus::app
