/* tls_trust.c - see tls_trust.h. How it is done: one pass over the file finds each certificate, parses it
 * where it lies, and notes a hash of its subject and its place; lookups read that place again. */
#include "tls_trust.h"
#include "tls_pem.h"

#include <mbedtls/asn1.h>
#include <mbedtls/platform.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Entries are allocated by so many. */
enum { ENTRIES_STEP = 64 };

static const char *const system_places[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Alpine, Arch, OpenWrt, Buildroot, Yocto */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* Fedora, RHEL 6 */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* RHEL 7 and later */
    "/etc/ssl/ca-bundle.pem",                            /* openSUSE */
    "/etc/ssl/cert.pem",                                 /* Alpine, the BSDs */
    "/etc/pki/tls/cacert.pem",                           /* OpenELEC */
    "/usr/local/share/certs/ca-root-nss.crt",            /* FreeBSD's, by hand */
    "/usr/share/ssl/certs/ca-bundle.crt",
    "/etc/ssl/certs/ca-bundle.crt",
    NULL,
};

enum format { FORMAT_PEM, FORMAT_DER, FORMAT_MEMORY };

struct entry {
    uint32_t subject;          /* hash of the name */
    struct io_pem_place place; /* in DER and in memory: of the DER */
};

struct io_tls_trust {
    atomic_uint references;
    enum format format;
    int fd;                        /* -1: memory */
    struct io_tls_built_in memory; /* its bytes are not ours */
    off_t size;                    /* of the file, with its time: whether it was written over */
    struct timespec modified;
    struct entry *entries; /* by hash */
    size_t count, skipped;
    char source[]; /* "": none */
};

/* Reading ---------------------------------------------------------------------------------------- */

static int scan_der(int fd, io_pem_visit *visit, void *context)
{
    uint8_t *bytes = malloc(IO_PEM_CERTIFICATE_MAX);
    ssize_t size = bytes == NULL ? -ENOMEM : io_pem_read(fd, bytes, IO_PEM_CERTIFICATE_MAX, 0);
    int error = size < 0 ? (int)size : 0;
    if (size > 0 && size < IO_PEM_CERTIFICATE_MAX && bytes[0] == 0x30) {
        error = visit(context, bytes, (size_t)size, (struct io_pem_place){0, (uint32_t)size});
    }
    free(bytes);
    return error;
}

static int scan_memory(const struct io_tls_built_in *memory, io_pem_visit *visit, void *context)
{
    uint8_t *bytes = (uint8_t *)(uintptr_t)memory->bytes, *end = bytes + memory->size;
    int error = 0;
    for (uint8_t *at = bytes, *body = bytes; at < end && error == 0; at = body) {
        size_t length;
        if (mbedtls_asn1_get_tag(&body, end, &length, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) !=
            0) {
            break;
        }
        body += length;
        struct io_pem_place place = {(uint32_t)(at - bytes), (uint32_t)(body - at)};
        error = visit(context, at, (size_t)(body - at), place);
    }
    return error;
}

static int scan(const struct io_tls_trust *trust, io_pem_visit *visit, void *context, size_t *skipped)
{
    switch (trust->format) {
    case FORMAT_PEM:
        return io_pem_scan(trust->fd, visit, context, skipped);
    case FORMAT_DER:
        return scan_der(trust->fd, visit, context);
    default:
        return scan_memory(&trust->memory, visit, context);
    }
}

/* The index -------------------------------------------------------------------------------------- */

/* FNV-1a over types and values. Encodings and upper and lower case make no difference to the library's
 * comparison of names, which has the last word, and so they make none here. */
static uint32_t hash_name(const mbedtls_x509_name *name)
{
    uint32_t hash = 2166136261u;
    for (; name != NULL; name = name->next) {
        for (size_t i = 0; i < name->oid.len; i++) {
            hash = (hash ^ name->oid.p[i]) * 16777619u;
        }
        for (size_t i = 0; i < name->val.len; i++) {
            uint8_t byte = name->val.p[i];
            hash = (hash ^ (byte >= 'A' && byte <= 'Z' ? byte | 0x20u : byte)) * 16777619u;
        }
    }
    return hash;
}

static int index_certificate(void *context, uint8_t *der, size_t size, struct io_pem_place place)
{
    struct io_tls_trust *trust = context;
    mbedtls_x509_crt certificate;
    if (trust->count % ENTRIES_STEP == 0) {
        size_t capacity = trust->count + ENTRIES_STEP;
        struct entry *entries = realloc(trust->entries, capacity * sizeof(entries[0]));
        if (entries == NULL) {
            return -ENOMEM;
        }
        trust->entries = entries;
    }
    mbedtls_x509_crt_init(&certificate);
    int error = mbedtls_x509_crt_parse_der_nocopy(&certificate, der, size);
    if (error == 0) {
        trust->entries[trust->count++] = (struct entry){hash_name(&certificate.subject), place};
    } else {
        trust->skipped++;
    }
    mbedtls_x509_crt_free(&certificate);
    return error == MBEDTLS_ERR_X509_ALLOC_FAILED ? -ENOMEM : 0;
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    if (left->subject != right->subject) {
        return left->subject < right->subject ? -1 : 1;
    }
    return left->place.offset < right->place.offset ? -1 : 1;
}

