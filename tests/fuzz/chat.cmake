stylus_fuzzer(chat_completion_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/chat_completion_fuzz.cpp
  DEPS stylus::chat nlohmann_json::nlohmann_json)
stylus_fuzzer(chat_recording_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/chat_recording_fuzz.cpp
  DEPS stylus::chat)
