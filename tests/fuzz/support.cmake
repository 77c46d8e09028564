stylus_fuzzer(support_picture_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/support_picture_fuzz.cpp DEPS stylus::support)
