stylus_fuzzer(safetensors_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/safetensors_fuzz.cpp DEPS stylus::weights)
stylus_fuzzer(weights_adapter_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/weights_adapter_fuzz.cpp DEPS stylus::weights)
stylus_fuzzer(weights_archive_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/weights_archive_fuzz.cpp DEPS stylus::weights)
stylus_fuzzer(weights_json_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/weights_json_fuzz.cpp DEPS stylus::weights)
