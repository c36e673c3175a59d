# Compiler flags are part of the design: the same bits from every compiler and instruction set.
#   -ffp-contract=off      no fused multiply-add behind our back (it changes the last bit)
#   -fno-math-errno,
#   -fno-trapping-math     let the neuron loops vectorise; they change no value
add_library(rheo_flags INTERFACE)
target_compile_options(rheo_flags INTERFACE
  -ffp-contract=off -fno-math-errno -fno-trapping-math
  -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion
  $<$<CXX_COMPILER_ID:GNU>:-Wshadow>)  # clang's warns of names that gcc's rightly leaves alone: parameters of static functions
if(RHEO_SANITIZE)
  target_compile_options(rheo_flags INTERFACE -fsanitize=${RHEO_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(rheo_flags INTERFACE -fsanitize=${RHEO_SANITIZE})
  # A check at every pointer, a third of the time to compile; the address sanitizer sees what comes of such pointers.
  if(RHEO_SANITIZE MATCHES "address.*undefined")
    target_compile_options(rheo_flags INTERFACE -fno-sanitize=null,object-size,pointer-overflow,vptr)
  endif()
endif()
if(RHEO_STD_THREADS)
  target_compile_definitions(rheo_flags INTERFACE RHEO_STD_THREADS=1)
endif()

# The same source is checked for undefined behaviour once: that triples what the address sanitizer alone costs. A library,
# because its options come after those of rheo_flags.
add_library(rheo_checked_elsewhere INTERFACE)
target_compile_options(rheo_checked_elsewhere INTERFACE -fno-sanitize=undefined)

# rheo_kernels(<target> <file>...): compiles each file once per instruction set, each time in a namespace of its own
# (RHEO_ISA). The choice between them is made at run time (core/isa.hpp), so one binary serves a mixed cluster.
function(rheo_kernels target)
  set(isas base)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND NOT RHEO_ONE_ISA)
    list(APPEND isas v3 v4)
    target_compile_definitions(${target} PUBLIC RHEO_X86_ISAS=1)
  endif()
  set(level -O3)
  if(RHEO_SANITIZE)
    set(level -O1)  # sanitizers leave no loop that more could make anything of
  endif()
  foreach(isa IN LISTS isas)
    add_library(${target}_${isa} OBJECT ${ARGN})
    target_link_libraries(${target}_${isa} PRIVATE rheo_flags)
    target_include_directories(${target}_${isa} PRIVATE ${PROJECT_SOURCE_DIR})
    target_compile_definitions(${target}_${isa} PRIVATE RHEO_ISA=${isa})
    # Always optimised: an inline function that is not inlined would be shared between the instruction sets.
    # gcc 12 warns about its own AVX-512 header; clang about loops that sanitizers keep from being vectorised.
    target_compile_options(${target}_${isa} PRIVATE ${level}
      $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized;-Wno-psabi> $<$<CXX_COMPILER_ID:Clang>:-Wno-pass-failed>)
    if(RHEO_SANITIZE MATCHES "undefined" AND NOT isa STREQUAL "base")
      target_link_libraries(${target}_${isa} PRIVATE rheo_checked_elsewhere)
    endif()
    # A build for one level has its kernels in place of those for the minimum.
    set(level_of ${isa})
    if(RHEO_ONE_ISA)
      set(level_of ${RHEO_ONE_ISA})
    endif()
    if(level_of STREQUAL "v3")
      target_compile_options(${target}_${isa} PRIVATE -march=x86-64-v3)
    elseif(level_of STREQUAL "v4")
      target_compile_options(${target}_${isa} PRIVATE -march=x86-64-v4 -mprefer-vector-width=512)
    endif()
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${target}_${isa}>)
  endforeach()
endfunction()
