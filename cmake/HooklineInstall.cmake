# Install and export: find_package(hookline) and pkg-config for hosts that do not build hookline
# themselves.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS hookline EXPORT hookline-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/hookline DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/hookline)
install(EXPORT hookline-targets NAMESPACE hookline:: DESTINATION ${package_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/hookline-config.cmake.in
  ${PROJECT_BINARY_DIR}/hookline-config.cmake INSTALL_DESTINATION ${package_dir})
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/hookline-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/hookline-config.cmake
  ${PROJECT_BINARY_DIR}/hookline-config-version.cmake DESTINATION ${package_dir})

# A shared hookline brings its dependencies along; a static one needs them on the host's link line.
set(hookline_pc_libs "-lcurl -lssl -lcrypto -lsqlite3 -lfmt -pthread")
if(BUILD_SHARED_LIBS)
  set(HOOKLINE_PC_LIBS "")
  set(HOOKLINE_PC_LIBS_PRIVATE "${hookline_pc_libs}")
else()
  set(HOOKLINE_PC_LIBS "${hookline_pc_libs}")
  set(HOOKLINE_PC_LIBS_PRIVATE "")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/hookline.pc.in ${PROJECT_BINARY_DIR}/hookline.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/hookline.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
