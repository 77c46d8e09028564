#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "refiner/queue.h"
#include "support/error.h"

namespace stylus::refiner {
namespace {

/// What must not leave the machine unless the user said so.
bool is_private(const catalog::Adapter& adapter, const ModelOptions& options) {
  const bool safe = catalog::effective_rating(adapter) == catalog::Rating::kSafe;
  return (!safe && !options.allow_adult) || (adapter.real_person && !options.allow_people);
}

std::vector<catalog::AdapterRow> due_rows(const catalog::Catalog& catalog,
                                          const Describer& describer, const ModelOptions& options,
                                          ModelReport& report) {
  const std::string model = describer.model();
  const std::string author = model + "/" + describer.prompt_version();
  std::set<catalog::AdapterRow> answered;
  if (!options.retry) {
    for (const catalog::AdapterRow row :
         catalog::answered_rows(catalog, model, describer.prompt_version())) {
      answered.insert(row);
    }
  }
  std::vector<catalog::AdapterRow> due;
  for (catalog::AdapterRow row = 1; row <= catalog.max_row(); ++row) {
    if (answered.count(row) != 0) {
      continue;
    }
    const std::optional<catalog::Refinement> standing = catalog::refinement_of(catalog, row);
    if (!standing || standing->author == author) {
      continue;
    }
    if (is_private(catalog::unrefined(catalog, row), options)) {
      ++report.kept_back;
    } else {
      due.push_back(row);
    }
  }
  return due;
}

/// The workers' shared desk: who is next, and what was answered.
struct Desk {
  std::mutex lock;
  catalog::Catalog& catalog;
  std::vector<catalog::AdapterRow> rows;
  std::size_t next = 0;
  std::atomic<bool> stop{false};
  ModelReport& report;
  std::exception_ptr broken;
};

struct Question {
  catalog::Adapter adapter;
  catalog::Refinement by_rules;
};

/// The next adapter, or nothing when there is none or the run is to end. The catalogue is read
/// under the lock: it serves one thread at a time.
std::optional<Question> take(Desk& desk) {
  const std::lock_guard<std::mutex> guard(desk.lock);
  while (!desk.stop && desk.next < desk.rows.size()) {
    const catalog::AdapterRow row = desk.rows[desk.next++];
    if (auto by_rules = catalog::rules_refinement_of(desk.catalog, row)) {
      return Question{catalog::unrefined(desk.catalog, row), std::move(*by_rules)};
    }
  }
  return std::nullopt;
}

void store(Desk& desk, const Question& question, Described described, const Describer& describer) {
  catalog::ModelReply& reply = described.reply;
  reply.row = question.adapter.row;
  reply.model = describer.model();
  reply.prompt_version = describer.prompt_version();
  reply.input = question.by_rules.input;
  if (described.refinement) {
    described.refinement->author = reply.model + "/" + reply.prompt_version;
    described.refinement->input = reply.input;
  }
  const std::lock_guard<std::mutex> guard(desk.lock);
  catalog::store_reply(desk.catalog, reply, described.refinement);
  ModelReport& report = desk.report;
  ++report.asked;
  report.accepted += described.refinement ? 1 : 0;
  ++report.outcomes[reply.outcome];
  report.requests += reply.requests;
  report.input_tokens += reply.input_tokens;
  report.output_tokens += reply.output_tokens;
  report.pictures += reply.pictures;
}

void work(Desk& desk, Describer& describer) {
  try {
    while (std::optional<Question> question = take(desk)) {
      Described described = describer.describe(question->adapter, question->by_rules);
      store(desk, *question, std::move(described), describer);
    }
  } catch (const Error& error) {
    const std::lock_guard<std::mutex> guard(desk.lock);
    desk.stop = true;
    if (desk.report.stopped_by.empty()) {
      desk.report.stopped_by = error.what();
    }
  } catch (...) {
    const std::lock_guard<std::mutex> guard(desk.lock);
    desk.stop = true;
    desk.broken = std::current_exception();
  }
}

}  // namespace

ModelReport refine_by_model(catalog::Catalog& catalog, Describer& describer,
                            const ModelOptions& options, const ProgressFn& progress) {
  ModelReport report;
  std::vector<catalog::AdapterRow> rows = due_rows(catalog, describer, options, report);
  report.due = static_cast<std::int64_t>(rows.size());
  if (options.limit > 0) {
    rows.resize(std::min(rows.size(), static_cast<std::size_t>(options.limit)));
  }
  Desk desk{{}, catalog, std::move(rows), 0, {}, report, {}};
  const std::size_t total = desk.rows.size();
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < std::clamp<std::size_t>(options.workers, 1, 64) && i < total; ++i) {
    workers.emplace_back([&] { work(desk, describer); });
  }
  std::exception_ptr cancelled;
  for (bool running = !workers.empty(); running;) {
    Progress now{"asking the model", 0, total, ""};
    {
      const std::lock_guard<std::mutex> guard(desk.lock);
      now.done = static_cast<std::size_t>(report.asked);
      now.note = std::to_string(report.input_tokens + report.output_tokens) + " tokens";
      running = !desk.stop && now.done < total;
    }
    try {
      if (progress) {
        progress(now);
      }
    } catch (...) {
      cancelled = std::current_exception();
      desk.stop = true;
      running = false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(running ? 50 : 0));
  }
  for (std::thread& worker : workers) {
    worker.join();
  }
  if (desk.broken) {
    std::rethrow_exception(desk.broken);
  }
  if (cancelled) {
    std::rethrow_exception(cancelled);
  }
  return report;
}

}  // namespace stylus::refiner
