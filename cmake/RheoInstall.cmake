# `cmake --install`: the command, the libraries with their headers, and a package, so that other programs embed Rheobase by
#   find_package(rheo)   and   target_link_libraries(... rheo::rheo)   or rheo::session, rheo::sweep, ... of apps
# and so that plasticity rules are built outside this tree by
#   find_package(rheo COMPONENTS rules)   and   rheo_add_rule(my_rule my_rule.cpp)
include(CMakePackageConfigHelpers)

add_library(rheo_all INTERFACE)
add_library(rheo::rheo ALIAS rheo_all)
target_link_libraries(rheo_all INTERFACE rheo::io)
set_target_properties(rheo_all PROPERTIES EXPORT_NAME rheo)

install(TARGETS rheo RUNTIME)
install(TARGETS rheo_all rheo_core rheo_neurons rheo_plasticity rheo_networks rheo_io
                rheo_figures rheo_learning rheo_tasks rheo_session rheo_reservoir rheo_continual rheo_sweep rheo_report
        EXPORT rheo ARCHIVE INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/rheo)
install(DIRECTORY core neurons plasticity networks io apps DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/rheo
        FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h" PATTERN command EXCLUDE)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/rheo)
install(EXPORT rheo NAMESPACE rheo:: FILE rheoTargets.cmake DESTINATION ${package_folder})
configure_package_config_file(cmake/rheoConfig.cmake.in ${PROJECT_BINARY_DIR}/rheoConfig.cmake
                              INSTALL_DESTINATION ${package_folder} PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/rheoConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/rheoConfig.cmake ${PROJECT_BINARY_DIR}/rheoConfigVersion.cmake
              cmake/RheoAddRule.cmake DESTINATION ${package_folder})
