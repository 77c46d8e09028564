#include <iostream>

#include "app/evaluation/judges.h"
#include "app/evaluation/measuring.h"
#include "app/evaluation/plan_measuring.h"
#include "app/evaluation/planning.h"
#include "app/evaluation/rendering.h"
#include "app/evaluation/shards.h"
#include "app/log.h"
#include "app/output.h"
#include "app/progress_line.h"
#include "app/status_map.h"
#include "evaluator/layout.h"
#include "evaluator/report.h"
#include "evaluator/run_lock.h"
#include "support/error.h"
#include "support/file.h"

namespace stylus::app {
namespace {

namespace fs = std::filesystem;
using evaluator::Manifest;

constexpr std::size_t kLargestRunFile = std::size_t{256} << 20U;
constexpr std::size_t kLargestPicture = std::size_t{64} << 20U;

fs::path output_of(const EvaluateCommand& command) {
  if (!command.output.empty()) {
    return command.output;
  }
  const fs::path file = command.run_file;
  return file.parent_path() / (file.stem().string() + "-results");
}

std::string with_interval(const evaluator::Interval& interval) {
  return number(interval.value, 2) + " [" + number(interval.low, 2) + ", " +
         number(interval.high, 2) + "]";
}

/// The groups, and the comparisons of the figure that was named in advance.
void print_figures(const Manifest& run, const evaluator::Figures& figures) {
  Table groups({"model", "guidance", "method", "prompts", "pictures", "adapters",
                figures.clip_name.empty() ? "CLIP score" : figures.clip_name, "keywords"});
  for (const evaluator::GroupFigures& group : figures.groups) {
    groups.add({group.model, number(group.guidance), group.method, std::to_string(group.prompts),
                std::to_string(group.pictures), number(group.adapters),
                figures.clip_name.empty() ? "-" : with_interval(group.clip_score),
                group.presence_prompts == 0 ? "-" : with_interval(group.keyword_presence)});
  }
  Table pairs({"guidance", "comparison", "difference", "wins", "ties", "losses", "p (Holm)"});
  for (const evaluator::Comparison& pair : figures.comparisons) {
    if (pair.metric == run.primary) {
      pairs.add({pair.guidance ? number(*pair.guidance) : "all", pair.first + " - " + pair.second,
                 with_interval(pair.difference), std::to_string(pair.wins.wins),
                 std::to_string(pair.wins.ties), std::to_string(pair.wins.losses),
                 number(pair.p_holm, 4)});
    }
  }
  std::cout << groups.str();
  if (!pairs.empty()) {
    std::cout << '\n' << run.primary << ", paired by prompt\n" << pairs.str();
  }
  for (const std::string& warning : figures.warnings) {
    std::cerr << "note: " << warning << '\n';
  }
}

int compare_runs(const EvaluateCommand& command) {
  const auto metrics_of = [](const std::string& folder) {
    return read_file(fs::path(folder) / "metrics.json", kLargestRunFile);
  };
  const std::string html =
      evaluator::comparison_html(command.compare[0], metrics_of(command.compare[0]),
                                 command.compare[1], metrics_of(command.compare[1]));
  const fs::path output = command.output.empty() ? std::string("comparison.html") : command.output;
  write_file_atomically(output, html);
  std::cerr << "comparison in " << output.string() << '\n';
  return kSuccess;
}

Manifest read_run(const EvaluateCommand& command) {
  require(!command.run_file.empty(), ErrorCode::kInvalidArgument,
          "give a run file: stylus evaluate run.json (docs/evaluation.md shows one)");
  const fs::path file = command.run_file;
  Manifest run = evaluator::read_manifest(read_file(file, kLargestRunFile), file.string(),
                                          fs::absolute(file).parent_path());
  require(run.metrics.inception.empty() || fs::exists(run.metrics.inception), ErrorCode::kNotFound,
          "there are no Inception weights at '", run.metrics.inception.string(),
          "'; tools/convert_inception.py makes them out of pytorch-fid's file");
  return run;
}

/// Plans the run and makes the pictures of the shard, or merges what shards have made.
void make_pictures(const GlobalOptions& global, const EvaluateCommand& command, const Manifest& run,
                   const evaluator::RunFolder& folder, evaluator::RunStore& store,
                   const Shard& shard, const ProgressFn& progress) {
  progress({"reading models", 0, run.models.size()});
  evaluator::hold_to_models(folder.path(), painting_models(global, run));
  if (!store.is_laid_out()) {
    plan_run(global, command, run, store, progress);
    const evaluator::Layout layout = evaluator::lay_out(run, store.plans());
    require(!layout.items.empty(), ErrorCode::kInvalidArgument,
            "no prompt could be planned; the first reason: ", store.plans().front().error);
    store.lay_out(layout.items, layout.pictures);
  }
  if (command.retry_failed) {
    store.reopen_failed();
  }
  if (command.merge.empty()) {
    render_run(global, command, run, folder, store, shard, progress);
  } else {
    merge_shards(command.merge, run, folder, store, progress);
  }
}

/// Measures what is there and writes figures and report. Returns whether nothing failed.
bool report_run(const GlobalOptions& global, const EvaluateCommand& command, const Manifest& run,
                const evaluator::RunFolder& folder, const evaluator::RunStore& store,
                const ProgressFn& progress) {
  const evaluator::RunResults results =
      gather_results(global, command, run, folder, store, progress);
  const evaluator::Figures figures = evaluator::measure(results, progress);
  const std::string metrics = evaluator::figures_json(results, figures);
  write_file_atomically(folder.path() / "metrics.json", metrics);
  write_file_atomically(folder.path() / "report.html",
                        evaluator::report_html(results, figures, [&](const std::string& sha256) {
                          const fs::path picture = folder.picture(sha256);
                          return fs::exists(picture) ? read_file(picture, kLargestPicture)
                                                     : std::string();
                        }));
  judge_methods(command, results, folder, progress);
  if (global.json) {
    std::cout << metrics;
  } else {
    print_figures(run, figures);
  }
  return figures.failures.empty();
}

}  // namespace

int run_evaluate(const GlobalOptions& global, const EvaluateCommand& command) {
  start_log(global);
  if (!command.compare.empty()) {
    return compare_runs(command);
  }
  if (!command.plans_file.empty() || !command.reference_plans_file.empty()) {
    return measure_plans(global, command);
  }
  const Manifest run = read_run(command);
  const Shard shard = read_shard(command.shard);
  const fs::path output = output_of(command);
  if (command.dry_run) {
    const std::size_t cells = run.models.size() * run.methods.size() * run.guidance.size() *
                              run.prompts.size() * static_cast<std::size_t>(run.pictures);
    std::cout << evaluator::manifest_json(run);
    std::cerr << cells << " pictures at most, into " << output.string() << '\n';
    return kSuccess;
  }
  ProgressLine line(global);
  const ProgressFn progress = line.function();
  const bool is_whole = command.shard.empty();
  const evaluator::RunFolder folder(is_whole ? output : shard_folder(output, shard), run);
  evaluator::RunStore store(folder.database());
  make_pictures(global, command, run, folder, store, shard, progress);
  const PictureCounts counts = count_pictures(store, shard);
  if (!is_whole) {
    std::cerr << "shard " << command.shard << ": " << counts.done << " pictures made, "
              << counts.failed << " failed; bring the shards together with --merge\n";
    return counts.failed == 0 ? kSuccess : kSomeRefused;
  }
  const bool is_clean = report_run(global, command, run, folder, store, progress);
  if (!global.quiet) {
    std::cerr << counts.done << " pictures, " << counts.failed << " failed, " << counts.open
              << " not made; report in " << (output / "report.html").string()
              << ", figures in metrics.json beside it\n";
  }
  return counts.failed + counts.open == 0 && is_clean ? kSuccess : kSomeRefused;
}

}  // namespace stylus::app
