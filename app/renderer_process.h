#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace stylus::app {

/// The program `stylus-render` beside this one; "" where it was not built or installed.
[[nodiscard]] std::filesystem::path find_renderer();

/// Runs another program of ours that takes a job and answers with events: "stylus-render" or
/// "stylus-evaluate". `for_what` begins the message where it is missing: "pictures need".
/// Errors: as run_renderer.
void run_helper(const std::string& program, const std::string& for_what,
                const nlohmann::ordered_json& job,
                const std::function<void(const nlohmann::json&)>& on_event);

/// Runs `stylus-render` on a job and hands each of its events to `on_event`.
///
/// The renderer is a process of its own: libtorch takes a quarter of a second and 120 MB to load,
/// which no other verb should pay (docs/decisions/011).
/// Ctrl-C reaches both; the renderer stops after its step and keeps finished pictures.
/// Errors: the one that the renderer reports; Error(kUnavailable) when it is not there (with how to
///         get it), cannot be started or ends without a word. What on_event throws ends the
///         renderer.
void run_renderer(const nlohmann::ordered_json& job,
                  const std::function<void(const nlohmann::json&)>& on_event);

}  // namespace stylus::app
