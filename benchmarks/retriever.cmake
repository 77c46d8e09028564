stylus_benchmark(retriever_search_bench SOURCES ${CMAKE_CURRENT_LIST_DIR}/retriever_search_bench.cpp DEPS stylus::retriever)
stylus_benchmark(retriever_kernel_bench SOURCES ${CMAKE_CURRENT_LIST_DIR}/retriever_kernel_bench.cpp DEPS stylus::retriever faiss)
