/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "policy/places.h"

static int interp_of(const void *bytes, size_t size, char *out)
{
    int fd = memfd_create("elf", MFD_CLOEXEC);
    assert_int_equal(write(fd, bytes, size), size);
    int rc = hg_elf_interp(fd, out, PATH_MAX);
    close(fd);
    return rc;
}

static void foreign_programs(void **state)
{
    (void)state;
    struct {
        Elf64_Ehdr header;
        Elf64_Phdr segments[2];
        char name[16];
    } elf, bad;
    char out[PATH_MAX];
    memset(&elf, 0, sizeof elf);
    memcpy(elf.header.e_ident, ELFMAG, SELFMAG);
    elf.header.e_ident[EI_CLASS] = ELFCLASS64;
    elf.header.e_type = ET_DYN;
    elf.header.e_phentsize = sizeof(Elf64_Phdr);
    elf.header.e_phnum = 2;
    elf.header.e_phoff = sizeof elf.header;
    elf.segments[1].p_type = PT_INTERP;
    elf.segments[1].p_offset = offsetof(__typeof__(elf), name);
    elf.segments[1].p_filesz = 11;
    memcpy(elf.name, "/lib/ld.so", 11);
    assert_int_equal(interp_of(&elf, sizeof elf, out), 10);
    assert_string_equal(out, "/lib/ld.so");
    for (size_t size = 0; size < sizeof elf - 5; size++)
        assert_true(interp_of(&elf, size, out) <= 0);
    assert_int_equal(interp_of("#!/bin/sh\n", 10, out), 0);
    bad = elf;
    bad.segments[1].p_filesz = UINT64_MAX;
    assert_int_equal(interp_of(&bad, sizeof bad, out), -EINVAL);
    bad = elf;
    bad.segments[1].p_offset = UINT64_MAX - 3;
    assert_int_equal(interp_of(&bad, sizeof bad, out), -EINVAL);
    bad = elf;
    bad.segments[1].p_filesz = 10; /* no NUL */
    assert_int_equal(interp_of(&bad, sizeof bad, out), -EINVAL);
    bad = elf;
    bad.name[0] = 'x';
    assert_int_equal(interp_of(&bad, sizeof bad, out), -EINVAL);
    bad = elf;
    bad.header.e_phoff = UINT64_MAX - 8;
    assert_int_equal(interp_of(&bad, sizeof bad, out), -EINVAL);
    bad = elf;
    bad.header.e_phentsize = 8;
    assert_int_equal(interp_of(&bad, sizeof bad, out), 0);
    bad = elf;
    bad.header.e_phnum = 65535;
    assert_true(interp_of(&bad, sizeof bad, out) <= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(foreign_programs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
