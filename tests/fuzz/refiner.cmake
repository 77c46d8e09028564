stylus_fuzzer(refiner_vlm_reply_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/refiner_vlm_reply_fuzz.cpp
  DEPS stylus::refiner)
stylus_fuzzer(refiner_rules_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/refiner_rules_fuzz.cpp
  DEPS stylus::refiner)
