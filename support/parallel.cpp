#include "support/parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

namespace stylus {
namespace {

thread_local bool inside_parallel_for = false;

/// One call of parallel_for. Workers that arrive late find no piece left and go away.
struct Job {
  std::size_t count;
  std::size_t grain;
  const std::function<void(std::size_t, std::size_t)>* body;
  std::size_t pieces;
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> done{0};
  std::mutex mutex;
  std::condition_variable finished;
  std::exception_ptr error;

  void work() {
    for (;;) {
      const std::size_t piece = next.fetch_add(1);
      if (piece >= pieces) {
        return;
      }
      try {
        (*body)(piece * grain, std::min(count, (piece + 1) * grain));
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!error) {
          error = std::current_exception();
        }
      }
      if (done.fetch_add(1) + 1 == pieces) {
        const std::lock_guard lock(mutex);
        finished.notify_all();
      }
    }
  }
};

class Pool {
 public:
  explicit Pool(std::size_t workers) {
    for (std::size_t i = 0; i < workers; ++i) {
      threads_.emplace_back([this] { run(); });
    }
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }

  void offer(const std::shared_ptr<Job>& job, std::size_t helpers) {
    {
      const std::lock_guard lock(mutex_);
      for (std::size_t i = 0; i < std::min(helpers, threads_.size()); ++i) {
        jobs_.push(job);
      }
    }
    wake_.notify_all();
  }

 private:
  void run() {
    inside_parallel_for = true;
    for (;;) {
      std::shared_ptr<Job> job;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
        if (stopping_) {
          return;
        }
        job = jobs_.front();
        jobs_.pop();
      }
      job->work();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::queue<std::shared_ptr<Job>> jobs_;
  std::vector<std::thread> threads_;
  bool stopping_ = false;
};

Pool& pool() {
  static Pool shared(hardware_threads() - 1);
  return shared;
}

}  // namespace

std::size_t hardware_threads() {
  return std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

void parallel_for(std::size_t count, std::size_t grain,
                  const std::function<void(std::size_t, std::size_t)>& body, std::size_t threads) {
  if (count == 0) {
    return;
  }
  if (threads == 0) {
    threads = hardware_threads();
  }
  const std::size_t pieces = (count + grain - 1) / grain;
  if (threads == 1 || pieces == 1 || inside_parallel_for) {
    for (std::size_t piece = 0; piece < pieces; ++piece) {
      body(piece * grain, std::min(count, (piece + 1) * grain));
    }
    return;
  }
  const auto job = std::make_shared<Job>();
  job->count = count;
  job->grain = grain;
  job->body = &body;
  job->pieces = pieces;
  pool().offer(job, std::min(threads, pieces) - 1);
  inside_parallel_for = true;
  job->work();
  inside_parallel_for = false;
  std::unique_lock lock(job->mutex);
  job->finished.wait(lock, [&] { return job->done.load() == job->pieces; });
  if (job->error) {
    std::rethrow_exception(job->error);
  }
}

}  // namespace stylus
