#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/command_line.h"
#include "app/status_map.h"
#include "support/error.h"

namespace {

/// Reports a failure once, in the form that was asked for.
void report(const stylus::app::GlobalOptions& global, const char* code, const char* message) {
  if (global.json) {
    const nlohmann::ordered_json answer = {{"error", {{"code", code}, {"message", message}}}};
    std::cout << answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  }
  std::cerr << "stylus: " << message << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  stylus::app::GlobalOptions global;
  try {
    return stylus::app::run_command_line(argc, argv, global);
  } catch (const stylus::Error& error) {
    report(global, stylus::error_name(error.code()), error.what());
    return stylus::app::exit_status(error.code());
  } catch (const std::bad_alloc&) {
    report(global, "unavailable", "there is not enough memory for this");
    return stylus::app::exit_status(stylus::ErrorCode::kUnavailable);
  } catch (const std::exception& error) {
    report(global, "internal",
           (std::string("this is a bug in stylus, please report it: ") + error.what()).c_str());
    return stylus::app::kInternalError;
  }
}
