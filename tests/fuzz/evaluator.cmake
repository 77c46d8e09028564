stylus_fuzzer(evaluator_manifest_fuzz
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/evaluator_manifest_fuzz.cpp
  DEPS stylus::evaluator)
