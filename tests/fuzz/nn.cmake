if(TARGET stylus_nn)
  stylus_fuzzer(nn_config_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/nn_config_fuzz.cpp
    DEPS stylus::nn nlohmann_json::nlohmann_json)
  stylus_fuzzer(nn_checkpoint_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/nn_checkpoint_fuzz.cpp DEPS stylus::nn)
endif()
