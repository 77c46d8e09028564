stylus_fuzzer(retriever_index_fuzz
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/retriever_index_fuzz.cpp
          ${CMAKE_CURRENT_LIST_DIR}/../retriever/sample_corpus.cpp
  DEPS stylus::retriever)
stylus_fuzzer(retriever_terms_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/retriever_terms_fuzz.cpp
  DEPS stylus::retriever)
