/* SPDX-License-Identifier: Apache-2.0 */
/* Archives as attackers build them: every way in which two readers may disagree is a finding, and plain ones
 * are none. The engine is left out (NULL): what members contain is the engine's own test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "scanner/formats.h"

struct zip {
    uint8_t bytes[1 << 16], central[1 << 14];
    size_t size, central_size, count;
};

static void put(uint8_t *at, size_t width, uint64_t value)
{
    for (size_t i = 0; i < width; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

struct entry {
    const char *name, *data, *local_name; /* local_name: NULL for the same */
    size_t size;                          /* 0: strlen(data) */
    unsigned method, flags;
    uint32_t packed, bad_crc, declared,
        at; /* packed: of `data` when method is 8; at: overrides the offset, plus 1 */
};

static void add(struct zip *z, const struct entry *e)
{
    const char *local = e->local_name != NULL ? e->local_name : e->name;
    size_t n = e->size != 0 ? e->size : strlen(e->data), start = z->size;
    size_t packed = e->method == 8 ? e->packed : n, size = e->declared != 0 ? e->declared : n;
    uint32_t crc =
        e->method == 8 ? e->bad_crc : (uint32_t)crc32(0, (const uint8_t *)e->data, (uInt)n) ^ e->bad_crc;
    uint8_t *l = z->bytes + start, *c = z->central + z->central_size;
    memcpy(l, "PK\3\4", 4);
    put(l + 4, 2, 20);
    put(l + 6, 2, e->flags);
    put(l + 8, 2, e->method);
    put(l + 10, 4, 0);
    put(l + 14, 4, crc);
    put(l + 18, 4, packed);
    put(l + 22, 4, size);
    put(l + 26, 2, strlen(local));
    put(l + 28, 2, 0);
    memcpy(l + 30, local, strlen(local));
    memcpy(l + 30 + strlen(local), e->data, packed);
    z->size += 30 + strlen(local) + packed;
    memset(c, 0, 46);
    memcpy(c, "PK\1\2", 4);
    put(c + 6, 2, 20);
    put(c + 8, 2, e->flags);
    put(c + 10, 2, e->method);
    put(c + 16, 4, crc);
    put(c + 20, 4, packed);
    put(c + 24, 4, size);
    put(c + 28, 2, strlen(e->name));
    put(c + 42, 4, e->at != 0 ? e->at - 1 : start);
    memcpy(c + 46, e->name, strlen(e->name));
    z->central_size += 46 + strlen(e->name);
    z->count++;
}

static void finish(struct zip *z)
{
    size_t start = z->size;
    uint8_t *e;
    memcpy(z->bytes + start, z->central, z->central_size);
    z->size += z->central_size;
    e = z->bytes + z->size;
    memset(e, 0, 22);
    memcpy(e, "PK\5\6", 4);
    put(e + 8, 2, z->count);
    put(e + 10, 2, z->count);
    put(e + 12, 4, z->central_size);
    put(e + 16, 4, start);
    z->size += 22;
}

static void scan(const struct zip *z, struct hg_findings *out)
{
    /* An exact copy on the heap, so that the sanitizers see the first byte read beyond it. */
    uint8_t *copy = malloc(z->size + (z->size == 0));
    assert_non_null(copy);
    memcpy(copy, z->bytes, z->size);
    const struct hg_scan_input in = {
        .bytes = copy, .size = z->size, .kind = HG_KIND_ARCHIVE, .name = "a.zip"};
    assert_int_equal(hg_archive_scan(NULL, &in, out), 0);
    free(copy);
}

/* `rule` NULL: any. */
static void expect(const struct zip *z, const char *rule, const char *text)
{
    struct hg_findings out = {0};
    scan(z, &out);
    int found = 0;
    for (size_t i = 0; i < out.count; i++)
        found |= (rule == NULL || strcmp(out.items[i].rule, rule) == 0) &&
                 strstr(out.items[i].message, text) != NULL && out.items[i].severity >= HG_SEV_HIGH;
    if (!found)
        print_error("no %s with \"%s\"; first of %zu: %s\n", rule != NULL ? rule : "finding", text, out.count,
                    out.count > 0 ? out.items[0].message : "-");
    assert_true(found);
    hg_findings_clear(&out);
}

