# Installs into a scratch folder and builds, as a user would, the program that embeds Rheobase; it must print what the
# same network gives anywhere.
include(${CMAKE_CURRENT_LIST_DIR}/../package.cmake)
install_package(embed)
step(${CMAKE_COMMAND} -S ${SOURCE}/examples/embed -B ${scratch}/build -DCMAKE_PREFIX_PATH=${scratch}/installed
     -DCMAKE_CXX_COMPILER=${COMPILER} "-DCMAKE_CXX_FLAGS=${FLAGS}")
step(${CMAKE_COMMAND} --build ${scratch}/build)
step(${scratch}/build/embed)
must_contain("${output}" "500 ms: 9907 spikes\n100078 synapses, mean weight 0.2498")
