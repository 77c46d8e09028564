#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/chat_options.h"
#include "app/evaluation/measuring.h"
#include "app/evaluation/planning.h"
#include "app/evaluation/rendering.h"
#include "app/log.h"
#include "app/output.h"
#include "app/progress_line.h"
#include "app/status_map.h"
#include "app/workspace.h"
#include "evaluator/judging.h"
#include "evaluator/layout.h"
#include "evaluator/plan_quality.h"
#include "evaluator/report.h"
#include "support/file.h"

namespace stylus::app {
namespace {

namespace fs = std::filesystem;
using evaluator::Manifest;

constexpr std::size_t kLargestRunFile = std::size_t{256} << 20U;
constexpr std::size_t kLargestReply = std::size_t{1} << 20U;
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

void print_figures(const evaluator::Figures& figures) {
  Table groups(
      {"model", "guidance", "method", "prompts", "pictures", "adapters", figures.clip_name});
  for (const evaluator::GroupFigures& group : figures.groups) {
    groups.add({group.model, number(group.guidance), group.method, std::to_string(group.prompts),
                std::to_string(group.pictures), number(group.adapters),
                with_interval(group.clip_score)});
  }
  Table pairs({"guidance", "comparison", "difference", "wins", "ties", "losses", "p (Holm)"});
  for (const evaluator::Comparison& pair : figures.comparisons) {
    pairs.add({number(pair.guidance), pair.first + " - " + pair.second,
               with_interval(pair.difference), std::to_string(pair.wins.wins),
               std::to_string(pair.wins.ties), std::to_string(pair.wins.losses),
               number(pair.p_holm, 4)});
  }
  std::cout << groups.str();
  if (!pairs.empty()) {
    std::cout << '\n' << pairs.str();
  }
  for (const std::string& warning : figures.warnings) {
    std::cerr << "note: " << warning << '\n';
  }
}

struct Counts {
  std::size_t done = 0, failed = 0, open = 0;
};

Counts counts_of(const evaluator::RunStore& store, const Shard& shard) {
  Counts counts;
  for (const evaluator::PictureRecord& record : store.pictures()) {
    if (!shard.has(record.task.batch)) {
      continue;
    }
    counts.done += record.state == evaluator::PictureState::kDone ? 1 : 0;
    counts.failed += record.state == evaluator::PictureState::kFailed ? 1 : 0;
    counts.open += record.state == evaluator::PictureState::kOpen ? 1 : 0;
  }
  return counts;
}

/// Pictures that shards have made, brought into one folder.
void merge_shards(const EvaluateCommand& command, const Manifest& run,
                  const evaluator::RunFolder& folder, evaluator::RunStore& store,
                  const ProgressFn& progress) {
  std::size_t number = 0;
  for (const std::string& part : command.merge) {
    progress({"merging", number++, command.merge.size()});
    require(evaluator::run_id(evaluator::stored_manifest(part)) == evaluator::run_id(run),
            ErrorCode::kInvalidArgument, "'", part, "' holds another run than ", command.run_file);
    const evaluator::RunStore other(fs::path(part) / "items.db");
    for (const evaluator::PictureRecord& record : other.pictures()) {
      if (record.state != evaluator::PictureState::kDone ||
          fs::exists(folder.picture(record.sha256))) {
        continue;
      }
      const fs::path place = folder.picture(record.sha256);
      const fs::path scratch = folder.scratch() / place.filename();
      std::error_code error;
      fs::create_directories(place.parent_path(), error);
      fs::copy_file(evaluator::RunFolder::picture_in(part, record.sha256), scratch, error);
      require(!error, ErrorCode::kIo, "'", part,
              "' lacks a picture that its items.db names: ", error.message());
      require(folder.keep_picture(scratch) == record.sha256, ErrorCode::kCorruptData, "'", part,
              "': the picture ", record.sha256, " is damaged");
    }
    store.merge(other);
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

/// Pictures of two methods for a judge: a sheet for people, or a model behind --llm.
void judge_methods(const EvaluateCommand& command, const evaluator::RunResults& results,
                   const evaluator::RunFolder& folder, const ProgressFn& progress) {
  const evaluator::PictureBytes picture = [&](const std::string& sha256) {
    return read_file(folder.picture(sha256), kLargestPicture);
  };
  if (!command.sheet.empty()) {
    const auto pairs = evaluator::judged_pairs(results, command.sheet[0], command.sheet[1]);
    const evaluator::JudgingSheet sheet = evaluator::judging_sheet(
        pairs, command.sheet[0], command.sheet[1], results.manifest.run_seed, picture);
    write_file_atomically(folder.path() / "sheet.html", sheet.html);
    write_file_atomically(folder.path() / "sheet-key.csv", sheet.key_csv);
    std::cerr << pairs.size() << " pairs in " << (folder.path() / "sheet.html").string()
              << "; sheet-key.csv beside it says which side is whose: keep it to yourself\n";
  }
  if (!command.judge.empty()) {
    const auto pairs = evaluator::judged_pairs(results, command.judge[0], command.judge[1]);
    const std::unique_ptr<chat::Client> client = open_chat(command.chat);
    const fs::path answers = folder.path() / "judgements";
    const evaluator::JudgementCache cache = {
        [&](const std::string& key) {
          const fs::path file = answers / (key + ".txt");
          return fs::exists(file) ? std::optional(read_file(file, kLargestReply)) : std::nullopt;
        },
        [&](const std::string& key, const std::string& reply) {
          write_file_atomically(answers / (key + ".txt"), reply);
        }};
    const evaluator::Judgement judgement =
        evaluator::judge_pairs(pairs, *client, picture, cache, [&](std::size_t done) {
          progress({"judging", done, pairs.size()});
        });
    const std::string json =
        evaluator::judgement_json(judgement, command.judge[0], command.judge[1]);
    write_file_atomically(folder.path() / "judgement.json", json);
    std::cerr << command.judge[0] << " against " << command.judge[1] << ", judged by "
              << judgement.model << ": " << judgement.wins << " wins, " << judgement.ties
              << " ties, " << judgement.losses << " losses, " << judgement.unreadable
              << " unreadable; judgement.json has the rest\n";
  }
}

/// Plans against reference plans; the ceilings are those of the catalogue at hand.
int measure_plans(const GlobalOptions& global, const EvaluateCommand& command) {
  require(!command.plans_file.empty() && !command.reference_plans_file.empty(),
          ErrorCode::kInvalidArgument, "--plans and --reference-plans go together");
  const auto list_of = [](const std::string& file) {
    std::vector<composer::Plan> plans;
    for (auto& [id, plan] : read_plans(file)) {
      plans.push_back(plan);
    }
    return plans;
  };
  const Locations locations = find_locations(global);
  std::optional<catalog::Catalog> catalog;
  if (fs::exists(locations.catalog_file())) {
    catalog.emplace(open_catalog(locations, catalog::OpenMode::kReadOnly));
  }
  const evaluator::PlanQuality quality = evaluator::plan_quality(
      list_of(command.plans_file), list_of(command.reference_plans_file),
      [&](std::string_view id) { return !catalog || catalog->find(id).has_value(); });
  const std::string json = evaluator::plan_quality_json(quality);
  if (!command.output.empty()) {
    write_file_atomically(command.output, json);
  }
  if (global.json) {
    std::cout << json;
    return kSuccess;
  }
  Table table({"figure", "value"});
  const auto add = [&table](const char* name, const evaluator::Interval& interval) {
    table.add({name, number(interval.value, 4) + " [" + number(interval.low, 4) + ", " +
                         number(interval.high, 4) + "]"});
  };
  add("adapters: F1", quality.f1);
  add("adapters: F1 at best here", quality.f1_ceiling);
  add("adapters: precision", quality.precision);
  add("adapters: recall", quality.recall);
  add("any hit", quality.any_hit);
  add("any hit at best here", quality.hit_ceiling);
  add("keywords: equal spans, F1", quality.span_f1);
  add("keywords: words, F1", quality.word_f1);
  add("keywords: covered or not", quality.coverage_agreement);
  std::cout << table.str();
  std::cerr << quality.prompts << " plans compared, " << quality.missing
            << " missing (they count as empty)\n";
  return kSuccess;
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
  require(!command.run_file.empty(), ErrorCode::kInvalidArgument,
          "give a run file: stylus evaluate run.json (docs/evaluation.md shows one)");
  const fs::path file = command.run_file;
  const Manifest run = evaluator::read_manifest(read_file(file, kLargestRunFile), file.string(),
                                                fs::absolute(file).parent_path());
  require(run.metrics.inception.empty() || fs::exists(run.metrics.inception), ErrorCode::kNotFound,
          "there are no Inception weights at '", run.metrics.inception.string(),
          "'; tools/convert_inception.py makes them out of pytorch-fid's file");
  const Shard shard = read_shard(command.shard);
  const fs::path output = output_of(command);
  const std::size_t cells = run.models.size() * run.methods.size() * run.guidance.size() *
                            run.prompts.size() * static_cast<std::size_t>(run.pictures);
  if (command.dry_run) {
    std::cout << evaluator::manifest_json(run);
    std::cerr << cells << " pictures at most, into " << output.string() << '\n';
    return kSuccess;
  }
  ProgressLine line(global);
  const ProgressFn progress = line.function();
  const evaluator::RunFolder folder(command.shard.empty()
                                        ? output
                                        : output / ("shard-" + std::to_string(shard.index) +
                                                    "-of-" + std::to_string(shard.count)),
                                    run);
  evaluator::RunStore store(folder.database());
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
  if (!command.merge.empty()) {
    merge_shards(command, run, folder, store, progress);
  } else {
    render_run(global, command, run, folder, store, shard, progress);
  }
  const Counts counts = counts_of(store, shard);
  if (!command.shard.empty()) {
    std::cerr << "shard " << command.shard << ": " << counts.done << " pictures made, "
              << counts.failed << " failed; bring the shards together with --merge\n";
    return counts.failed == 0 ? kSuccess : kSomeRefused;
  }
  const evaluator::RunResults results =
      gather_results(global, command, run, folder, store, progress);
  const evaluator::Figures figures = evaluator::measure(results);
  const std::string metrics = evaluator::figures_json(results, figures);
  write_file_atomically(output / "metrics.json", metrics);
  write_file_atomically(output / "report.html",
                        evaluator::report_html(results, figures, [&](const std::string& sha256) {
                          const fs::path picture = folder.picture(sha256);
                          return fs::exists(picture) ? read_file(picture, kLargestPicture)
                                                     : std::string();
                        }));
  judge_methods(command, results, folder, progress);
  if (global.json) {
    std::cout << metrics;
  } else {
    print_figures(figures);
  }
  if (!global.quiet) {
    std::cerr << counts.done << " pictures, " << counts.failed << " failed, " << counts.open
              << " not made; report in " << (output / "report.html").string()
              << ", figures in metrics.json beside it\n";
  }
  return counts.failed + counts.open == 0 && figures.failures.empty() ? kSuccess : kSomeRefused;
}

}  // namespace stylus::app