static int build_index(struct io_tls_trust *trust)
{
    int error = scan(trust, index_certificate, trust, &trust->skipped);
    if (error == 0 && trust->count == 0 && trust->skipped == 0 && trust->format == FORMAT_PEM) {
        trust->format = FORMAT_DER;
        error = scan(trust, index_certificate, trust, &trust->skipped);
    }
    if (error < 0) {
        return error;
    }
    if (trust->count > 0) {
        qsort(trust->entries, trust->count, sizeof(trust->entries[0]), compare_entries);
        struct entry *exact = realloc(trust->entries, trust->count * sizeof(exact[0]));
        trust->entries = exact != NULL ? exact : trust->entries;
    }
    return 0;
}

/* Life ------------------------------------------------------------------------------------------- */

static struct io_tls_trust *create(const char *source)
{
    size_t length = strlen(source);
    struct io_tls_trust *trust = calloc(1, sizeof(*trust) + length + 1);
    if (trust != NULL) {
        atomic_init(&trust->references, 1);
        trust->fd = -1;
        memcpy(trust->source, source, length + 1);
    }
    return trust;
}

struct io_tls_trust *io_tls_trust_ref(struct io_tls_trust *trust)
{
    atomic_fetch_add(&trust->references, 1);
    return trust;
}

struct io_tls_trust *io_tls_trust_unref(struct io_tls_trust *trust)
{
    if (trust != NULL && atomic_fetch_sub(&trust->references, 1) == 1) {
        if (trust->fd >= 0) {
            close(trust->fd);
        }
        free(trust->entries);
        free(trust);
    }
    return NULL;
}

__attribute__((format(printf, 4, 5))) static int fail(int error, char *text, size_t size, const char *format,
                                                      ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(text, size, format, list);
    va_end(list);
    return error;
}

static int open_file(const char *path, struct io_tls_trust **ret_trust, char *text, size_t text_size)
{
    struct stat status;
    struct io_tls_trust *trust = create(path);
    if (trust == NULL) {
        return fail(-ENOMEM, text, text_size, "out of memory");
    }
    /* Not blocking, so that a pipe does not keep us waiting before it is refused. */
    trust->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int error = trust->fd < 0 || fstat(trust->fd, &status) < 0 ? -errno : 0;
    if (error < 0) {
        fail(error, text, text_size, "can't read %s: %s", path, strerror(-error));
    } else if (!S_ISREG(status.st_mode)) {
        error = fail(-EINVAL, text, text_size, "%s is not a regular file", path);
    } else if (status.st_size > IO_PEM_FILE_MAX) {
        error = fail(-EFBIG, text, text_size, "%s is larger than any store of certificates (16 MiB)", path);
    } else {
        trust->size = status.st_size;
        trust->modified = status.st_mtim;
        error = build_index(trust);
        if (error < 0) {
            fail(error, text, text_size, "can't read %s: %s", path, strerror(-error));
        } else if (trust->count == 0 && trust->skipped == 0) {
            error =
                fail(-EINVAL, text, text_size,
                     "%s has no certificate: PEM (\"-----BEGIN CERTIFICATE-----\") or DER is wanted", path);
        } else if (trust->count == 0) {
            error = fail(-EINVAL, text, text_size,
                         "no certificate in %s can be used: broken, or with keys other than RSA, P-256 and "
                         "P-384",
                         path);
        }
    }
    if (error < 0) {
        io_tls_trust_unref(trust);
        return error;
    }
    *ret_trust = trust;
    return 0;
}

int io_tls_trust_search(const char *const *places, const struct io_tls_built_in *built_in,
                        struct io_tls_trust **ret_trust)
{
    for (; *places != NULL; places++) {
        char text[1];
        int error = open_file(*places, ret_trust, text, sizeof(text));
        if (error == 0 || error == -ENOMEM) {
            return error;
        }
    }
    struct io_tls_trust *trust = create(built_in->size > 0 ? "built in" : "");
    if (trust == NULL) {
        return -ENOMEM;
    }
    trust->format = FORMAT_MEMORY;
    trust->memory = *built_in;
    int error = build_index(trust);
    if (error < 0) {
        io_tls_trust_unref(trust);
        return error;
    }
    *ret_trust = trust;
    return 0;
}

int io_tls_trust_open(const char *path, struct io_tls_trust **ret_trust, char *error, size_t error_size)
{
    if (path != NULL) {
        return open_file(path, ret_trust, error, error_size);
    }
    int result = io_tls_trust_search(system_places, &io_tls_built_in, ret_trust);
    return result < 0 ? fail(result, error, error_size, "out of memory") : 0;
}

const char *io_tls_trust_source(const struct io_tls_trust *trust)
{
    return trust->source[0] != '\0' ? trust->source : NULL;
}

