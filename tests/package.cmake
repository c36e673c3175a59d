# What tests of the installed package share. Run with -DBUILD=<build folder> -DSOURCE=<source folder>
# -DCOMPILER=<C++ compiler> -DFLAGS=<its flags>.
cmake_minimum_required(VERSION 3.25)

# Runs a command, which must succeed; what it printed is then in `output`.
function(step)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGN}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()
# The same for a command that must fail.
function(failing_step)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(result EQUAL 0)
    message(FATAL_ERROR "${ARGN}\nmust fail, and printed\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()
function(must_contain text part)
  string(FIND "${text}" "${part}" found)
  if(found EQUAL -1)
    message(FATAL_ERROR "\"${part}\" is not in\n${text}")
  endif()
endfunction()

# Installs into an empty folder of the test's own, ${scratch}/installed.
macro(install_package name)
  set(scratch ${BUILD}/${name})
  file(REMOVE_RECURSE ${scratch})
  step(${CMAKE_COMMAND} --install ${BUILD} --prefix ${scratch}/installed)
endmacro()
