#include "app/commands/evaluate_options.h"

#include <memory>

#include "app/commands/verbs.h"
#include "app/verb.h"

namespace stylus::app {

void add_evaluate_verb(CLI::App& app, Action& chosen) {
  const auto command = std::make_shared<EvaluateCommand>();
  CLI::App& verb =
      add_verb(app, "evaluate", "Pictures of several methods side by side, measured and reported",
               "evaluate run.json", chosen,
               [command](const GlobalOptions& global) { return run_evaluate(global, *command); });
  verb.add_option("RUN", command->run_file, "What to compare (docs/evaluation.md)");
  verb.add_option("-o,--output", command->output,
                  "Folder of the run (default: the run file's name + -results)");
  verb.add_option("--shard", command->shard, "Only part I of N of the pictures: I/N");
  verb.add_option("--merge", command->merge, "Bring the folders of all shards together");
  verb.add_option("--compare", command->compare, "Two folders of runs, side by side")->expected(2);
  verb.add_option("--plans", command->plans_file,
                  "Measure these plans (JSON lines) instead of pictures");
  verb.add_option("--reference-plans", command->reference_plans_file,
                  "The plans that --plans should agree with");
  verb.add_option("--sheet", command->sheet,
                  "Two methods: write a blind sheet for people to judge (sheet.html)")
      ->expected(2);
  verb.add_option("--judge", command->judge,
                  "Two methods: let the model behind --llm judge them, both ways round")
      ->expected(2);
  add_chat_options(verb, command->chat, "--llm", "--llm-model");
  verb.add_flag("--retry-failed", command->retry_failed, "Try failed pictures again");
  verb.add_flag("--dry-run", command->dry_run, "Say what would be made, make nothing");
  verb.add_option("--device", command->device, "auto (default), cpu, cuda or cuda:N");
  verb.add_option("--threads", command->threads, "Of the CPU (default: all)")
      ->check(CLI::Range(0, 4096));
}

}  // namespace stylus::app
