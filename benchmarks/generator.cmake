if(TARGET stylus_generator)
  stylus_benchmark(generator_lora_bench
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/generator_lora_bench.cpp ${PROJECT_SOURCE_DIR}/tests/generator/lora_shapes.cpp
    DEPS stylus::generator nlohmann_json::nlohmann_json)
  add_executable(generator_parts_bench
    ${CMAKE_CURRENT_LIST_DIR}/generator_parts_bench.cpp ${PROJECT_SOURCE_DIR}/tests/generator/lora_shapes.cpp)
  target_link_libraries(generator_parts_bench PRIVATE stylus::generator stylus_warnings)
endif()
