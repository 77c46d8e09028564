stylus_benchmark(encoder_text_bench SOURCES encoder_text_bench.cpp DEPS stylus::encoder)
target_compile_definitions(encoder_text_bench PRIVATE STYLUS_ENCODERS_DIR="${PROJECT_SOURCE_DIR}/build/encoders")
