# libtorch as the interface target `stylus_torch`. The rooms nn, generator, evaluator and render need it.
#
# Looked for in this order; without one of them those rooms are left out and the rest is built:
#   -DSTYLUS_TORCH_SITE=DIR   a folder that holds torch/ and, for PyPI's wheel, nvidia/
#   build/libtorch            where tools/setup puts PyPI's wheel
#   find_package(Torch)       any other libtorch from 2.7 on, named by CMAKE_PREFIX_PATH
# -DSTYLUS_WITH_TORCH=OFF leaves them out even where there is one.
#
# Only the CPU part is linked. nn/cuda.h opens libtorch_cuda.so at run time when it is there.
option(STYLUS_WITH_TORCH "Build the rooms that paint pictures, where there is a libtorch" ON)
set(STYLUS_TORCH_SITE "" CACHE PATH "Folder that holds torch/ (and nvidia/); empty: build/libtorch")
set(_site "${STYLUS_TORCH_SITE}")
if(NOT _site AND EXISTS "${PROJECT_SOURCE_DIR}/build/libtorch/torch")
  set(_site "${PROJECT_SOURCE_DIR}/build/libtorch")
endif()

set(STYLUS_TORCH_OLDEST 2.7)   # older ones lack headers and operators that nn includes
set(STYLUS_TORCH_NEWEST 2.15)  # the newest that has been built and tested

# Stops at a libtorch that is too old, warns at one newer than any that was tried.
function(stylus_check_torch version where)
  if(version VERSION_LESS STYLUS_TORCH_OLDEST)
    message(FATAL_ERROR "libtorch in ${where} is ${version}, expected ${STYLUS_TORCH_OLDEST} or newer: tools/setup "
      "fetches one into build/libtorch, -DSTYLUS_TORCH_SITE=DIR names another, -DSTYLUS_WITH_TORCH=OFF builds without")
  endif()
  if(version VERSION_GREATER STYLUS_TORCH_NEWEST)
    message(WARNING "libtorch in ${where} is ${version}; ${STYLUS_TORCH_OLDEST} to ${STYLUS_TORCH_NEWEST} have been "
      "tried. If this one does not compile, tools/setup fetches one that does into build/libtorch")
  endif()
endfunction()

# "2.15", as the headers in the include folder `folder` have it.
function(stylus_torch_version folder result)
  foreach(header headeronly/version.h csrc/api/include/torch/version.h)  # the first since 2.10
    if(EXISTS "${folder}/torch/${header}")
      file(STRINGS "${folder}/torch/${header}" lines REGEX "define TORCH_VERSION_(MAJOR|MINOR) ")
      if("${lines}" MATCHES "MAJOR ([0-9]+).*MINOR ([0-9]+)")
        set(${result} "${CMAKE_MATCH_1}.${CMAKE_MATCH_2}" PARENT_SCOPE)
        return()
      endif()
    endif()
  endforeach()
  message(FATAL_ERROR "${folder} has no torch/version.h that says which libtorch it is; fetch it again (tools/setup)")
endfunction()

add_library(stylus_torch INTERFACE)
set(STYLUS_HAS_TORCH OFF)
if(NOT STYLUS_WITH_TORCH)
  set(_site "")
endif()
# A build folder may be configured before libtorch is there, or see it move: forget what was found.
if(NOT "${_site}" STREQUAL "${STYLUS_TORCH_SITE_SEEN}")
  unset(STYLUS_TORCH_INCLUDE CACHE)
  unset(STYLUS_TORCH_C10 CACHE)
  unset(STYLUS_TORCH_CPU CACHE)
  unset(OpenMP_gomp_LIBRARY CACHE)
endif()
set(STYLUS_TORCH_SITE_SEEN "${_site}" CACHE INTERNAL "The libtorch that the last configure used")
if(_site)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${_site}/torch/version.py")
  find_path(STYLUS_TORCH_INCLUDE ATen/ATen.h HINTS "${_site}/torch/include" NO_DEFAULT_PATH REQUIRED)
  find_library(STYLUS_TORCH_C10 c10 HINTS "${_site}/torch/lib" NO_DEFAULT_PATH REQUIRED)
  find_library(STYLUS_TORCH_CPU torch_cpu HINTS "${_site}/torch/lib" NO_DEFAULT_PATH REQUIRED)
  stylus_torch_version("${STYLUS_TORCH_INCLUDE}" _version)
  stylus_check_torch(${_version} "${_site}")
  # The wheel brings its own libgomp.so.1. With it found first, OpenMP, FAISS and torch share one run time.
  if(EXISTS "${_site}/torch/lib/libgomp.so.1" AND NOT OpenMP_gomp_LIBRARY)
    set(OpenMP_gomp_LIBRARY "${_site}/torch/lib/libgomp.so.1" CACHE FILEPATH "libgomp of the torch wheel")
  endif()
  target_include_directories(stylus_torch SYSTEM INTERFACE
    "${STYLUS_TORCH_INCLUDE}" "${STYLUS_TORCH_INCLUDE}/torch/csrc/api/include")
  # --no-as-needed: the CPU kernels register themselves when the library is loaded.
  target_link_libraries(stylus_torch INTERFACE
    "-Wl,--push-state,--no-as-needed" "${STYLUS_TORCH_CPU}" "${STYLUS_TORCH_C10}" "-Wl,--pop-state" ${CMAKE_DL_LIBS})
  # libtorch_cpu.so of PyPI's wheel needs libcudart, which it finds at run time by its own RPATH.
  file(GLOB _cudart "${_site}/nvidia/cu*/lib" "${_site}/nvidia/cuda_runtime/lib")
  foreach(_folder ${_cudart})
    target_link_options(stylus_torch INTERFACE "LINKER:-rpath-link,${_folder}")
  endforeach()
  set(STYLUS_HAS_TORCH ON)
  set(STYLUS_TORCH_SITE_FOUND "${_site}")
elseif(STYLUS_WITH_TORCH)
  find_package(Torch ${STYLUS_TORCH_OLDEST} QUIET)
  if(Torch_FOUND)
    string(REGEX MATCH "^[0-9]+\\.[0-9]+" _version "${Torch_VERSION}")
    stylus_check_torch("${_version}" "${Torch_DIR}")
    target_link_libraries(stylus_torch INTERFACE torch)
    set(STYLUS_HAS_TORCH ON)
  endif()
endif()
if(STYLUS_HAS_TORCH)
  target_compile_features(stylus_torch INTERFACE cxx_std_20)
elseif(STYLUS_WITH_TORCH)
  if(Torch_CONSIDERED_VERSIONS)
    set(_older " (passed over: ${Torch_CONSIDERED_VERSIONS} in ${Torch_CONSIDERED_CONFIGS})")
  endif()
  message(STATUS "No libtorch from ${STYLUS_TORCH_OLDEST} on${_older}: "
    "the rooms nn, generator and render are left out (tools/setup installs one)")
endif()
