stylus_fuzzer(composer_prompt_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/composer_prompt_fuzz.cpp
  DEPS stylus::composer)
stylus_fuzzer(composer_plan_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/composer_plan_fuzz.cpp
  DEPS stylus::composer)
stylus_fuzzer(composer_llm_reply_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/composer_llm_reply_fuzz.cpp
  DEPS stylus::composer)
