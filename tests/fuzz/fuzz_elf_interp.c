/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a program: the loader that it names is a bounded absolute path, or there is none. */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "policy/places.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("elf", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        return 0;
    char *out = malloc(PATH_MAX); /* on the heap, so that one byte too many is seen */
    if (out == NULL)
        return 0;
    int n = hg_elf_interp(fd, out, PATH_MAX);
    if (n > 0 && (out[0] != '/' || strlen(out) != (size_t)n))
        abort();
    if (n < 0 && n != -EINVAL)
        abort();
    if (hg_elf_interp(fd, out, 8) > 7)
        abort();
    free(out);
    return 0;
}
