#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "support/error.h"
#include "support/hash.h"
#include "weights/adapter_file.h"
#include "weights/shown_name.h"

namespace stylus::weights {
namespace {

/// A file read piece by piece: a mapping would end the process if somebody cut the file meanwhile.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path)
      : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    require(descriptor_ >= 0, errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
            "cannot open ", shown_name(path.string()), ": ", std::strerror(errno));
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { ::close(descriptor_); }

  /// Fills the buffer as far as the file goes; fewer bytes mean its end.
  std::size_t read(std::span<std::byte> buffer) {
    std::size_t filled = 0;
    while (filled < buffer.size()) {
      const ssize_t got = ::read(descriptor_, buffer.data() + filled, buffer.size() - filled);
      if (got < 0 && errno == EINTR) {
        continue;
      }
      require(got >= 0, ErrorCode::kIo, "cannot read ", shown_name(path_.string()), ": ",
              std::strerror(errno));
      if (got == 0) {
        break;
      }
      filled += static_cast<std::size_t>(got);
    }
    return filled;
  }

 private:
  const std::filesystem::path& path_;
  int descriptor_;
};

/// The bytes [begin, end) of the whole that lie in a piece which starts at `offset`.
std::span<const std::byte> overlap(std::span<const std::byte> piece, std::uint64_t offset,
                                   std::uint64_t begin, std::uint64_t end) {
  const std::uint64_t first = std::max(begin, offset);
  const std::uint64_t last = std::min<std::uint64_t>(end, offset + piece.size());
  if (first >= last) {
    return {};
  }
  return piece.subspan(static_cast<std::size_t>(first - offset),
                       static_cast<std::size_t>(last - first));
}

/// Where the tensor bytes of a safetensors file begin, by its first bytes; 0 if it is none.
std::uint64_t tensor_bytes_begin(std::span<const std::byte> start) {
  constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;
  std::uint64_t length = 0;
  if (start.size() <= sizeof length || start[sizeof length] != std::byte{'{'}) {
    return 0;
  }
  std::memcpy(&length, start.data(), sizeof length);
  return length <= kMaxHeaderBytes ? sizeof length + length : 0;
}

}  // namespace

FileHashes hash_adapter_file(const std::filesystem::path& path) {
  constexpr std::size_t kPiece = std::size_t{1} << 20U;
  constexpr std::uint64_t kV1Begin = 0x100000;
  constexpr std::uint64_t kV1End = kV1Begin + 0x10000;
  Reader file(path);
  Sha256 whole;
  Sha256 v1;
  Sha256 tensors;
  std::vector<std::byte> buffer(kPiece);
  std::uint64_t offset = 0;
  std::uint64_t tensor_begin = 0;
  std::size_t got = 0;
  do {
    got = file.read(buffer);
    const std::span<const std::byte> piece(buffer.data(), got);
    if (offset == 0) {
      tensor_begin = tensor_bytes_begin(piece);
    }
    whole.update(piece);
    v1.update(overlap(piece, offset, kV1Begin, kV1End));
    if (tensor_begin != 0) {
      tensors.update(overlap(piece, offset, tensor_begin, ~std::uint64_t{0}));
    }
    offset += got;
  } while (got == kPiece);

  FileHashes hashes;
  hashes.sha256 = whole.hex();
  hashes.autov1 = v1.hex().substr(0, 8);
  hashes.autov2 = hashes.sha256.substr(0, 10);
  if (tensor_begin != 0 && tensor_begin <= offset) {
    hashes.autov3 = tensors.hex();
  }
  return hashes;
}

}  // namespace stylus::weights
