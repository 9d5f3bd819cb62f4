# install.cmake - what `cmake --install` puts where: the program, one static library with everything in it, the
# public header, a pkg-config file, a CMake package, and the licences of everything that is linked.
set(CMAKE_INSTALL_LIBDIR lib CACHE PATH "Folder of libraries below the prefix")
include(GNUInstallDirs)

# libcleat.a for others: a program that embeds Cleat links this one file.
set(sdk_library "${CMAKE_BINARY_DIR}/sdk/libcleat.a")
file(WRITE "${CMAKE_BINARY_DIR}/sdk/merge.mri.in"
    "create ${sdk_library}\naddlib $<TARGET_FILE:libcleat>\naddlib $<TARGET_FILE:quickjs>\naddlib $<TARGET_FILE:uv>\naddlib $<TARGET_FILE:mbedtls>\nsave\nend\n")
file(GENERATE OUTPUT "${CMAKE_BINARY_DIR}/sdk/merge.mri" INPUT "${CMAKE_BINARY_DIR}/sdk/merge.mri.in")
add_custom_command(
    OUTPUT "${sdk_library}"
    COMMAND "${CMAKE_COMMAND}" -E rm -f "${sdk_library}"
    COMMAND "${CMAKE_AR}" -M < "${CMAKE_BINARY_DIR}/sdk/merge.mri"
    DEPENDS libcleat quickjs uv mbedtls
    COMMENT "Merging libcleat.a")
add_custom_target(sdk ALL DEPENDS "${sdk_library}")

# What a static link needs besides: 64-bit atomics are a library on some 32-bit processors.
set(sdk_libraries "-pthread -ldl -lm")
if(CMAKE_C_STANDARD_LIBRARIES)
    string(APPEND sdk_libraries " ${CMAKE_C_STANDARD_LIBRARIES}")
endif()
string(REPLACE " " ";" sdk_library_list "${sdk_libraries}")
configure_file(cmake/cleat.pc.in "${CMAKE_BINARY_DIR}/sdk/cleat.pc" @ONLY)
configure_file(cmake/cleat-config.cmake.in "${CMAKE_BINARY_DIR}/sdk/cleat-config.cmake" @ONLY)
include(CMakePackageConfigHelpers)
write_basic_package_version_file("${CMAKE_BINARY_DIR}/sdk/cleat-config-version.cmake" COMPATIBILITY SameMinorVersion)

install(TARGETS cleat RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES "${sdk_library}" DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES runtime/cleat.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
# For programs that lend Cleat a loop of their own: libcleat.a has this very libuv in it.
install(DIRECTORY "${CLEAT_LIBUV_DIR}/include/" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/cleat FILES_MATCHING PATTERN "*.h")
install(FILES "${CMAKE_BINARY_DIR}/sdk/cleat.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES "${CMAKE_BINARY_DIR}/sdk/cleat-config.cmake" "${CMAKE_BINARY_DIR}/sdk/cleat-config-version.cmake"
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/cleat)

set(licences ${CMAKE_INSTALL_DOCDIR}/licences)
install(FILES LICENSE DESTINATION ${licences} RENAME cleat)
install(FILES "${CLEAT_QUICKJS_DIR}/LICENSE" DESTINATION ${licences} RENAME quickjs-ng OPTIONAL)
install(FILES "${CLEAT_LIBUV_DIR}/LICENSE" DESTINATION ${licences} RENAME libuv)
install(FILES "${CLEAT_LIBUV_DIR}/LICENSE-extra" DESTINATION ${licences} RENAME libuv-extra)
install(FILES "${CLEAT_MBEDTLS_DIR}/LICENSE" DESTINATION ${licences} RENAME mbedtls)
