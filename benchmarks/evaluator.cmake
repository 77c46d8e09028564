add_executable(evaluator_frechet ${CMAKE_CURRENT_SOURCE_DIR}/evaluator_frechet.cpp)
target_link_libraries(evaluator_frechet PRIVATE stylus::evaluator stylus_warnings)
