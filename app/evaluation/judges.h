#pragma once

#include "app/commands/evaluate_options.h"
#include "evaluator/figures.h"
#include "evaluator/run_folder.h"
#include "support/progress.h"

namespace stylus::app {

/// Does what --sheet and --judge ask for, with the pictures of a run: sheet.html and sheet-key.csv
/// for people, judgement.json by the model behind --llm. Answers of the model are kept in
/// `judgements/`, so that it is asked nothing twice. Says on standard error what it did.
/// Errors: Error(kInvalidArgument) for methods that the run lacks; those of the model.
void judge_methods(const EvaluateCommand& command, const evaluator::RunResults& results,
                   const evaluator::RunFolder& folder, const ProgressFn& progress);

}  // namespace stylus::app
