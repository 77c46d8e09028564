stylus_benchmark(composer_plan_bench SOURCES ${CMAKE_CURRENT_LIST_DIR}/composer_plan_bench.cpp
  DEPS stylus::composer stylus::encoder stylus::refiner nlohmann_json::nlohmann_json)
target_compile_definitions(composer_plan_bench PRIVATE STYLUS_ENCODERS_DIR="${PROJECT_SOURCE_DIR}/build/encoders")
