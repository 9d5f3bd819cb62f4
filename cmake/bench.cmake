# bench.cmake - what `npm run bench` measures with and against: target `bench-tools`. qjs is QuickJS-ng's own program
# from the same sources and with the same flags as the engine in Cleat.
set(bench_tls_sources bindings/tls_random.c bindings/tls_time.c) # what bindings/mbedtls_config.h needs
set(bench_load_sources bench/load_bulk.c bench/load_stream.c bench/load_tcp.c bench/load_tls.c bench/load_udp.c)
foreach(name IN ITEMS load measure baseline_tcp baseline_tls baseline_udp baseline_timers)
    add_executable(bench-${name} EXCLUDE_FROM_ALL bench/${name}.c ${bench_${name}_sources})
    set_target_properties(bench-${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bench/bin")
    target_compile_options(bench-${name} PRIVATE ${CLEAT_OUR_FLAGS})
    list(APPEND bench_tools bench-${name})
endforeach()
foreach(name IN ITEMS load baseline_tls)
    target_sources(bench-${name} PRIVATE ${bench_tls_sources})
    target_include_directories(bench-${name} PRIVATE "${CMAKE_SOURCE_DIR}")
    target_link_libraries(bench-${name} PRIVATE mbedtls)
endforeach()
target_link_options(bench-load PRIVATE -Wl,--wrap=mbedtls_pk_verify_ext) # see bench/load_tls.c
add_executable(qjs EXCLUDE_FROM_ALL "${CLEAT_QUICKJS_DIR}/qjs.c" "${CLEAT_QUICKJS_DIR}/quickjs-libc.c" bench/qjs_gen.c)
set_target_properties(qjs PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bench/bin")
target_link_libraries(qjs PRIVATE quickjs)
add_custom_target(bench-tools DEPENDS qjs ${bench_tools})
