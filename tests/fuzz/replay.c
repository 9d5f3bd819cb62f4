/* replay.c - main of a fuzzer that is built without libFuzzer: runs every file, and every file of every
 * folder, that it is given once. This is how gcc builds and the sanitizer run replay the corpora. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20 }; /* larger than any input worth keeping */

static int runs;

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(INPUT_MAX);
    if (file == NULL || data == NULL) {
        perror(path);
        free(data);
        if (file != NULL) {
            fclose(file);
        }
        return -1;
    }
    size_t size = fread(data, 1, INPUT_MAX, file);
    fclose(file);
    /* A copy of the exact size, so that the sanitizer sees a read past the end. */
    uint8_t *exact = malloc(size > 0 ? size : 1);
    if (exact == NULL) {
        free(data);
        return -1;
    }
    memcpy(exact, data, size);
    free(data);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    runs++;
    return 0;
}

static int replay(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return replay_file(path);
    }
    int result = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char inner[4096];
        int length = snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && length > 0 && (size_t)length < sizeof(inner)) {
            result |= replay_file(inner);
        }
    }
    closedir(folder);
    return result;
}

int main(int argc, char **argv)
{
    int result = 0;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-') { /* flags are libFuzzer's */
            result |= replay(argv[i]);
        }
    }
    printf("replayed %d inputs\n", runs);
    return result == 0 ? 0 : 1;
}
