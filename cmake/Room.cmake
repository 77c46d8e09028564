# One room = one folder = one static library `stylus_<room>`, seen by others as `stylus::<room>`.
# DEPS are what the room's headers need; PRIVATE_DEPS only its .cpp files.
function(stylus_room room)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(stylus_${room} STATIC ${ARG_SOURCES})
  add_library(stylus::${room} ALIAS stylus_${room})
  target_include_directories(stylus_${room} PUBLIC ${PROJECT_SOURCE_DIR})
  target_compile_features(stylus_${room} PUBLIC cxx_std_20)
  target_link_libraries(stylus_${room} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS} stylus_warnings)
endfunction()

# All tests of a room are one program and one CTest entry per TEST.
# ONE_ENTRY: the program is one CTest entry (for rooms whose programs are slow to start).
function(stylus_tests room)
  cmake_parse_arguments(ARG "ONE_ENTRY" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${room}_tests ${ARG_SOURCES})
  target_link_libraries(${room}_tests
    PRIVATE stylus::${room} ${ARG_DEPS} GTest::gmock GTest::gtest_main stylus_warnings)
  target_compile_definitions(${room}_tests PRIVATE
    STYLUS_TESTS_DIR="${PROJECT_SOURCE_DIR}/tests" STYLUS_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  if(ARG_ONE_ENTRY)
    add_test(NAME ${room}_tests COMMAND ${room}_tests)
    set_tests_properties(${room}_tests PROPERTIES LABELS ${room})
  else()
    gtest_discover_tests(${room}_tests DISCOVERY_TIMEOUT 60 PROPERTIES LABELS ${room})
  endif()
endfunction()

# A libFuzzer target; only with clang and STYLUS_BUILD_FUZZERS.
function(stylus_fuzzer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} stylus_warnings)
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endfunction()

# A Google Benchmark program.
function(stylus_benchmark name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} benchmark::benchmark stylus_warnings)
endfunction()

add_library(stylus_warnings INTERFACE)
target_compile_options(stylus_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
  $<$<BOOL:${STYLUS_WERROR}>:-Werror>)
