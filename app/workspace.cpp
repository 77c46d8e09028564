#include "app/workspace.h"

#include <cstdlib>
#include <vector>

#include "app/log.h"
#include "support/error.h"

namespace stylus::app {
namespace {

std::filesystem::path default_home() {
  if (const char* home = std::getenv("STYLUS_HOME"); home != nullptr && *home != '\0') {
    return home;
  }
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data != '\0') {
    return std::filesystem::path(data) / "stylus";
  }
  const char* user = std::getenv("HOME");
  require(user != nullptr && *user != '\0', ErrorCode::kInvalidArgument,
          "neither STYLUS_HOME nor HOME is set; say where the catalogue is with --home DIR");
  return std::filesystem::path(user) / ".local" / "share" / "stylus";
}

}  // namespace

Locations find_locations(const GlobalOptions& global) {
  Locations locations;
  if (global.home.empty()) {
    locations.home = locations.default_home = default_home();
    return locations;
  }
  locations.home = locations.default_home = global.home;
  try {
    locations.default_home = default_home();
  } catch (const Error&) {
    // Without a default home only the given one is searched for models.
  }
  return locations;
}

std::optional<std::filesystem::path> find_encoder(const GlobalOptions& global,
                                                  const Locations& locations) {
  if (global.no_encoder) {
    return std::nullopt;
  }
  const std::string name = global.encoder.empty() ? kDefaultEncoder : global.encoder;
  std::vector<std::filesystem::path> places = {
      locations.home / "models" / "encoders" / name,
      locations.default_home / "models" / "encoders" / name};
  if (!global.encoder.empty()) {
    places.insert(places.begin(), global.encoder);
  }
  for (const std::filesystem::path& place : places) {
    if (std::filesystem::exists(place / "encoder.json")) {
      return place;
    }
  }
  require(global.encoder.empty(), ErrorCode::kNotFound, "there is no encoder '", global.encoder,
          "': neither a folder with encoder.json nor a name under ",
          (locations.home / "models" / "encoders").string(),
          ". tools/setup installs the default one");
  return std::nullopt;
}

catalog::Catalog open_catalog(const Locations& locations, catalog::OpenMode mode) {
  require(std::filesystem::exists(locations.catalog_file()), ErrorCode::kNotFound,
          "there is no catalogue in ", locations.home.string(),
          " yet. Import your adapters first: stylus import FOLDER");
  return {locations.catalog_file(), mode};
}

Workspace open_workspace(const GlobalOptions& global) {
  const Locations locations = find_locations(global);
  catalog::Catalog catalog = open_catalog(locations, catalog::OpenMode::kReadOnly);
  std::unique_ptr<encoder::TextEncoder> encoder;
  if (const auto folder = find_encoder(global, locations)) {
    log_debug("encoder: " + folder->string());
    encoder = encoder::open_text_encoder(*folder);
  } else if (!global.no_encoder) {
    log_warning(
        "no text encoder is installed, so search works by words only; tools/setup installs one");
  }
  retriever::Retriever retriever(catalog, locations.index_folder(), encoder ? encoder->id() : "");
  if (encoder && !retriever.has_vectors() && catalog.size() > 0) {
    log_warning("the cards are not encoded yet, so search works by words only; run: stylus refine");
    encoder.reset();
  }
  return {std::move(catalog), std::move(encoder), std::move(retriever)};
}

}  // namespace stylus::app
