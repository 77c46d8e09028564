#include "app/evaluation/judges.h"

#include <iostream>
#include <memory>
#include <optional>

#include "app/chat_options.h"
#include "evaluator/judging.h"
#include "support/file.h"

namespace stylus::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestReply = std::size_t{1} << 20U;
constexpr std::size_t kLargestPicture = std::size_t{64} << 20U;

void write_sheet(const EvaluateCommand& command, const evaluator::RunResults& results,
                 const evaluator::RunFolder& folder, const evaluator::PictureBytes& picture) {
  const std::vector<evaluator::JudgedPair> pairs =
      evaluator::judged_pairs(results, command.sheet[0], command.sheet[1]);
  const evaluator::JudgingSheet sheet = evaluator::judging_sheet(
      pairs, command.sheet[0], command.sheet[1], results.manifest.run_seed, picture);
  write_file_atomically(folder.path() / "sheet.html", sheet.html);
  write_file_atomically(folder.path() / "sheet-key.csv", sheet.key_csv);
  std::cerr << pairs.size() << " pairs in " << (folder.path() / "sheet.html").string()
            << "; sheet-key.csv beside it says which side is whose: keep it to yourself\n";
}

void ask_model(const EvaluateCommand& command, const evaluator::RunResults& results,
               const evaluator::RunFolder& folder, const evaluator::PictureBytes& picture,
               const ProgressFn& progress) {
  const std::vector<evaluator::JudgedPair> pairs =
      evaluator::judged_pairs(results, command.judge[0], command.judge[1]);
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
  write_file_atomically(folder.path() / "judgement.json",
                        evaluator::judgement_json(judgement, command.judge[0], command.judge[1]));
  std::cerr << command.judge[0] << " against " << command.judge[1] << ", judged by "
            << judgement.model << ": " << judgement.wins << " wins, " << judgement.ties << " ties, "
            << judgement.losses << " losses, " << judgement.unreadable
            << " unreadable; judgement.json has the rest\n";
}

}  // namespace

void judge_methods(const EvaluateCommand& command, const evaluator::RunResults& results,
                   const evaluator::RunFolder& folder, const ProgressFn& progress) {
  const evaluator::PictureBytes picture = [&](const std::string& sha256) {
    return read_file(folder.picture(sha256), kLargestPicture);
  };
  if (!command.sheet.empty()) {
    write_sheet(command, results, folder, picture);
  }
  if (!command.judge.empty()) {
    ask_model(command, results, folder, picture, progress);
  }
}

}  // namespace stylus::app
