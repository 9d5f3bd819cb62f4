/* tls_pool.c - see tls_pool.h. */
#include "tls_pool.h"

#include <mbedtls/platform_util.h>

#include <stdlib.h>

struct io_tls_pool *io_tls_pool_create(void)
{
    struct io_tls_pool *pool = calloc(1, sizeof(*pool));
    struct io_tls_sessions *sessions = io_tls_sessions_create();
    if (pool == NULL || sessions == NULL) {
        free(pool);
        io_tls_sessions_destroy(sessions);
        return NULL;
    }
    pool->sessions = sessions;
    return pool;
}

/* What apps sent and received may still be in it. */
static void wipe(uint8_t *buffer)
{
    mbedtls_platform_zeroize(buffer, IO_TLS_RECORD_BUFFER);
    free(buffer);
}

void io_tls_pool_destroy(struct io_tls_pool *pool)
{
    if (pool != NULL) {
        io_tls_sessions_destroy(pool->sessions);
        while (pool->spare_count > 0) {
            wipe(pool->spare[--pool->spare_count]);
        }
        free(pool);
    }
}

uint8_t *io_tls_pool_take(struct io_tls_pool *pool)
{
    return pool->spare_count > 0 ? pool->spare[--pool->spare_count] : malloc(IO_TLS_RECORD_BUFFER);
}

void io_tls_pool_give(struct io_tls_pool *pool, uint8_t *buffer)
{
    if (pool->spare_count < IO_TLS_SPARE_MAX) {
        pool->spare[pool->spare_count++] = buffer;
    } else {
        wipe(buffer);
    }
}
