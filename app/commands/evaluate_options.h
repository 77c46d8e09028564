#pragma once

#include <string>
#include <vector>

#include "app/chat_options.h"
#include "app/options.h"

namespace stylus::app {

/// What `stylus evaluate` was told.
struct EvaluateCommand {
  std::string run_file;
  std::string output;                            ///< Folder; "" = the run file's name + "-results".
  std::string shard;                             ///< "2/8"
  std::vector<std::string> merge;                ///< Folders of shards.
  std::vector<std::string> compare;              ///< Two run folders.
  std::string plans_file, reference_plans_file;  ///< Plan quality, without pictures.
  std::vector<std::string> sheet;                ///< Two methods for people to judge.
  std::vector<std::string> judge;                ///< Two methods for a model to judge.
  ChatOptions chat;                              ///< For methods of kind llm, and the judge.
  bool retry_failed = false;
  bool dry_run = false;
  std::string device = "auto";
  int threads = 0;
};

int run_evaluate(const GlobalOptions& global, const EvaluateCommand& command);

}  // namespace stylus::app
