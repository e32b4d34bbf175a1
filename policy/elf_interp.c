/* SPDX-License-Identifier: Apache-2.0 */
/* Which loader a program names. The file is foreign: every offset is checked, every read is bounded. */
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "policy/places.h"

/* The kernel takes no more than a page of program headers (fs/binfmt_elf.c, ELF_MIN_ALIGN). */
#define HEADERS_MAX (65536u / sizeof(ElfW(Phdr)))

#if UINTPTR_MAX > 0xffffffffu
#define THIS_CLASS ELFCLASS64
#else
#define THIS_CLASS ELFCLASS32
#endif

/* `size` bytes at `offset`, or -EINVAL where the file ends before. */
static int read_at(int fd, void *to, size_t size, uint64_t offset)
{
    char *at = to;
    if (offset > (uint64_t)LONG_MAX - size)
        return -EINVAL;
    while (size > 0) {
        ssize_t n = pread(fd, at, size, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -EIO;
        if (n == 0)
            return -EINVAL;
        at += n;
        size -= (size_t)n;
        offset += (uint64_t)n;
    }
    return 0;
}

static bool is_program(const ElfW(Ehdr) * header)
{
    return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_ident[EI_CLASS] == THIS_CLASS &&
           (header->e_type == ET_EXEC || header->e_type == ET_DYN) &&
           header->e_phentsize == sizeof(ElfW(Phdr)) && header->e_phnum > 0 && header->e_phnum <= HEADERS_MAX;
}

static int read_name(int fd, const ElfW(Phdr) * segment, char *out, size_t size)
{
    size_t len = (size_t)segment->p_filesz;
    if (segment->p_filesz < 2 || segment->p_filesz > PATH_MAX || len > size)
        return -EINVAL;
    int rc = read_at(fd, out, len, segment->p_offset);
    if (rc < 0)
        return rc;
    if (out[len - 1] != '\0' || out[0] != '/')
        return -EINVAL;
    return (int)strlen(out);
}

int hg_elf_interp(int fd, char *out, size_t size)
{
    ElfW(Ehdr) header;
    ElfW(Phdr) segment;
    int rc = read_at(fd, &header, sizeof header, 0);
    if (rc == -EINVAL || (rc == 0 && !is_program(&header)))
        return 0;
    for (size_t i = 0; rc == 0 && i < header.e_phnum; i++) {
        if (header.e_phoff > (uint64_t)LONG_MAX - i * sizeof segment)
            return -EINVAL;
        rc = read_at(fd, &segment, sizeof segment, header.e_phoff + i * sizeof segment);
        if (rc == 0 && segment.p_type == PT_INTERP)
            return read_name(fd, &segment, out, size);
    }
    return rc;
}
