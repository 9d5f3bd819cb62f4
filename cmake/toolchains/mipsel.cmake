# mipsel.cmake - 32-bit little-endian MIPS Linux with musl: Debian's cross gcc, which is made for glibc, driven by a
# specs file that points it to musl instead (Debian's musl-dev:mipsel, unpacked by tools/setup.mjs --tests). This is
# the way Debian's own musl-gcc works, with our paths.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR mipsel)
set(CMAKE_C_COMPILER mipsel-linux-gnu-gcc)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-mipsel)

if(NOT CLEAT_MUSL_MIPSEL_DIR)
    if(DEFINED ENV{CLEAT_CACHE_DIR})
        set(CLEAT_MUSL_MIPSEL_DIR "$ENV{CLEAT_CACHE_DIR}/musl-mipsel")
    else()
        set(CLEAT_MUSL_MIPSEL_DIR "${CMAKE_CURRENT_LIST_DIR}/../../build/third-party/musl-mipsel")
    endif()
endif()
get_filename_component(CLEAT_MUSL_MIPSEL_DIR "${CLEAT_MUSL_MIPSEL_DIR}" ABSOLUTE)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES CLEAT_MUSL_MIPSEL_DIR)
set(musl_specs "${CLEAT_MUSL_MIPSEL_DIR}/lib/mipsel-linux-musl/musl-gcc.specs")
if(NOT EXISTS "${musl_specs}")
    message(FATAL_ERROR "musl for mipsel is not in ${CLEAT_MUSL_MIPSEL_DIR}.\n"
        "Run `node tools/setup.mjs --tests` to fetch it, or configure with -DCLEAT_MUSL_MIPSEL_DIR=<folder>.")
endif()
file(READ "${musl_specs}" specs)
string(REPLACE "/usr/lib/mipsel-linux-musl" "${CLEAT_MUSL_MIPSEL_DIR}/lib/mipsel-linux-musl" specs "${specs}")
string(REPLACE "/usr/include/mipsel-linux-musl" "${CLEAT_MUSL_MIPSEL_DIR}/include/mipsel-linux-musl" specs "${specs}")
file(WRITE "${CMAKE_BINARY_DIR}/musl-mipsel.specs" "${specs}")

set(kernel_headers "${CMAKE_BINARY_DIR}/kernel-headers")
file(MAKE_DIRECTORY "${kernel_headers}")
foreach(name linux asm asm-generic)
    file(CREATE_LINK "/usr/mipsel-linux-gnu/include/${name}" "${kernel_headers}/${name}" SYMBOLIC)
endforeach()
set(CMAKE_C_FLAGS_INIT "-specs=${CMAKE_BINARY_DIR}/musl-mipsel.specs -idirafter ${kernel_headers}")
# Everything is static: the cross gcc's own shared libraries want glibc.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static")
# 64-bit atomic operations are calls on this processor.
set(CMAKE_C_STANDARD_LIBRARIES "-latomic")
