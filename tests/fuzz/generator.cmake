# The parsers of this room need no torch, whose headers clang 14 cannot read: their sources are compiled in.
function(stylus_generator_fuzzer name)
  list(TRANSFORM ARGN PREPEND "${PROJECT_SOURCE_DIR}/generator/")
  stylus_fuzzer(${name} SOURCES ${name}.cpp ${ARGN} DEPS stylus::support PkgConfig::utf8proc)
endfunction()
stylus_generator_fuzzer(generator_prompt_fuzz clip_tokenizer.cpp clip_words.cpp prompt_chunks.cpp prompt_grammar.cpp)
stylus_generator_fuzzer(generator_scheduler_config_fuzz sampler_options.cpp sampling/config_reader.cpp)
stylus_generator_fuzzer(generator_tokenizer_file_fuzz clip_tokenizer.cpp clip_words.cpp)
