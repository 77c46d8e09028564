stylus_benchmark(catalog_import_bench SOURCES catalog_import_bench.cpp
  DEPS stylus::catalog nlohmann_json::nlohmann_json)
stylus_benchmark(catalog_filter_bench SOURCES catalog_filter_bench.cpp
  DEPS stylus::catalog nlohmann_json::nlohmann_json)
