#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

namespace stylus {

/// A whole file mapped read-only. Movable, not copyable; unmaps on destruction.
///
/// Requires: the file exists and can be read, else Error(kNotFound or kIo). Empty files map to
///           an empty span.
/// Thread safety: reads from several threads are safe. A file that another process truncates
///           while it is mapped ends the process (SIGBUS): map only files that we own or that are
///           read at once.
class MappedFile {
 public:
  MappedFile() = default;
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Reads a text or binary file of at most `limit_bytes`.
/// Requires: it exists and is not longer, else Error(kNotFound, kIo or kInvalidArgument).
[[nodiscard]] std::string read_file(const std::filesystem::path& path, std::size_t limit_bytes);

/// Writes `path` so that a reader, or a crash at any moment, sees the old file or the new one:
/// a temporary file beside it, flushed to disk, then renamed over it. Creates the folder.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

/// The same for content too large for memory: `write` fills the stream.
void write_file_atomically(const std::filesystem::path& path,
                           const std::function<void(std::ostream&)>& write);

}  // namespace stylus
