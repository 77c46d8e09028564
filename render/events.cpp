#include "render/events.h"

#include <nlohmann/json.hpp>
#include <ostream>

namespace stylus::render {
namespace {

using nlohmann::ordered_json;

void write(std::ostream& out, const ordered_json& event) {
  out << event.dump(-1, ' ', false, ordered_json::error_handler_t::replace) << '\n' << std::flush;
}

}  // namespace

void Events::model(const std::string& base, std::int64_t size, std::int64_t factor,
                   const std::string& sampler, const std::string& device) {
  write(out_, {{"event", "model"},
               {"base", base},
               {"size", size},
               {"factor", factor},
               {"sampler", sampler},
               {"device", device}});
}

void Events::step(std::size_t done, std::size_t total) {
  write(out_, {{"event", "step"}, {"done", done}, {"total", total}});
}

void Events::preview(std::size_t image, const std::filesystem::path& file) {
  write(out_, {{"event", "preview"}, {"image", image}, {"file", file.string()}});
}

void Events::picture(std::size_t image, std::uint64_t seed, const std::filesystem::path& file) {
  write(out_, {{"event", "picture"}, {"image", image}, {"seed", seed}, {"file", file.string()}});
}

void Events::batch(std::size_t number, const BatchReport& report) {
  ordered_json event = {{"event", "batch"},
                        {"batch", number},
                        {"pictures", report.pictures},
                        {"seconds", report.seconds},
                        {"prepare_seconds", report.prepare_seconds}};
  if (!report.error.empty()) {
    event["error"] = {{"code", report.error_code}, {"message", report.error}};
  }
  write(out_, event);
}

void Events::done(std::size_t pictures, const std::vector<std::string>& warnings,
                  const std::vector<generator::AdapterReport>& adapters) {
  ordered_json reports = ordered_json::array();
  for (const generator::AdapterReport& report : adapters) {
    reports.push_back({{"file", report.file},
                       {"base", report.base},
                       {"dialect", report.dialect},
                       {"layers", report.layers},
                       {"applied", report.applied},
                       {"coverage", report.coverage()},
                       {"unused", report.unused},
                       {"warnings", report.warnings}});
  }
  write(out_, {{"event", "done"},
               {"pictures", pictures},
               {"warnings", warnings},
               {"adapters", std::move(reports)}});
}

void Events::error(ErrorCode code, const std::string& message) {
  write(out_, {{"event", "error"}, {"code", error_name(code)}, {"message", message}});
}

}  // namespace stylus::render
