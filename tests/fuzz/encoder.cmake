stylus_fuzzer(encoder_text_fuzz SOURCES encoder_text_fuzz.cpp DEPS stylus::encoder)
target_compile_definitions(encoder_text_fuzz PRIVATE STYLUS_ENCODERS_DIR="${PROJECT_SOURCE_DIR}/build/encoders")
stylus_fuzzer(encoder_tokenizer_file_fuzz SOURCES encoder_tokenizer_file_fuzz.cpp DEPS stylus::encoder)
