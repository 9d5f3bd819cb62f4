/* psa.h - the start of PSA Crypto, which TLS 1.3 and crypto.subtle need before anything else of it. There is
 * no end: the process keeps it, and no key is stored in it for longer than an operation takes. */
#ifndef CLEAT_IO_PSA_H
#define CLEAT_IO_PSA_H

/* Once or many times, by any thread. 0, -ENOMEM, or -EIO if the kernel gives no random bytes. */
int io_psa_init(void);

#endif
