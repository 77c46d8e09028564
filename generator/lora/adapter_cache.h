#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "generator/lora/adapter_weights.h"

namespace stylus::generator {

struct AdapterCacheStats {
  std::int64_t bytes = 0;  ///< Of resident adapters.
  std::size_t adapters = 0, hits = 0, misses = 0, evictions = 0;
};

/// Keeps the adapters that were used last, up to a number of bytes, and reads files ahead.
/// A file is known by path, size and time of its last change: an overwritten one is read again.
///
/// Thread safety: all members may be called from several threads; two that want the same file
///                read it once. Adapters in use stay alive beyond their eviction.
class AdapterCache {
 public:
  using Loader = std::function<AdapterPtr(const std::filesystem::path&)>;

  /// `loader` is called from the caller's and from the prefetch thread.
  AdapterCache(Loader loader, std::int64_t capacity_bytes);
  /// Waits for the file that is being read ahead, drops the others.
  ~AdapterCache();
  AdapterCache(const AdapterCache&) = delete;
  AdapterCache& operator=(const AdapterCache&) = delete;

  /// The adapter, read now if it is not resident. Throws what the loader throws.
  [[nodiscard]] AdapterPtr get(const std::filesystem::path& file);

  /// Has it read on a background thread; returns at once. Errors are not kept: get() reports them.
  void prefetch(const std::filesystem::path& file);

  void clear();
  [[nodiscard]] AdapterCacheStats stats() const;

 private:
  struct Entry {
    AdapterPtr adapter;  ///< Null while it is being read.
    std::list<std::string>::iterator use;
  };

  [[nodiscard]] static std::string key_of(const std::filesystem::path& file);
  [[nodiscard]] AdapterPtr get(const std::filesystem::path& file, bool is_prefetch);
  void evict_beyond_capacity();
  void read_ahead();

  Loader loader_;
  std::int64_t capacity_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Entry> entries_;
  std::list<std::string> uses_;  ///< Most recent first; only resident ones.
  AdapterCacheStats stats_;
  std::deque<std::filesystem::path> wanted_;
  bool is_closing_ = false;
  std::thread reader_;  ///< Started by the first prefetch.
};

}  // namespace stylus::generator
