#include "generator/lora/adapter_cache.h"

#include <system_error>
#include <utility>

namespace stylus::generator {

AdapterCache::AdapterCache(Loader loader, std::int64_t capacity_bytes)
    : loader_(std::move(loader)), capacity_bytes_(capacity_bytes) {}

AdapterCache::~AdapterCache() {
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
    wanted_.clear();
  }
  changed_.notify_all();
  if (reader_.joinable()) {
    reader_.join();
  }
}

std::string AdapterCache::key_of(const std::filesystem::path& file) {
  std::error_code ignored;
  const std::uintmax_t size = std::filesystem::file_size(file, ignored);
  const auto time = std::filesystem::last_write_time(file, ignored).time_since_epoch().count();
  return file.string() + '\n' + std::to_string(size) + '\n' + std::to_string(time);
}

AdapterPtr AdapterCache::get(const std::filesystem::path& file) { return get(file, false); }

AdapterPtr AdapterCache::get(const std::filesystem::path& file, bool is_prefetch) {
  const std::string key = key_of(file);
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto entry = entries_.find(key);
    if (entry == entries_.end()) {
      break;
    }
    if (entry->second.adapter != nullptr) {
      stats_.hits += is_prefetch ? 0 : 1;
      uses_.splice(uses_.begin(), uses_, entry->second.use);
      return entry->second.adapter;
    }
    changed_.wait(lock);  // another thread reads it; if that fails the entry goes and we try
  }
  stats_.misses += is_prefetch ? 0 : 1;
  entries_.emplace(key, Entry{});
  lock.unlock();
  AdapterPtr adapter;
  try {
    adapter = loader_(file);
  } catch (...) {
    lock.lock();
    entries_.erase(key);
    changed_.notify_all();
    throw;
  }
  lock.lock();
  uses_.push_front(key);
  entries_[key] = Entry{adapter, uses_.begin()};
  stats_.bytes += adapter->bytes;
  ++stats_.adapters;
  evict_beyond_capacity();
  changed_.notify_all();
  return adapter;
}

void AdapterCache::evict_beyond_capacity() {
  // The newest stays even when it is larger than the whole capacity: it is in use now.
  while (stats_.bytes > capacity_bytes_ && uses_.size() > 1) {
    const auto entry = entries_.find(uses_.back());
    stats_.bytes -= entry->second.adapter->bytes;
    --stats_.adapters;
    ++stats_.evictions;
    entries_.erase(entry);
    uses_.pop_back();
  }
}

void AdapterCache::prefetch(const std::filesystem::path& file) {
  {
    const std::lock_guard lock(mutex_);
    wanted_.push_back(file);
    if (!reader_.joinable()) {
      reader_ = std::thread([this] { read_ahead(); });
    }
  }
  changed_.notify_all();
}

void AdapterCache::read_ahead() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_closing_ || !wanted_.empty(); });
    if (is_closing_) {
      return;
    }
    const std::filesystem::path file = std::move(wanted_.front());
    wanted_.pop_front();
    lock.unlock();
    try {
      static_cast<void>(get(file, true));
    } catch (const std::exception&) {
      // get() reports it to whoever needs the file.
    }
    lock.lock();
  }
}

void AdapterCache::clear() {
  const std::lock_guard lock(mutex_);
  for (const std::string& key : uses_) {
    entries_.erase(key);
  }
  uses_.clear();
  stats_.bytes = 0;
  stats_.adapters = 0;
}

AdapterCacheStats AdapterCache::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

}  // namespace stylus::generator
