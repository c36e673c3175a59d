# rheo_add_rule(<name> <file>...): a library lib<name>.so of plasticity rules, to be loaded by Rheobase at run time. Each
# file is compiled once per instruction set on x86-64; loading chooses. Part of the installed package.

function(rheo_add_rule name)
  get_property(headers GLOBAL PROPERTY rheo_rule_headers)
  set(suffixes _none)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    # base first: of a function that is not inlined the linker takes the first copy, which all processors can run.
    set(suffixes _base _v3 _v4)
  endif()
  set(objects)
  foreach(suffix IN LISTS suffixes)
    add_library(${name}${suffix} OBJECT ${ARGN})
    target_compile_features(${name}${suffix} PRIVATE cxx_std_20)
    set_target_properties(${name}${suffix} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON
      CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON INTERPROCEDURAL_OPTIMIZATION OFF)
    target_include_directories(${name}${suffix} PRIVATE ${headers})
    # Always optimised, or functions that are compiled for one instruction set would be shared with another.
    # gcc 12 warns about its own AVX-512 header, and about vectors that no function outside is given.
    target_compile_options(${name}${suffix} PRIVATE -O3
      # Values are the same from every compiler and instruction set only with these (RheoFlags.cmake says why).
      -ffp-contract=off -fno-math-errno -fno-trapping-math
      $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized;-Wno-psabi;-fno-gnu-unique>
      $<$<CXX_COMPILER_ID:Clang>:-Wno-pass-failed>)
    if(NOT suffix STREQUAL "_none")
      target_compile_definitions(${name}${suffix} PRIVATE RHEO_RULE_SYMBOL=rheo_rules${suffix})
    endif()
    if(suffix STREQUAL "_v3")
      target_compile_options(${name}${suffix} PRIVATE -march=x86-64-v3)
    elseif(suffix STREQUAL "_v4")
      target_compile_options(${name}${suffix} PRIVATE -march=x86-64-v4 -mprefer-vector-width=512)
    endif()
    list(APPEND objects $<TARGET_OBJECTS:${name}${suffix}>)
  endforeach()
  add_library(${name} MODULE ${objects})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX PREFIX lib SUFFIX .so)
endfunction()
