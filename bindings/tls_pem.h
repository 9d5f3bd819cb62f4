/* tls_pem.h - the certificates in a PEM file, one by one and where each of them lies, without the file or all
 * of them in memory. Not here: what the certificates say. */
#ifndef CLEAT_IO_TLS_PEM_H
#define CLEAT_IO_TLS_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    /* Largest file: far more than all authorities of the world, and offsets fit in 32 bits. */
    IO_PEM_FILE_MAX = 16 << 20,
    /* Largest certificate, as text: those of authorities take 1 to 3 KiB. */
    IO_PEM_CERTIFICATE_MAX = 16 << 10,
};

/* Where in its file a certificate lies: its base64. */
struct io_pem_place {
    uint32_t offset, length;
};

/* Handed a certificate as DER; the bytes are gone afterwards. 0 to go on, or an error, which ends the scan.
 */
typedef int io_pem_visit(void *context, uint8_t *der, size_t size, struct io_pem_place place);

/* Visits every certificate of a file; adds the number of those that are broken, too large or in OpenSSL's own
 * format to *skipped. 0, -errno of reading, or what the visitor returned. */
int io_pem_scan(int fd, io_pem_visit *visit, void *context, size_t *skipped);
/* Base64 with white space, in place; false if it is broken. */
bool io_pem_decode(uint8_t *bytes, size_t length, size_t *ret_size);
/* pread() to the end: bytes read, fewer than asked for at the end of the file; or -errno. */
ssize_t io_pem_read(int fd, uint8_t *bytes, size_t size, off_t offset);

#endif
