# third_party.cmake - finds the sources of QuickJS-ng, libuv and Mbed TLS, checks them against cmake/third-party.json and
# builds each as a static library of our own. Fetching them is the work of tools/setup.mjs (`npm run setup`).

if(DEFINED ENV{CLEAT_CACHE_DIR})
    set(default_cache "$ENV{CLEAT_CACHE_DIR}")
else()
    set(default_cache "${CMAKE_SOURCE_DIR}/build/third-party")
endif()
set(CLEAT_QUICKJS_DIR "${default_cache}/quickjs-ng" CACHE PATH "Sources of QuickJS-ng (the folder with quickjs.c)")
set(CLEAT_LIBUV_DIR "${default_cache}/libuv" CACHE PATH "Sources of libuv (the folder with include/uv.h)")
set(CLEAT_MBEDTLS_DIR "${default_cache}/mbedtls" CACHE PATH "Sources of Mbed TLS (the folder with include/mbedtls)")

file(READ "${CMAKE_SOURCE_DIR}/cmake/third-party.json" pins)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/cmake/third-party.json")

# Reads "#define <prefix>MAJOR 1" … from a header.
function(cleat_header_version header prefix ret_version)
    file(READ "${header}" text)
    set(parts "")
    foreach(part MAJOR MINOR PATCH)
        if(NOT text MATCHES "#define ${prefix}${part}[ \t]+([0-9]+)")
            message(FATAL_ERROR "${header} names no ${prefix}${part}: is this the right folder?")
        endif()
        list(APPEND parts "${CMAKE_MATCH_1}")
    endforeach()
    list(JOIN parts "." version)
    set(${ret_version} "${version}" PARENT_SCOPE)
endfunction()

# Another version than the tested one: a loud warning. The tested version with other contents: an error.
function(cleat_check_source name directory header prefix)
    string(JSON option GET "${pins}" ${name} option)
    if(NOT EXISTS "${directory}/${header}")
        message(FATAL_ERROR "The sources of ${name} are not in ${directory}.\n"
            "Run `npm run setup` to fetch them (it needs apt), or configure with -D${option}=<folder with ${header}>.")
    endif()
    cleat_header_version("${directory}/${header}" "${prefix}" found)
    string(JSON tested GET "${pins}" ${name} version)
    if(NOT found VERSION_EQUAL tested)
        # Indented lines are not wrapped by CMake.
        message(WARNING "\n  *** ${name} ${found} is not the tested version ${tested} ***\n"
            "  *** (${directory}). It may work; run `npm test` before you rely on it. ***\n")
        return()
    endif()
    string(JSON count LENGTH "${pins}" ${name} files)
    math(EXPR last "${count} - 1")
    foreach(index RANGE ${last})
        string(JSON file MEMBER "${pins}" ${name} files ${index})
        string(JSON expected GET "${pins}" ${name} files "${file}")
        if(NOT EXISTS "${directory}/${file}")
            message(FATAL_ERROR "${name} in ${directory} has no ${file}: the folder is incomplete.")
        endif()
        file(SHA256 "${directory}/${file}" actual)
        if(NOT actual STREQUAL expected)
            message(FATAL_ERROR "${directory}/${file} says it is ${name} ${tested} but its contents differ:\n"
                "  expected ${expected}\n  found    ${actual}\n"
                "Use the unmodified release, or change the pin in cmake/third-party.json if you mean it.")
        endif()
    endforeach()
endfunction()

cleat_check_source(quickjs "${CLEAT_QUICKJS_DIR}" quickjs.h QJS_VERSION_)
cleat_check_source(libuv "${CLEAT_LIBUV_DIR}" include/uv/version.h UV_VERSION_)
cleat_check_source(mbedtls "${CLEAT_MBEDTLS_DIR}" include/mbedtls/build_info.h MBEDTLS_VERSION_)
cleat_header_version("${CLEAT_MBEDTLS_DIR}/include/mbedtls/build_info.h" MBEDTLS_VERSION_ CLEAT_MBEDTLS_VERSION)

# Engine ----------------------------------------------------------------------------------------------------
# Warnings of third-party code are not ours to fix. -fwrapv and -funsigned-char are what the engine is built with
# upstream.
add_library(quickjs STATIC
    cmake/engine/quickjs.c
    cmake/engine/libregexp.c
    cmake/engine/libunicode.c
    cmake/engine/dtoa.c)
target_include_directories(quickjs SYSTEM PUBLIC ${CLEAT_QUICKJS_DIR})
target_compile_options(quickjs PRIVATE -w -fwrapv -funsigned-char ${CLEAT_THIRD_PARTY_FLAGS})
if(CLEAT_ENGINE_OPT)
    separate_arguments(engine_opt UNIX_COMMAND "${CLEAT_ENGINE_OPT}")
    target_compile_options(quickjs PRIVATE ${engine_opt})
