# Installs into a scratch folder and builds, as a user would, the programs that embed Rheobase; they must print what the
# same networks give anywhere.
include(${CMAKE_CURRENT_LIST_DIR}/../package.cmake)
install_package(embed)
step(${CMAKE_COMMAND} -S ${SOURCE}/examples/embed -B ${scratch}/build -DCMAKE_PREFIX_PATH=${scratch}/installed
     -DCMAKE_CXX_COMPILER=${COMPILER} "-DCMAKE_CXX_FLAGS=${FLAGS}")
step(${CMAKE_COMMAND} --build ${scratch}/build)
step(${scratch}/build/embed)
must_contain("${output}" "500 ms: 9907 spikes\n100078 synapses, mean weight 0.2498")
file(MAKE_DIRECTORY ${scratch}/runs)
step(${CMAKE_COMMAND} -E chdir ${scratch}/runs ${scratch}/build/session ${SOURCE}/examples/izhikevich.toml 500)
must_contain("${output}" "stopped at 500 ms\nresumed and finished\nE: 7665 spikes")
must_contain("${output}" "the same bytes as without the stop")
