/* version.h - the version of Cleat and what it was compiled for. */
#ifndef CLEAT_VERSION_H
#define CLEAT_VERSION_H

#define CLEAT_VERSION_MAJOR 0
#define CLEAT_VERSION_MINOR 1
#define CLEAT_VERSION_PATCH 0
#define CLEAT_VERSION "0.1.0"

/* "x64", "arm64", "mipsel", …: named as Node names them. */
const char *rt_architecture(void);
/* "3.6.6": that of Mbed TLS. */
const char *rt_mbedtls_version(void);

#endif
