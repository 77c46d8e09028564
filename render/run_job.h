#pragma once

#include <atomic>

#include "render/events.h"
#include "render/job.h"

namespace stylus::render {

/// Loads the model, renders the job's plan and writes its pictures.
///
/// Every file is written whole or not at all; pictures that are finished stay when a later one
/// fails. `cancelled` is looked at after every step: Error(kCancelled).
/// Errors: those of the generator, of reading pictures and writing files.
void run_job(Job job, Events& events, const std::atomic<bool>& cancelled);

}  // namespace stylus::render
