# Installs into a scratch folder and builds, as a user would and in another folder, the rule of examples/plugin: with the
# package and by one call of the compiler, each compiler that is there. The command must show it, and must refuse it as
# soon as it is compiled with contraction.
include(${CMAKE_CURRENT_LIST_DIR}/../package.cmake)
install_package(plugin)
file(COPY ${SOURCE}/examples/plugin DESTINATION ${scratch})
set(rheo ${scratch}/installed/bin/rheo)
set(source ${scratch}/plugin/threshold_stdp.cpp)
set(headers ${scratch}/installed/include/rheo)

# The rule of a library is shown, with what is particular about it.
function(must_show library)
  step(${rheo} models --plugin ${library} --rule threshold_stdp)
  must_contain("${output}" "from ${library}")
  must_contain("${output}" "target spikes: w += eta x (y - theta)")
  must_contain("${output}" "activity above which synapses grow; may differ between target neurons")
  must_contain("${output}" "decays with tau_y")
endfunction()

# Sanitizers belong to one compiler, and take a minute for the package, which is the same without them.
set(compilers)
set(level -O1)
if(NOT FLAGS)
  set(level -O3)
  set(compilers ${COMPILER})
  foreach(other IN ITEMS g++ clang++)
    find_program(${other}_program ${other})
    if(${other}_program)
      list(APPEND compilers ${${other}_program})
    endif()
  endforeach()
endif()
separate_arguments(flags UNIX_COMMAND "${FLAGS}")

set(seen)
foreach(compiler IN LISTS compilers)
  file(REAL_PATH ${compiler} real)
  if(real IN_LIST seen)
    continue()
  endif()
  list(APPEND seen ${real})
  list(LENGTH seen number)
  set(build ${scratch}/build${number})
  message("${compiler}: the package")
  step(${CMAKE_COMMAND} -S ${scratch}/plugin -B ${build} -DCMAKE_PREFIX_PATH=${scratch}/installed
       -DCMAKE_CXX_COMPILER=${compiler} "-DCMAKE_CXX_FLAGS=${FLAGS}")
  step(${CMAKE_COMMAND} --build ${build})
  must_show(${build}/libthreshold_stdp.so)

  # With a processor that can contract, gcc does so (from -O2 on) unless it is told not to; clang is told by the SDK.
  if(NOT FLAGS AND EXISTS /proc/cpuinfo)
    file(STRINGS /proc/cpuinfo fma REGEX "^flags.* fma " LIMIT_COUNT 1)
    step(${compiler} --version)
    if(fma AND NOT output MATCHES "clang")
      message("${compiler}: one call, with contraction")
      step(${compiler} -std=gnu++20 -O2 -march=native -shared -fPIC -I${headers} ${source} -o ${build}/libcontracted.so)
      failing_step(${rheo} models --plugin ${build}/libcontracted.so)
      must_contain("${output}" "was compiled with contraction (-ffp-contract=off is missing)")
    endif()
    # The SDK does not compile at all with what changes results.
    failing_step(${compiler} -std=c++20 -Ofast -fsyntax-only -I${headers} ${source})
    must_contain("${output}" "compile without -ffast-math")
  endif()
endforeach()

set(build ${scratch}/one_call)
file(MAKE_DIRECTORY ${build})
message("${COMPILER}: one call")
step(${COMPILER} -std=c++20 ${level} -march=native -ffp-contract=off -fno-math-errno -fno-trapping-math -shared -fPIC ${flags}
     -I${headers} ${source} -o ${build}/libone_call.so)
must_show(${build}/libone_call.so)
# Found by name, in a folder that the environment names.
step(${CMAKE_COMMAND} -E env RHEO_PLUGIN_PATH=/nowhere:${build} ${rheo} models --plugin one_call)
must_contain("${output}" "threshold_stdp")
# Two libraries with the same rule.
file(COPY_FILE ${build}/libone_call.so ${build}/another.so)
failing_step(${rheo} models --plugin ${build}/another.so --plugin ${build}/libone_call.so)
must_contain("${output}" "threshold_stdp: there is a rule of this name already")

# Another rule, whose struct has the same name in C++: each library has its own tables.
file(READ ${source} text)
string(REPLACE "\"threshold_stdp\"" "\"threshold_two\"" text "${text}")
file(WRITE ${scratch}/two.cpp "${text}")
foreach(library IN ITEMS one two)  # neither with rheo_add_rule, which hides names itself
  set(from ${source})
  if(library STREQUAL two)
    set(from ${scratch}/two.cpp)
  endif()
  step(${COMPILER} -std=c++20 -O1 -ffp-contract=off -shared -fPIC ${flags} -I${headers} ${from} -o ${build}/${library}.so)
endforeach()
step(${rheo} models --plugin ${build}/one.so --plugin ${build}/two.so)
must_contain("${output}" "threshold_stdp")
must_contain("${output}" "threshold_two")