size_t io_tls_trust_count(const struct io_tls_trust *trust)
{
    return trust->count;
}

size_t io_tls_trust_skipped(const struct io_tls_trust *trust)
{
    return trust->skipped;
}

/* Lookups ---------------------------------------------------------------------------------------- */

struct search {
    uint32_t subject;
    mbedtls_x509_crt *found; /* a chain of `count` */
    size_t count;
};

/* Adds a certificate if it has the subject that is looked for. */
static int try_certificate(void *context, uint8_t *der, size_t size, struct io_pem_place place)
{
    (void)place;
    struct search *search = context;
    mbedtls_x509_crt *certificate = mbedtls_calloc(1, sizeof(*certificate));
    if (certificate == NULL) {
        return -ENOMEM;
    }
    mbedtls_x509_crt_init(certificate);
    int error = mbedtls_x509_crt_parse_der(certificate, der, size);
    if (error == 0 && hash_name(&certificate->subject) == search->subject &&
        search->count < IO_TLS_TRUST_CANDIDATES_MAX) {
        certificate->next = search->found;
        search->found = certificate;
        search->count++;
        return 0;
    }
    mbedtls_x509_crt_free(certificate);
    mbedtls_free(certificate);
    return error == MBEDTLS_ERR_X509_ALLOC_FAILED ? -ENOMEM : 0;
}

static int try_entry(const struct io_tls_trust *trust, struct io_pem_place place, struct search *search)
{
    if (trust->format == FORMAT_MEMORY) {
        uint8_t *der = (uint8_t *)(uintptr_t)(trust->memory.bytes + place.offset);
        return try_certificate(search, der, place.length, place);
    }
    uint8_t *bytes = malloc(place.length);
    if (bytes == NULL) {
        return -ENOMEM;
    }
    size_t size = place.length;
    int error = 0;
    if (io_pem_read(trust->fd, bytes, place.length, place.offset) == (ssize_t)place.length &&
        (trust->format == FORMAT_DER || io_pem_decode(bytes, place.length, &size))) {
        error = try_certificate(search, bytes, size, place);
    }
    free(bytes);
    return error;
}

static bool was_written_over(const struct io_tls_trust *trust)
{
    struct stat status;
    return trust->fd >= 0 && fstat(trust->fd, &status) == 0 &&
           (status.st_size != trust->size || status.st_mtim.tv_sec != trust->modified.tv_sec ||
            status.st_mtim.tv_nsec != trust->modified.tv_nsec);
}

int io_tls_trust_find(void *trust_as_context, const mbedtls_x509_crt *child,
                      mbedtls_x509_crt **ret_candidates)
{
    const struct io_tls_trust *trust = trust_as_context;
    struct search search = {.subject = hash_name(&child->issuer)};
    size_t low = 0, high = trust->count, skipped = 0;
    int error = 0;
    if (was_written_over(trust)) {
        error = scan(trust, try_certificate, &search, &skipped);
        low = trust->count;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (trust->entries[middle].subject < search.subject) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    while (error == 0 && low < trust->count && trust->entries[low].subject == search.subject &&
           search.count < IO_TLS_TRUST_CANDIDATES_MAX) {
        error = try_entry(trust, trust->entries[low++].place, &search);
    }
    if (error == -ENOMEM) {
        mbedtls_x509_crt_free(search.found);
        mbedtls_free(search.found);
        return MBEDTLS_ERR_X509_ALLOC_FAILED;
    }
    *ret_candidates = search.found;
    return 0;
}

bool io_tls_trust_has(struct io_tls_trust *trust, const mbedtls_x509_crt *certificate)
{
    mbedtls_x509_crt child, *found = NULL;
    bool has = false;
    mbedtls_x509_crt_init(&child);
    child.issuer = certificate->subject; /* borrowed */
    if (io_tls_trust_find(trust, &child, &found) != 0) {
        return false;
    }
    for (const mbedtls_x509_crt *at = found; at != NULL && !has; at = at->next) {
        has = at->raw.len == certificate->raw.len && memcmp(at->raw.p, certificate->raw.p, at->raw.len) == 0;
    }
    mbedtls_x509_crt_free(found);
    mbedtls_free(found);
    return has;
}

/* The context is the end of the chain: the library walks there from wherever it is let begin. */
static int add_to_chain(void *context, uint8_t *der, size_t size, struct io_pem_place place)
{
    (void)place;
    mbedtls_x509_crt **end = context;
    int error = mbedtls_x509_crt_parse_der(*end, der, size);
    while ((*end)->next != NULL) {
        *end = (*end)->next;
    }
    return error == MBEDTLS_ERR_X509_ALLOC_FAILED ? -ENOMEM : 0;
}

int io_tls_trust_all(struct io_tls_trust *trust, mbedtls_x509_crt *chain)
{
    size_t skipped = 0;
    int error = scan(trust, add_to_chain, &chain, &skipped);
    return error == -ENOMEM ? MBEDTLS_ERR_X509_ALLOC_FAILED : 0;
}
