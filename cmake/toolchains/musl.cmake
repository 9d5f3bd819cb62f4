# musl.cmake - x86_64 Linux with musl, through Debian's musl-tools (a wrapper of the machine's own gcc).
set(CMAKE_C_COMPILER musl-gcc)

# musl-gcc knows no kernel headers (linux/, asm/). They don't depend on the C library: the machine's own are linked
# into a folder that holds nothing else, so that no header of glibc slips in.
set(kernel_headers "${CMAKE_BINARY_DIR}/kernel-headers")
file(MAKE_DIRECTORY "${kernel_headers}")
foreach(pair "linux:/usr/include/linux" "asm-generic:/usr/include/asm-generic" "asm:/usr/include/${CMAKE_HOST_SYSTEM_PROCESSOR}-linux-gnu/asm")
    string(REGEX MATCH "^([^:]+):(.+)$" unused "${pair}")
    file(CREATE_LINK "${CMAKE_MATCH_2}" "${kernel_headers}/${CMAKE_MATCH_1}" SYMBOLIC)
endforeach()
set(CMAKE_C_FLAGS_INIT "-idirafter ${kernel_headers}")