static const struct entry plain = {.name = "pkg/a.py", .data = "x = 1\n"};

static void plain_archives_give_nothing(void **state)
{
    (void)state;
    struct zip *z = calloc(1, sizeof *z);
    struct hg_findings out = {0};
    finish(z);
    scan(z, &out);
    assert_int_equal(out.count, 0);
    memset(z, 0, sizeof *z);
    add(z, &plain);
    add(z, &(struct entry){.name = "pkg/", .data = ""});
    add(z, &(struct entry){.name = "pkg/b.py", .data = ""});
    add(z, &(struct entry){.name = "pkg/README", .data = "text"});
    finish(z);
    scan(z, &out);
    assert_int_equal(out.count, 0);
    free(z);
}

/* One entry beside the plain one, and what must be said of it. */
static void hostile_members_are_findings(void **state)
{
    (void)state;
    static const struct {
        struct entry entry;
        const char *rule, *text;
    } cases[] = {
        {{.name = "pkg/a.py", .data = "y = 2\n"}, "HG-ARCHIVE-002", "occurs twice"},
        {{.name = "PKG/A.py", .data = "y = 2\n"}, "HG-ARCHIVE-002", "occurs twice"},
        {{.name = "b.py", .data = "y", .local_name = "c.py"}, "HG-ARCHIVE-002", "another name"},
        {{.name = "pkg/a.py", .data = "y", .at = 1}, "HG-ARCHIVE-002", "other sizes"},
        {{.name = "b.py", .data = "y", .at = 5}, "HG-ARCHIVE-002", "not where the directory says"},
        {{.name = "b.py", .data = "y", .at = 0x7fffffff}, "HG-ARCHIVE-002", "outside the file"},
        {{.name = "../b.py", .data = "y"}, "HG-ARCHIVE-002", "a name that leaves"},
        {{.name = "/b.py", .data = "y"}, "HG-ARCHIVE-002", "a name that leaves"},
        {{.name = "a\\b.py", .data = "y"}, "HG-ARCHIVE-002", "a name that leaves"},
        {{.name = "", .data = "y"}, "HG-ARCHIVE-002", "a name that leaves"},
        {{.name = "b.py", .data = "y", .flags = 1}, "HG-ARCHIVE-001", "encrypted"},
        {{.name = "b.py", .data = "y", .method = 12}, "HG-ARCHIVE-001", "method"},
        {{.name = "b.py", .data = "y", .bad_crc = 1}, "HG-ARCHIVE-001", "not what the directory says"},
        {{.name = "b.py", .data = "y", .declared = 9}, "HG-ARCHIVE-001", "not what the directory says"},
        {{.name = "b.py", .data = "\xff\xff", .method = 8, .packed = 2, .declared = 9},
         "HG-ARCHIVE-001",
         "not what the directory says"},
        {{.name = "b.py", .data = "y", .method = 8, .packed = 1, .declared = 900u << 20},
         "HG-ARCHIVE-003",
         "more than 64 MiB"},
        {{.name = "b.pyc", .data = "y"}, "HG-ARCHIVE-004", "b.pyc"},
        {{.name = "b.bin", .data = "\xa7\r\r\n\0\0\0\0\0", .size = 9}, "HG-ARCHIVE-004", "another name"},
        {{.name = "b.so", .data = "y"}, "HG-ARCHIVE-005", "b.so"},
        {{.name = "b.dat",
          .data = "\x7f"
                  "ELF\2\1\1"},
         "HG-ARCHIVE-005",
         "b.dat"},
        {{.name = "b.whl", .data = "y"}, "HG-ARCHIVE-006", "b.whl"},
    };
    struct zip *z = malloc(sizeof *z);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memset(z, 0, sizeof *z);
        add(z, &plain);
        add(z, &cases[i].entry);
        finish(z);
        expect(z, cases[i].rule, cases[i].text);
    }
    free(z);
}

