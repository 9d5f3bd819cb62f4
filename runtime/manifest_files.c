/* manifest_files.c - the manifest's list of files: what a path may be, sizes, hashes; see manifest.h. A path
 * that passes here can be joined to any folder of any file system and stays inside it. */
#include <string.h>

#include "manifest_reader.h"

enum { PATH_BYTES_MAX = RT_MANIFEST_PATH_DEPTH_MAX * (RT_MANIFEST_COMPONENT_MAX + 1) - 1 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Names that some systems reserve, with or without an extension: a bundle unpacked there would hit a device.
 */
static bool is_device_name(const char *component, size_t length)
{
    const char *dot = memchr(component, '.', length);
    if (dot != NULL) {
        length = (size_t)(dot - component);
    }
    static const char names[][4] = {"con", "prn", "aux", "nul", "com", "lpt"};
    if (length != 3 && length != 4) {
        return false;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (lower(component[0]) == names[i][0] && lower(component[1]) == names[i][1] &&
            lower(component[2]) == names[i][2]) {
            return i < 4 ? length == 3 : length == 4 && component[3] >= '1' && component[3] <= '9';
        }
    }
    return false;
}

bool rt_manifest_path_ok(const char *path, size_t length)
{
    int depth = 0;
    for (size_t start = 0, at = 0; at <= length; at++) {
        if (at < length && path[at] != '/') {
            char c = path[at];
            if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                  c == '_' || c == '-')) {
                return false;
            }
            continue;
        }
        const char *component = path + start;
        size_t size = at - start;
        /* Also "." and "..", which end in a dot; a trailing dot is dropped by some systems. */
        if (size == 0 || size > RT_MANIFEST_COMPONENT_MAX || component[size - 1] == '.' ||
            ++depth > RT_MANIFEST_PATH_DEPTH_MAX || is_device_name(component, size)) {
            return false;
        }
        start = at + 1;
    }
    return true;
}

/* Whether two files can't both exist: the same path but for case, or one a folder of the other. */
static bool paths_clash(const char *a, const char *b)
{
    while (*a != 0 && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return (*a == 0 && (*b == 0 || *b == '/')) || (*b == 0 && *a == '/');
}

static int read_path(struct manifest_reader *reader, const char **ret_path)
{
    int r = manifest_next(reader);
    if (r < 0) {
        return r;
    }
    /* A path has nothing to escape, so the raw text is the path, and a backslash or NUL in it is caught. */
    if (reader->event.type == RT_JSON_STRING &&
        !rt_manifest_path_ok((const char *)reader->event.text, reader->event.length)) {
        return manifest_fail(reader, "BAD_PATH", "not a path that a bundle may hold");
    }
    return manifest_string(reader, PATH_BYTES_MAX, ret_path);
}

static int read_file(struct manifest_reader *reader, struct rt_manifest_file *file)
{
    if (reader->event.type != RT_JSON_OBJECT) {
        return manifest_fail(reader, "BAD_MANIFEST", "must be an object");
    }
    int64_t size = -1;
    int r;
    while ((r = manifest_more(reader)) > 0) {
        size_t mark = manifest_enter_key(reader);
        if (rt_json_equal(&reader->event, "h")) {
            r = manifest_next(reader);
            if (r == 0) {
                r = manifest_check_hash(reader);
            }
            if (r == 0) {
                rt_json_text_copy(&reader->event, file->hash);
            }
        } else if (rt_json_equal(&reader->event, "path")) {
            r = read_path(reader, &file->path);
        } else if (rt_json_equal(&reader->event, "size")) {
            r = manifest_read_integer(reader, 0, RT_JSON_INTEGER_MAX, &size);
        } else {
            r = manifest_unknown_key(reader);
        }
        if (r < 0) {
            return r;
        }
        manifest_leave(reader, mark);
    }
    if (r < 0) {
        return r;
    }
    if (file->hash[0] == 0 || file->path == NULL || size < 0) {
        return manifest_fail(reader, "BAD_MANIFEST", "must have \"h\", \"path\" and \"size\"");
    }
    if (size > (int64_t)UINT32_MAX - reader->manifest->payload_size) {
        return manifest_fail(reader, "BAD_SIZE", "the files have more than 2^32-1 bytes");
    }
    file->size = (uint32_t)size;
    file->offset = reader->manifest->payload_size;
    reader->manifest->payload_size += file->size;
    return 0;
}

int manifest_read_files(struct manifest_reader *reader)
{
    int r = manifest_open(reader, RT_JSON_ARRAY);
    if (r < 0) {
        return r;
    }
    while ((r = manifest_more(reader)) > 0) {
        size_t mark = manifest_enter_index(reader, reader->file_count);
        if (reader->file_count == reader->file_capacity) {
            return manifest_fail(reader, "LIMIT", "too many files");
        }
        struct rt_manifest_file *file = &reader->files[reader->file_count];
        r = read_file(reader, file);
        if (r < 0) {
            return r;
        }
        for (int i = 0; i < reader->file_count; i++) {
            if (paths_clash(reader->files[i].path, file->path)) {
                return manifest_fail(reader, "BAD_PATH", "clashes with files[%d]", i);
            }
        }
        reader->file_count++;
        manifest_leave(reader, mark);
    }
    return r;
}
