#include "app/evaluation/shards.h"

#include <charconv>

#include "evaluator/run_lock.h"
#include "support/error.h"

namespace stylus::app {
namespace {

namespace fs = std::filesystem;
using evaluator::PictureRecord;
using evaluator::PictureState;

void copy_picture(const std::string& part, const evaluator::RunFolder& folder,
                  const std::string& sha256) {
  const fs::path place = folder.picture(sha256);
  if (fs::exists(place)) {
    return;
  }
  const fs::path scratch = folder.scratch() / place.filename();
  std::error_code error;
  fs::create_directories(place.parent_path(), error);
  fs::copy_file(evaluator::RunFolder::picture_in(part, sha256), scratch, error);
  require(!error, ErrorCode::kIo, "'", part, "' lacks a picture that its items.db names (",
          error.message(), "); copy the whole folder of the shard, or make the shard again");
  require(folder.keep_picture(scratch) == sha256, ErrorCode::kCorruptData, "'", part,
          "': the picture ", sha256, " is damaged; make the shard again");
}

}  // namespace

Shard read_shard(const std::string& text) {
  Shard shard;
  if (text.empty()) {
    return shard;
  }
  const std::size_t slash = text.find('/');
  const auto number = [&text](std::size_t begin, std::size_t end, std::int64_t& value) {
    const auto result = std::from_chars(text.data() + begin, text.data() + end, value);
    return result.ec == std::errc() && result.ptr == text.data() + end;
  };
  const bool good = slash != std::string::npos && number(0, slash, shard.index) &&
                    number(slash + 1, text.size(), shard.count);
  require(good && shard.index >= 1 && shard.index <= shard.count, ErrorCode::kInvalidArgument,
          "--shard is '", text, "'; write I/N with I from 1 to N, as in 2/8");
  return shard;
}

fs::path shard_folder(const fs::path& run, const Shard& shard) {
  return run / ("shard-" + std::to_string(shard.index) + "-of-" + std::to_string(shard.count));
}

PictureCounts count_pictures(const evaluator::RunStore& store, const Shard& shard) {
  PictureCounts counts;
  for (const PictureRecord& record : store.pictures()) {
    if (shard.has(record.task.batch)) {
      counts.done += record.state == PictureState::kDone ? 1 : 0;
      counts.failed += record.state == PictureState::kFailed ? 1 : 0;
      counts.open += record.state == PictureState::kOpen ? 1 : 0;
    }
  }
  return counts;
}

void merge_shards(const std::vector<std::string>& parts, const evaluator::Manifest& run,
                  const evaluator::RunFolder& folder, evaluator::RunStore& store,
                  const ProgressFn& progress) {
  std::size_t number = 0;
  for (const std::string& part : parts) {
    progress({"merging", number++, parts.size()});
    require(evaluator::run_id(evaluator::stored_manifest(part)) == evaluator::run_id(run),
            ErrorCode::kInvalidArgument, "'", part,
            "' holds another run than the run file; give the file that the shards were made with");
    require(evaluator::locked_models(part) == evaluator::locked_models(folder.path()),
            ErrorCode::kInvalidArgument, "'", part,
            "' was painted with other model files than those here (its run.lock differs); make "
            "all shards with the same ones");
    const evaluator::RunStore other(fs::path(part) / "items.db");
    for (const PictureRecord& record : other.pictures()) {
      if (record.state == PictureState::kDone) {
        copy_picture(part, folder, record.sha256);
      }
    }
    store.merge(other);
  }
}

}  // namespace stylus::app
