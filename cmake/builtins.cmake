# builtins.cmake - bundles the built-in TypeScript (ts-api) and compiles it to bytecode: sets CLEAT_BUILTINS_TABLE, the
# C file with one row per module of ts-api/builtins.json.

file(GLOB_RECURSE builtin_sources CONFIGURE_DEPENDS ts-api/*.ts ts-api/*.json)
# Whoever works on the built-in modules wants the lines of their errors; a release has the names of functions only.
set(builtin_lines "")
if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
    set(builtin_lines --lines)
endif()
set(CLEAT_BUILTINS_TABLE "${CMAKE_BINARY_DIR}/generated/builtins_table.c")
add_custom_command(
    OUTPUT "${CLEAT_BUILTINS_TABLE}"
    COMMAND "${CLEAT_NODE}" "${CMAKE_SOURCE_DIR}/tools/build_builtins.mjs"
        --compile "${CLEAT_COMPILE_PROGRAM}" --out "${CLEAT_BUILTINS_TABLE}" ${builtin_lines}
    DEPENDS ${builtin_sources} "${CMAKE_SOURCE_DIR}/tools/build_builtins.mjs" "${CMAKE_SOURCE_DIR}/package-lock.json"
        ${CLEAT_COMPILE_DEPENDS}
    COMMENT "Bundling and compiling the built-in modules"
    VERBATIM)