endif()
if(CLEAT_GC_STRESS)
    target_compile_definitions(quickjs PRIVATE FORCE_GC_AT_MALLOC)
endif()
target_link_libraries(quickjs PUBLIC m Threads::Threads)

# libuv -----------------------------------------------------------------------------------------------------
# The files of its own Linux build. What the runtime doesn't call is dropped by --gc-sections.
set(uv_files
    fs-poll idna inet random strscpy strtok thread-common threadpool timer uv-common uv-data-getter-setters version
    unix/async unix/core unix/dl unix/fs unix/getaddrinfo unix/getnameinfo unix/linux unix/loop unix/loop-watcher
    unix/pipe unix/poll unix/process unix/procfs-exepath unix/proctitle unix/random-devurandom
    unix/random-getrandom unix/random-sysctl-linux unix/signal unix/stream unix/tcp unix/thread unix/tty unix/udp)
list(TRANSFORM uv_files PREPEND "${CLEAT_LIBUV_DIR}/src/")
list(TRANSFORM uv_files APPEND ".c")
add_library(uv STATIC ${uv_files})
target_include_directories(uv SYSTEM PUBLIC ${CLEAT_LIBUV_DIR}/include)
target_include_directories(uv PRIVATE ${CLEAT_LIBUV_DIR}/src)
target_compile_definitions(uv PRIVATE _LARGEFILE_SOURCE _POSIX_C_SOURCE=200112)
target_compile_options(uv PRIVATE -w ${CLEAT_THIRD_PARTY_FLAGS})
target_link_libraries(uv PUBLIC Threads::Threads ${CMAKE_DL_LIBS})

# Mbed TLS --------------------------------------------------------------------------------------------------
# The files that bindings/mbedtls_config.h leaves something of. Small where it may be, fast where the bytes and the
# handshakes are: the primitives take nearly all of the time. The hashes are as fast when they are small.
set(mbedtls_fast_files
    aes aesce aesni bignum_core chacha20 ecp_curves gcm poly1305)
set(mbedtls_files
    asn1parse asn1write base64 bignum bignum_mod bignum_mod_raw block_cipher chachapoly cipher cipher_wrap
    constant_time ecdh ecdsa hkdf hmac_drbg md oid pem pk pk_ecc pk_wrap pkcs5 pkparse pkwrite platform
    platform_util psa_crypto psa_crypto_aead psa_crypto_cipher psa_crypto_client
    psa_crypto_driver_wrappers_no_static psa_crypto_ecp psa_crypto_hash psa_crypto_mac psa_crypto_rsa
    psa_crypto_slot_management psa_util rsa rsa_alt_helpers sha1 sha256 sha512 ssl_ciphersuites ssl_client
    ssl_msg ssl_ticket ssl_tls ssl_tls12_server ssl_tls13_client ssl_tls13_generic ssl_tls13_keys
    ssl_tls13_server threading x509 x509_crl x509_crt)
list(TRANSFORM mbedtls_fast_files PREPEND "${CLEAT_MBEDTLS_DIR}/library/")
list(TRANSFORM mbedtls_fast_files APPEND ".c")
list(TRANSFORM mbedtls_files PREPEND "${CLEAT_MBEDTLS_DIR}/library/")
list(TRANSFORM mbedtls_files APPEND ".c")
# Files that replace or extend the library's; each says why.
list(APPEND mbedtls_files cmake/tls/curve25519.c cmake/tls/ecp.c cmake/tls/ssl_tls12_client.c)
add_library(mbedtls STATIC ${mbedtls_fast_files} ${mbedtls_files})
target_include_directories(mbedtls SYSTEM PUBLIC "${CLEAT_MBEDTLS_DIR}/include")
set(everest "${CLEAT_MBEDTLS_DIR}/3rdparty/everest")
target_include_directories(mbedtls PRIVATE "${CLEAT_MBEDTLS_DIR}/library" "${CMAKE_SOURCE_DIR}"
    "${everest}/include" "${everest}/include/everest" "${everest}/include/everest/kremlib" "${everest}/library")
target_compile_definitions(mbedtls PUBLIC MBEDTLS_CONFIG_FILE="bindings/mbedtls_config.h")
target_compile_options(mbedtls PRIVATE -w ${CLEAT_THIRD_PARTY_FLAGS})
if(CMAKE_BUILD_TYPE STREQUAL "Release")
    set_property(SOURCE ${mbedtls_files} APPEND PROPERTY COMPILE_OPTIONS -Os)
endif()
target_link_libraries(mbedtls PUBLIC Threads::Threads)
