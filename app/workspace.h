#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "app/options.h"
#include "catalog/catalog.h"
#include "encoder/encoder.h"
#include "retriever/retriever.h"

namespace stylus::app {

/// Where things lie on this machine; the only reader of the environment.
struct Locations {
  std::filesystem::path home;  ///< catalog.db, index/, models/
  std::filesystem::path
      default_home;  ///< What `home` would be without --home; its models serve too.

  [[nodiscard]] std::filesystem::path catalog_file() const { return home / "catalog.db"; }
  [[nodiscard]] std::filesystem::path index_folder() const { return home / "index"; }
};

[[nodiscard]] Locations find_locations(const GlobalOptions& global);

inline constexpr const char* kDefaultEncoder = "use-multilingual-v3";

/// The folder of the encoder to use, or nothing when none is installed or --no-encoder was given.
/// Requires: an encoder named with --encoder exists, else Error(kNotFound).
[[nodiscard]] std::optional<std::filesystem::path> find_encoder(const GlobalOptions& global,
                                                                const Locations& locations);

/// The open catalogue with its encoder and index: what search and plan need.
struct Workspace {
  catalog::Catalog catalog;
  std::unique_ptr<encoder::TextEncoder> encoder;  ///< Null: lexical only.
  retriever::Retriever retriever;
};

/// Requires: an imported catalogue, else Error(kNotFound) that says how to import.
[[nodiscard]] Workspace open_workspace(const GlobalOptions& global);

/// Opens an existing catalogue; Error(kNotFound) that says how to import when there is none.
[[nodiscard]] catalog::Catalog open_catalog(const Locations& locations, catalog::OpenMode mode);

}  // namespace stylus::app
