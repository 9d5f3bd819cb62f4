# bench.cmake - what `npm run bench` measures with and against: target `bench-tools`. qjs is QuickJS-ng's own program
# from the same sources and with the same flags as the engine in Cleat.
add_executable(measure EXCLUDE_FROM_ALL bench/measure.c)
target_compile_options(measure PRIVATE ${CLEAT_OUR_FLAGS})
add_executable(qjs EXCLUDE_FROM_ALL "${CLEAT_QUICKJS_DIR}/qjs.c" "${CLEAT_QUICKJS_DIR}/quickjs-libc.c" bench/qjs_gen.c)
target_link_libraries(qjs PRIVATE quickjs)
add_custom_target(bench-tools DEPENDS measure qjs)
