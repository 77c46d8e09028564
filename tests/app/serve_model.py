"""Starts llama_cpp.server with the arguments given, without repacked weights: on a CPU with AMX the
repacked kernels of llama-cpp-python 0.3.36 ended in a general protection fault. For tools/test-llm."""
import llama_cpp

default_params = llama_cpp.llama_model_default_params


def plain_params():
    params = default_params()
    params.use_extra_bufts = False
    return params


llama_cpp.llama_model_default_params = plain_params
llama_cpp.llama_cpp.llama_model_default_params = plain_params

from llama_cpp.server.__main__ import main  # noqa: E402

main()