static void overlapping_members_are_a_finding(void **state)
{
    (void)state;
    struct zip *z = calloc(1, sizeof *z);
    add(z, &plain);
    /* The same local header from two central entries of the same name and sizes. */
    add(z, &(struct entry){.name = "pkg/a.py", .data = "x = 1\n", .at = 1});
    finish(z);
    expect(z, "HG-ARCHIVE-002", "overlaps");
    free(z);
}

static void bytes_around_are_findings(void **state)
{
    (void)state;
    struct zip *z = calloc(1, sizeof *z), *y = malloc(sizeof *y);
    add(z, &plain);
    finish(z);
    memcpy(y, z, sizeof *y);
    y->size += 3; /* behind the end */
    expect(y, "HG-ARCHIVE-002", "after its end");
    memmove(y->bytes + 5, z->bytes, z->size); /* before the start, offsets not adjusted */
    y->size = z->size + 5;
    expect(y, "HG-ARCHIVE-002", "data before its first member");
    memset(y, 0, sizeof *y);
    y->size = 5; /* before the start, offsets adjusted */
    add(y, &plain);
    finish(y);
    expect(y, "HG-ARCHIVE-002", "data before its first member");
    memcpy(y, z, sizeof *y); /* an end record within the comment of another */
    put(y->bytes + z->size - 2, 2, 22);
    memcpy(y->bytes + z->size, "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22);
    y->size = z->size + 22;
    expect(y, "HG-ARCHIVE-002", "two end records");
    free(z);
    free(y);
}

static void every_truncation_and_bit_flip_is_survived_and_cuts_are_told(void **state)
{
    (void)state;
    struct zip *z = calloc(1, sizeof *z), *y = malloc(sizeof *y);
    add(z, &plain);
    add(z, &(struct entry){.name = "b.py", .data = "y = 1\n"});
    finish(z);
    for (size_t n = 0; n < z->size; n++) {
        memcpy(y, z, sizeof *y);
        y->size = n;
        expect(y, NULL, "");
    }
    for (size_t bit = 0; bit < z->size * 8; bit++) {
        struct hg_findings out = {0};
        memcpy(y, z, sizeof *y);
        y->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        scan(y, &out);
        hg_findings_clear(&out);
    }
    free(z);
    free(y);
}

static void bombs_end_at_the_caps(void **state)
{
    (void)state;
    struct zip *z = calloc(1, sizeof *z);
    size_t n = 8u << 20;
    uint8_t *zeros = calloc(1, n), packed[1 << 14];
    z_stream s = {.next_in = zeros, .avail_in = (uInt)n, .next_out = packed, .avail_out = sizeof packed};
    assert_int_equal(deflateInit2(&s, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&s, Z_FINISH), Z_STREAM_END);
    (void)deflateEnd(&s);
    add(z, &(struct entry){.name = "a.py",
                           .data = (const char *)packed,
                           .size = s.total_out,
                           .method = 8,
                           .packed = (uint32_t)s.total_out,
                           .declared = (uint32_t)n,
                           .bad_crc = (uint32_t)crc32(0, zeros, (uInt)n)});
    finish(z);
    expect(z, "HG-ARCHIVE-003", "like a bomb");
    free(zeros);
    free(z);
}

static void zips_are_told_by_their_bytes(void **state)
{
    (void)state;
    struct zip *z = calloc(1, sizeof *z);
    assert_int_equal(hg_archive_is(NULL, 0), 0);
    assert_int_equal(hg_archive_is((const uint8_t *)"PK\5\6", 4), 1);
    assert_int_equal(
        hg_archive_is((const uint8_t *)"MAGIC = 'PK\5\6 is the end of a zip file, they say'", 48), 0);
    z->size = 100;
    add(z, &plain);
    finish(z);
    assert_int_equal(hg_archive_is(z->bytes, z->size), 1);
    free(z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_archives_give_nothing),
        cmocka_unit_test(hostile_members_are_findings),
        cmocka_unit_test(overlapping_members_are_a_finding),
        cmocka_unit_test(bytes_around_are_findings),
        cmocka_unit_test(every_truncation_and_bit_flip_is_survived_and_cuts_are_told),
        cmocka_unit_test(bombs_end_at_the_caps),
        cmocka_unit_test(zips_are_told_by_their_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
