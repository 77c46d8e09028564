if(TARGET stylus_render)
  stylus_fuzzer(render_job_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/render_job_fuzz.cpp
    DEPS stylus::render nlohmann_json::nlohmann_json)
endif()
