#include "evaluator/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "support/error.h"
#include "support/file.h"
#include "support/hash.h"

namespace stylus::evaluator {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestManifest = std::size_t{256} << 20U;
constexpr std::size_t kLargestPicture = std::size_t{64} << 20U;

/// Holds the lock until it is closed; the kernel drops it when the process dies.
int locked(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  require(descriptor >= 0, ErrorCode::kIo, "'", file.string(), "' cannot be written (",
          std::strerror(errno), "); give a folder of your own with --output");
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor);
    fail(ErrorCode::kUnavailable, "another stylus works in '", file.parent_path().string(),
         "'; wait for it, or give this one a folder of its own with --output");
  }
  return descriptor;
}

}  // namespace

RunFolder::RunFolder(const fs::path& path, const Manifest& manifest) : path_(path) {
  std::error_code error;
  fs::create_directories(path_, error);
  require(!error, ErrorCode::kIo, "'", path_.string(), "' cannot be made (", error.message(),
          "); give another folder with --output");
  lock_ = locked(path_ / "lock");
  const fs::path file = path_ / "manifest.json";
  const std::string wanted = manifest_json(manifest);
  if (!fs::exists(file)) {
    write_file_atomically(file, wanted);
  } else if (read_file(file, kLargestManifest) != wanted) {
    ::close(lock_);
    fail(ErrorCode::kInvalidArgument, "'", path_.string(),
         "' holds another run (its manifest.json differs from what was asked for); give another "
         "folder with --output, or remove that one");
  }
  fs::remove_all(scratch(), error);
  fs::create_directories(scratch(), error);
  fs::create_directories(features(), error);
  require(!error, ErrorCode::kIo, "'", path_.string(), "' cannot be filled: ", error.message());
}

RunFolder::~RunFolder() {
  if (lock_ >= 0) {
    ::close(lock_);
  }
}

fs::path RunFolder::picture_in(const fs::path& folder, const std::string& sha256) {
  return folder / "pictures" / sha256.substr(0, 2) / (sha256 + ".png");
}

std::string RunFolder::keep_picture(const fs::path& file) const {
  const std::string bytes = read_file(file, kLargestPicture);
  const std::string hash = sha256_hex(bytes);
  const fs::path place = picture(hash);
  std::error_code error;
  fs::create_directories(place.parent_path(), error);
  fs::rename(file, place, error);
  require(!error, ErrorCode::kIo, "'", place.string(), "' cannot be written: ", error.message());
  return hash;
}

Manifest stored_manifest(const fs::path& folder) {
  const fs::path file = folder / "manifest.json";
  require(fs::exists(file), ErrorCode::kNotFound, "'", folder.string(),
          "' is no folder of an evaluation run: it has no manifest.json; --merge wants the folders "
          "that --shard made");
  return read_manifest(read_file(file, kLargestManifest), file.string(), "/");
}

}  // namespace stylus::evaluator
