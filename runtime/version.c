/* version.c - what this build was compiled for. See version.h. */
#include "version.h"

const char *rt_architecture(void)
{
#if defined(__x86_64__)
    return "x64";
#elif defined(__aarch64__)
    return "arm64";
#elif defined(__arm__)
    return "arm";
#elif defined(__mips__) && defined(__MIPSEL__)
    return "mipsel";
#elif defined(__mips__)
    return "mips";
#elif defined(__riscv) && __riscv_xlen == 64
    return "riscv64";
#elif defined(__i386__)
    return "ia32";
#else
    return "unknown";
#endif
}

const char *rt_mbedtls_version(void)
{
    return CLEAT_MBEDTLS_VERSION;
}
