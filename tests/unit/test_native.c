/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled code and bytecode: always a finding, with what the headers say, and no header can do harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <elf.h>

#include "scanner/formats.h"

/* A small ELF64 library: one PT_LOAD over the file, one PT_DYNAMIC, a string table. */
struct library {
    Elf64_Ehdr head;
    Elf64_Phdr phdr[2];
    Elf64_Dyn dyn[6];
    char strings[128];
};

#define BASE 0x1000u

static struct library build(Elf64_Sxword tag, const char *path)
{
    struct library l = {.head = {.e_type = ET_DYN,
                                 .e_machine = EM_X86_64,
                                 .e_phoff = offsetof(struct library, phdr),
                                 .e_phentsize = sizeof(Elf64_Phdr),
                                 .e_phnum = 2}};
    memcpy(l.head.e_ident,
           "\x7f"
           "ELF\2\1\1",
           7);
    l.phdr[0] = (Elf64_Phdr){.p_type = PT_LOAD, .p_vaddr = BASE, .p_filesz = sizeof l, .p_memsz = sizeof l};
    l.phdr[1] = (Elf64_Phdr){.p_type = PT_DYNAMIC,
                             .p_offset = offsetof(struct library, dyn),
                             .p_vaddr = BASE + offsetof(struct library, dyn),
                             .p_filesz = sizeof l.dyn};
    memcpy(l.strings + 1, "libc.so.6", 10);
    memcpy(l.strings + 20, "libevil\x1b.so", 12);
    memcpy(l.strings + 40, path, strlen(path) + 1);
    l.dyn[0] = (Elf64_Dyn){.d_tag = DT_NEEDED, .d_un.d_val = 1};
    l.dyn[1] = (Elf64_Dyn){.d_tag = DT_NEEDED, .d_un.d_val = 20};
    l.dyn[2] = (Elf64_Dyn){.d_tag = tag, .d_un.d_val = 40};
    l.dyn[3] = (Elf64_Dyn){.d_tag = DT_STRTAB, .d_un.d_val = BASE + offsetof(struct library, strings)};
    return l;
}

static void scan(const void *bytes, size_t size, struct hg_findings *out)
{
    uint8_t *copy = malloc(size + (size == 0)); /* exact, for the sanitizers */
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    const struct hg_scan_input in = {.bytes = copy, .size = size, .kind = HG_KIND_NATIVE, .name = "x.so"};
    assert_int_equal(hg_native_scan(&in, out), 0);
    free(copy);
}

static const struct hg_finding *find(const struct hg_findings *list, const char *rule)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].rule, rule) == 0)
            return &list->items[i];
    return NULL;
}

static void needed_libraries_are_listed(void **state)
{
    (void)state;
    struct library l = build(DT_SONAME, "x");
    struct hg_findings out = {0};
    scan(&l, sizeof l, &out);
    assert_int_equal(out.count, 1);
    assert_string_equal(out.items[0].rule, "HG-NATIVE-001");
    assert_int_equal(out.items[0].severity, HG_SEV_CRITICAL);
    assert_int_equal(out.items[0].reach, HG_REACH_LOAD);
    assert_string_equal(out.items[0].evidence, "libc.so.6, libevil\\x1b.so");
    hg_findings_clear(&out);
}

static void search_paths_are_judged(void **state)
{
    (void)state;
    static const struct {
        Elf64_Sxword tag;
        const char *path;
        enum hg_severity severity;
    } cases[] = {
        {DT_RUNPATH, "$ORIGIN", HG_SEV_LOW},     {DT_RPATH, "$ORIGIN/lib:${ORIGIN}/x", HG_SEV_LOW},
        {DT_RPATH, "/tmp/lib", HG_SEV_HIGH},     {DT_RUNPATH, "$ORIGIN/lib:/tmp", HG_SEV_HIGH},
        {DT_RUNPATH, "", HG_SEV_HIGH},           {DT_RUNPATH, "$ORIGINX", HG_SEV_HIGH},
        {DT_RUNPATH, "$ORIGIN/a:", HG_SEV_HIGH}, /* an empty element is the working directory */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct library l = build(cases[i].tag, cases[i].path);
        struct hg_findings out = {0};
        scan(&l, sizeof l, &out);
        const struct hg_finding *f = find(&out, "HG-NATIVE-002");
        assert_non_null(f);
        assert_int_equal(f->severity, cases[i].severity);
        assert_non_null(find(&out, "HG-NATIVE-001"));
        hg_findings_clear(&out);
    }
}

