// Imports what it is told and ends: the process that the kill test kills.
// Usage: catalog_import_victim CATALOG PATH...
#include <exception>
#include <filesystem>
#include <iostream>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/importer.h"

int main(int argc, char** argv) {
  try {
    using namespace stylus::catalog;
    Catalog catalog(argv[1], OpenMode::kReadWrite);
    (void)import_paths(catalog, std::vector<std::filesystem::path>(argv + 2, argv + argc), {});
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
