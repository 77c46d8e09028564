# Every parser of foreign bytes of the catalogue: FUZZ_TARGET names what a program feeds.
foreach(target card_line user_json lora_manager civitai_info stability_matrix swarm text_sidecar
        metadata html weight_text text_query)
  string(TOUPPER ${target} upper)
  stylus_fuzzer(catalog_${target}_fuzzer SOURCES catalog_fuzzer.cpp DEPS stylus::catalog)
  target_compile_definitions(catalog_${target}_fuzzer PRIVATE FUZZ_${upper})
endforeach()