static void malformed_headers_are_findings(void **state)
{
    (void)state;
    struct library l = build(DT_SONAME, "x");
    struct hg_findings out = {0};
    l.phdr[1].p_offset = UINT64_MAX - 4;
    scan(&l, sizeof l, &out);
    assert_non_null(find(&out, "HG-NATIVE-003"));
    assert_non_null(find(&out, "HG-NATIVE-001"));
    hg_findings_clear(&out);
    l = build(DT_SONAME, "x");
    l.head.e_phnum = 0xfffe;
    scan(&l, sizeof l, &out);
    assert_non_null(find(&out, "HG-NATIVE-003"));
    hg_findings_clear(&out);
    l = build(DT_SONAME, "x");
    l.dyn[0].d_un.d_val = UINT64_MAX; /* a name beyond the file */
    scan(&l, sizeof l, &out);
    assert_non_null(find(&out, "HG-NATIVE-003"));
    hg_findings_clear(&out);
}

static void every_truncation_and_bit_flip_is_survived(void **state)
{
    (void)state;
    struct library l = build(DT_RUNPATH, "/tmp"), broken;
    for (size_t n = 0; n < sizeof l; n++) {
        struct hg_findings out = {0};
        scan(&l, n, &out);
        assert_non_null(find(&out, "HG-NATIVE-001"));
        hg_findings_clear(&out);
    }
    for (size_t bit = 0; bit < sizeof l * 8; bit++) {
        struct hg_findings out = {0};
        broken = l;
        ((uint8_t *)&broken)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        scan(&broken, sizeof broken, &out);
        assert_non_null(find(&out, "HG-NATIVE-001"));
        hg_findings_clear(&out);
    }
}

static void formats_are_told_by_their_bytes(void **state)
{
    (void)state;
    uint8_t pe[128] = {'M', 'Z', 0x90};
    assert_int_equal(hg_native_is((const uint8_t *)"\x7f"
                                                   "ELF",
                                  4),
                     1);
    assert_int_equal(hg_native_is((const uint8_t *)"\x7f"
                                                   "EL",
                                  3),
                     0);
    assert_int_equal(hg_native_is(pe, sizeof pe), 1);
    assert_int_equal(
        hg_native_is((const uint8_t *)"MZ is how a Windows program starts, and this line is longer than a "
                                      "header of one",
                     80),
        0);
    assert_int_equal(hg_native_is(NULL, 0), 0);
    assert_int_equal(hg_bytecode_is((const uint8_t *)"\xa7\r\r\n\0\0\0\0", 8), 1);   /* 3.11 */
    assert_int_equal(hg_bytecode_is((const uint8_t *)"\x03\xf3\r\n\0\0\0\0", 8), 1); /* 2.7 */
    assert_int_equal(hg_bytecode_is((const uint8_t *)"x\n\r\nimport os", 13), 0);
    assert_int_equal(hg_bytecode_is((const uint8_t *)"\xa7\r\r\n", 4), 0);
}

static void bytecode_is_a_finding_whatever_it_holds(void **state)
{
    (void)state;
    const struct hg_scan_input in[] = {
        {.bytes = (const uint8_t *)"\xa7\r\r\n\0\0\0\0", .size = 8, .name = "x.pyc"},
        {.bytes = (const uint8_t *)"", .size = 0}};
    for (size_t i = 0; i < 2; i++) {
        struct hg_findings out = {0};
        assert_int_equal(hg_bytecode_scan(&in[i], &out), 0);
        assert_int_equal(out.count, 1);
        assert_string_equal(out.items[0].rule, "HG-BYTECODE-001");
        assert_int_equal(out.items[0].severity, HG_SEV_CRITICAL);
        hg_findings_clear(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(needed_libraries_are_listed),
        cmocka_unit_test(search_paths_are_judged),
        cmocka_unit_test(malformed_headers_are_findings),
        cmocka_unit_test(every_truncation_and_bit_flip_is_survived),
        cmocka_unit_test(formats_are_told_by_their_bytes),
        cmocka_unit_test(bytecode_is_a_finding_whatever_it_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
