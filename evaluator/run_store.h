#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "evaluator/manifest.h"

namespace stylus::evaluator {

/// The plan of one method for one prompt.
struct StoredPlan {
  std::string model, method, prompt;  ///< The prompt's id.
  std::string plan;                   ///< JSON; "" where planning failed.
  std::string error;
  double seconds = 0;
};

/// One picture to make: everything that decides its pixels has one key.
struct PictureTask {
  std::string key;                    ///< 64 hex digits
  std::string model, method, prompt;  ///< The first item that wants it; its plan is the picture's.
  double guidance = 0;
  std::int64_t seed = 0;
  std::int64_t batch = 0;  ///< Pictures of one batch are rendered together.
};

/// One cell of a run: this method's picture `image` for this prompt.
struct RunItem {
  std::string model, method, prompt;
  double guidance = 0;
  std::int64_t image = 0;
  std::string key;  ///< Of its picture; several items may share one.
};

enum class PictureState : std::uint8_t { kOpen, kDone, kFailed };

struct PictureRecord {
  PictureTask task;
  PictureState state = PictureState::kOpen;
  std::string sha256;  ///< Of its PNG file, when done.
  std::string error;
};

/// What a batch cost; for the report, never for the metrics.
struct BatchTimes {
  std::size_t pictures = 0;
  double seconds = 0, prepare_seconds = 0;
};

/// The database of one run or shard: `items.db`. Every change is one transaction, so a run that is
/// killed at any moment goes on where it was.
/// Format: docs/formats.md#items-db
/// Thread safety: one thread at a time, one process at a time (RunFolder holds the lock).
class RunStore {
 public:
  explicit RunStore(const std::filesystem::path& file);
  ~RunStore();
  RunStore(RunStore&&) noexcept;

  void put_plans(const std::vector<StoredPlan>& plans);
  [[nodiscard]] std::vector<StoredPlan> plans() const;

  /// The run's items and pictures, once, when all plans are there.
  void lay_out(const std::vector<RunItem>& items, const std::vector<PictureTask>& pictures);
  [[nodiscard]] bool is_laid_out() const;

  [[nodiscard]] std::vector<RunItem> items() const;
  [[nodiscard]] std::vector<PictureRecord> pictures() const;  ///< In order of batch.
  [[nodiscard]] std::int64_t batch_count() const;

  struct Finished {
    std::string key, sha256;
  };
  /// A whole batch at once, with what it cost.
  void finish_batch(std::int64_t batch, const std::vector<Finished>& pictures,
                    const BatchTimes& times);
  void fail_picture(const std::string& key, const std::string& error);
  /// Opens failed pictures again.
  void reopen_failed();
  [[nodiscard]] std::vector<BatchTimes> times() const;

  /// Takes over what another store of the same run has finished.
  /// Requires: the same items, else Error(kInvalidArgument).
  void merge(const RunStore& other);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stylus::evaluator
