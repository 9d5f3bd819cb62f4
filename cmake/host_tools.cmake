# host_tools.cmake - cleat-compile, which turns built-in modules into bytecode on the machine that builds. A plain
# native build links it with the engine it builds anyway; every other one (cross, static, sanitizers) takes the
# program named by CLEAT_COMPILE, or builds one in build/host.

if(CLEAT_COMPILE)
    set(CLEAT_COMPILE_PROGRAM "${CLEAT_COMPILE}")
    set(CLEAT_COMPILE_DEPENDS "${CLEAT_COMPILE}")
elseif(CMAKE_CROSSCOMPILING OR CLEAT_STATIC OR CLEAT_SANITIZE OR CLEAT_GC_STRESS)
    include(ExternalProject)
    set(host_dir "${CMAKE_SOURCE_DIR}/build/host")
    set(CLEAT_COMPILE_PROGRAM "${host_dir}/cleat-compile")
    set(CLEAT_COMPILE_DEPENDS host-tools "${CLEAT_COMPILE_PROGRAM}")
    ExternalProject_Add(host-tools
        SOURCE_DIR "${CMAKE_SOURCE_DIR}"
        BINARY_DIR "${host_dir}"
        PREFIX "${CMAKE_BINARY_DIR}/host-tools"
        CMAKE_ARGS -DCLEAT_HOST_TOOLS_ONLY=ON -DCMAKE_BUILD_TYPE=Release -DCLEAT_ENGINE_OPT=-O1
            -DCLEAT_QUICKJS_DIR=${CLEAT_QUICKJS_DIR} -DCLEAT_LIBUV_DIR=${CLEAT_LIBUV_DIR}
            -DCLEAT_MBEDTLS_DIR=${CLEAT_MBEDTLS_DIR}
        BUILD_COMMAND ${CMAKE_COMMAND} --build "${host_dir}" --target cleat-compile
        BUILD_BYPRODUCTS "${CLEAT_COMPILE_PROGRAM}"
        BUILD_ALWAYS ON
        INSTALL_COMMAND "")
else()
    add_executable(cleat-compile tools/bytecode/compile.c)
    target_compile_options(cleat-compile PRIVATE ${CLEAT_OUR_FLAGS})
    target_link_libraries(cleat-compile PRIVATE quickjs)
    set(CLEAT_COMPILE_PROGRAM "$<TARGET_FILE:cleat-compile>")
    set(CLEAT_COMPILE_DEPENDS cleat-compile)
endif()
