/* qjs_gen.c - the two generated scripts that qjs.c wants, empty: the source package does not ship them, and
 * the bench runs files only (no REPL, no standalone binaries). */
#include <stdint.h>

const uint32_t qjsc_repl_size = 0, qjsc_standalone_size = 0;
const uint8_t qjsc_repl[1], qjsc_standalone[1];
