#pragma once

#include <string>

namespace stylus::app {

/// Options that every verb understands.
struct GlobalOptions {
  std::string home;     ///< --home; else STYLUS_HOME, else the XDG data folder + /stylus.
  std::string encoder;  ///< --encoder: a name under models/encoders or a folder; "" = default.
  bool no_encoder = false;
  bool json = false;
  bool quiet = false;
  bool verbose = false;
};

}  // namespace stylus::app
