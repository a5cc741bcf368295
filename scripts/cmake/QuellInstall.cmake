# What a service links: `cmake --install build/release --component devel --prefix …`, then find_package(quell) gives
# quell::trace, quell::tracer and quell::db.
include_guard(GLOBAL)
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(quell_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/quell")
install(TARGETS quell_trace quell_tracer quell_db EXPORT quell-targets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT devel)
foreach(module IN ITEMS trace tracer db)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/agent/${module}/include/quell" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    COMPONENT devel FILES_MATCHING PATTERN "*.hpp")
endforeach()
install(EXPORT quell-targets NAMESPACE quell:: DESTINATION "${quell_package_dir}" COMPONENT devel)

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/quell-config.cmake.in" quell-config.cmake
  INSTALL_DESTINATION "${quell_package_dir}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(quell-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/quell-config.cmake" "${CMAKE_CURRENT_BINARY_DIR}/quell-config-version.cmake"
  DESTINATION "${quell_package_dir}" COMPONENT devel)
