/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "scanner/formats.h"
#include "scanner/printable.h"

#define PHDR_MAX    128  /* program headers looked at; the kernel refuses more than 64 KiB of them */
#define DYN_MAX     4096 /* dynamic entries looked at */
#define LISTED_MAX  16   /* library names shown */
#define STRING_MAX  255
#define MESSAGE_MAX 1024

static const struct hg_rule_info rules[] = {
    {.id = "HG-BYTECODE-001",
     .title = "Python bytecode cannot be read by rules",
     .kind = "engine",
     .description =
         "A .pyc file or a marshalled code object runs without any source that could be scanned, and can "
         "do what its source does not say.",
     .remedy = "Delete the bytecode and keep the source: Python compiles it again.",
     .reference = "https://docs.python.org/3/reference/import.html#cached-bytecode-invalidation",
     .example = "model/__pycache__/modeling.cpython-311.pyc",
     .counterexample = "model/modeling.py",
     .cwe = {506, 829},
     .severity = {HG_SEV_CRITICAL, HG_SEV_CRITICAL, HG_SEV_CRITICAL},
     .confidence = HG_CONF_HIGH},
    {.id = "HG-NATIVE-001",
     .title = "compiled code cannot be read by rules",
     .kind = "engine",
     .description =
         "A shared object or program of machine code. Loading it runs its constructors with all rights of "
         "the process.",
     .remedy = "Build it from source, or approve exactly these bytes when you trust who built them.",
     .reference = "https://cwe.mitre.org/data/definitions/829.html",
     .example = "model/_ops.cpython-311-x86_64-linux-gnu.so",
     .counterexample = "model/ops.py",
     .cwe = {506, 829},
     .severity = {HG_SEV_CRITICAL, HG_SEV_CRITICAL, HG_SEV_CRITICAL},
     .confidence = HG_CONF_HIGH},
    {.id = "HG-NATIVE-002",
     .title = "compiled code names its own library search path",
     .kind = "engine",
     .description =
         "DT_RPATH or DT_RUNPATH makes the loader take libraries from folders that the file chooses. Outside "
         "$ORIGIN those can be folders that others may write.",
     .remedy = "Build without -rpath, or with a path relative to $ORIGIN.",
     .reference = "https://man7.org/linux/man-pages/man8/ld.so.8.html",
     .example = "DT_RUNPATH /tmp/lib",
     .counterexample = "DT_RUNPATH $ORIGIN/lib",
     .cwe = {426, 427},
     .severity = {HG_SEV_HIGH, HG_SEV_HIGH, HG_SEV_HIGH},
     .confidence = HG_CONF_HIGH},
    {.id = "HG-NATIVE-003",
     .title = "malformed executable headers",
     .kind = "engine",
     .description =
         "The headers point outside the file or contradict each other; the loader may read them otherwise "
         "than any tool.",
     .remedy = "Do not load this file.",
     .reference = "https://man7.org/linux/man-pages/man5/elf.5.html",
     .example = "an ELF file that ends within its program headers",
     .counterexample = "any library that a linker wrote",
     .cwe = {20, 506},
     .severity = {HG_SEV_CRITICAL, HG_SEV_CRITICAL, HG_SEV_CRITICAL},
     .confidence = HG_CONF_MEDIUM},
};
enum { BYTECODE_001, NATIVE_001, NATIVE_002, NATIVE_003 };

const struct hg_rule_info *hg_native_rules(size_t *count)
{
    *count = sizeof rules / sizeof *rules;
    return rules;
}

static int report(struct hg_findings *out, int which, enum hg_severity severity, const char *message,
                  const char *evidence)
{
    const struct hg_rule_info *r = &rules[which];
    struct hg_finding f = {.rule = (char *)(uintptr_t)r->id, /* hg_findings_add() copies */
                           .message = (char *)(uintptr_t)message,
                           .evidence = (char *)(uintptr_t)evidence,
                           .severity = severity,
                           .confidence = r->confidence,
                           .reach = HG_REACH_LOAD};
    memcpy(f.cwe, r->cwe, sizeof f.cwe);
    return hg_findings_add(out, &f);
}

/* --- ELF, of either class and byte order
 * --------------------------------------------------------------------- */

struct elf {
    const uint8_t *bytes;
    size_t size;
    int wide, big;
    uint64_t phoff;
    unsigned phnum, phentsize;
};

/* `width` bytes at `at`, 0 when they are not in the file; callers check ranges whose absence matters. */
static uint64_t get(const struct elf *e, uint64_t at, unsigned width)
{
    uint64_t v = 0;
    if (at > e->size || e->size - at < width)
        return 0;
    for (unsigned i = 0; i < width; i++)
        v = v << 8 | e->bytes[at + (e->big ? i : width - 1 - i)];
    return v;
}

static int elf_open(struct elf *e)
{
    if (e->size < 52 || (e->bytes[4] != 1 && e->bytes[4] != 2) || (e->bytes[5] != 1 && e->bytes[5] != 2))
        return -1;
    e->wide = e->bytes[4] == 2;
    e->big = e->bytes[5] == 2;
    e->phoff = e->wide ? get(e, 32, 8) : get(e, 28, 4);
    e->phentsize = (unsigned)get(e, e->wide ? 54 : 42, 2);
    e->phnum = (unsigned)get(e, e->wide ? 56 : 44, 2);
    if (e->phnum == 0)
        return 0;
    if (e->phnum > PHDR_MAX || e->phentsize != (e->wide ? 56u : 32u) || e->phoff > e->size ||
        (e->size - e->phoff) / e->phentsize < e->phnum)
        return -1;
    return 0;
}

struct segment {
    uint64_t type, offset, vaddr, filesz;
};

static struct segment segment_at(const struct elf *e, unsigned i)
{
    uint64_t at = e->phoff + (uint64_t)i * e->phentsize;
    unsigned w = e->wide ? 8 : 4;
    return (struct segment){.type = get(e, at, 4),
                            .offset = get(e, at + (e->wide ? 8 : 4), w),
                            .vaddr = get(e, at + (e->wide ? 16 : 8), w),
                            .filesz = get(e, at + (e->wide ? 32 : 16), w)};
}

/* File offset of an address, or UINT64_MAX. */
static uint64_t offset_of(const struct elf *e, uint64_t vaddr)
{
    for (unsigned i = 0; i < e->phnum; i++) {
        struct segment s = segment_at(e, i);
        if (s.type == 1 /* PT_LOAD */ && vaddr >= s.vaddr && vaddr - s.vaddr < s.filesz &&
            s.offset <= UINT64_MAX - (vaddr - s.vaddr))
            return s.offset + (vaddr - s.vaddr);
    }
    return UINT64_MAX;
}

/* A string of the dynamic string table, escaped; -1 when it is not in the file. */
static int string_at(const struct elf *e, uint64_t table, uint64_t index, char *out, size_t out_size)
{
    if (table > e->size || index > e->size - table)
        return -1;
    const uint8_t *s = e->bytes + table + index;
    size_t left = (size_t)(e->size - table - index), n = left < STRING_MAX ? left : STRING_MAX;
    const uint8_t *end = memchr(s, '\0', n);
    if (end == NULL)
        return -1;
    (void)hg_printable(s, (size_t)(end - s), out, out_size);
    return 0;
}

struct dynamic {
    uint64_t at, count, strtab;
};

/* 1 when there is a dynamic section, 0 when not, -1 when it lies outside the file. */
static int dynamic_open(const struct elf *e, struct dynamic *d)
{
    unsigned w = e->wide ? 8 : 4;
    for (unsigned i = 0; i < e->phnum; i++) {
        struct segment s = segment_at(e, i);
        if (s.type != 2 /* PT_DYNAMIC */)
            continue;
        if (s.offset > e->size || s.filesz > e->size - s.offset)
            return -1;
        *d = (struct dynamic){.at = s.offset, .count = s.filesz / (2 * w), .strtab = UINT64_MAX};
        if (d->count > DYN_MAX)
            return -1;
        for (uint64_t k = 0; k < d->count; k++) {
            uint64_t tag = get(e, d->at + k * 2 * w, w);
            if (tag == 0)
                break;
            if (tag == 5 /* DT_STRTAB */)
                d->strtab = offset_of(e, get(e, d->at + k * 2 * w + w, w));
        }
        return 1;
    }
    return 0;
}

/* Everything but $ORIGIN and the folders below it can belong to somebody else. */
static int path_is_outside(const char *path)
{
    for (const char *p = path;;) {
        size_t n = strcspn(p, ":");
        size_t skip = strncmp(p, "$ORIGIN", 7) == 0 ? 7 : strncmp(p, "${ORIGIN}", 9) == 0 ? 9 : 0;
        if (skip == 0 || skip > n || (skip < n && p[skip] != '/'))
            return 1;
        if (p[n] == '\0')
            return 0;
        p += n + 1;
    }
}

static int search_path(struct hg_findings *out, const char *tag, const char *path)
{
    char message[MESSAGE_MAX];
    int outside = path_is_outside(path);
    (void)snprintf(message, sizeof message, "%s: %s %.600s%s", rules[NATIVE_002].title, tag, path,
                   outside ? "" : " (beside the file itself)");
    return report(out, NATIVE_002, outside ? HG_SEV_HIGH : HG_SEV_LOW, message, path);
}

/* Append `name` to a list "a, b"; 0 if it has no room. */
static int list_add(char *list, size_t size, size_t *used, const char *name)
{
    size_t comma = *used == 0 ? 0 : 2, n = strlen(name);
    if (comma + n >= size - *used)
        return 0;
    memcpy(list + *used, ", ", comma);
    memcpy(list + *used + comma, name, n + 1);
    *used += comma + n;
    return 1;
}

static int elf_scan(const struct elf *e, struct hg_findings *out)
{
    char needed[512] = "", name[STRING_MAX * 4 + 1], message[MESSAGE_MAX];
    size_t used = 0;
    struct dynamic d = {0};
    unsigned w = e->wide ? 8 : 4, listed = 0, more = 0;
    int found = dynamic_open(e, &d), broken = found < 0, rc = 0;
    for (uint64_t k = 0; found > 0 && k < d.count && rc == 0; k++) {
        uint64_t tag = get(e, d.at + k * 2 * w, w), value = get(e, d.at + k * 2 * w + w, w);
        if (tag == 0)
            break;
        if (tag != 1 && tag != 15 && tag != 29) /* DT_NEEDED, DT_RPATH, DT_RUNPATH */
            continue;
        if (string_at(e, d.strtab, value, name, sizeof name) != 0) {
            broken = 1;
        } else if (tag != 1) {
            rc = search_path(out, tag == 15 ? "DT_RPATH" : "DT_RUNPATH", name);
        } else if (listed < LISTED_MAX && list_add(needed, sizeof needed, &used, name)) {
            listed++;
        } else {
            more++;
        }
    }
    if (rc == 0 && broken)
        rc = report(out, NATIVE_003, HG_SEV_CRITICAL,
                    "malformed ELF: its dynamic section points outside the file", NULL);
    (void)snprintf(message, sizeof message, "%s: ELF, needs %s%s", rules[NATIVE_001].title,
                   listed ? needed : "no libraries", more ? ", ..." : "");
    return rc != 0 ? rc : report(out, NATIVE_001, HG_SEV_CRITICAL, message, listed ? needed : NULL);
}

static int magic_is(const uint8_t *bytes, size_t size, const char *magic, size_t n)
{
    return size >= n && memcmp(bytes, magic, n) == 0;
}

static const struct {
    const char *magic;
    size_t size;
    const char *name;
} natives[] = {
    {"\x7f"
     "ELF",
     4, "ELF"},
    {"MZ", 2, "PE"},
    {"\xcf\xfa\xed\xfe", 4, "Mach-O"},
    {"\xce\xfa\xed\xfe", 4, "Mach-O"},
    {"\xfe\xed\xfa\xcf", 4, "Mach-O"},
    {"\xfe\xed\xfa\xce", 4, "Mach-O"},
    {"\xca\xfe\xba\xbe", 4, "Mach-O"},
};

static const char *native_name(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof natives / sizeof *natives; i++) {
        /* Two letters are no proof: a PE header has its offset at 60, and "MZ" may begin a text. */
        if (magic_is(bytes, size, natives[i].magic, natives[i].size) && (natives[i].size > 2 || size > 64))
            return natives[i].size > 2 || memchr(bytes, '\0', 64) != NULL ? natives[i].name : NULL;
    }
    return NULL;
}

int hg_native_is(const uint8_t *bytes, size_t size)
{
    return native_name(bytes, size) != NULL;
}

int hg_native_scan(const struct hg_scan_input *in, struct hg_findings *out)
{
    struct elf e = {.bytes = in->bytes, .size = in->size};
    char message[MESSAGE_MAX];
    const char *name = native_name(in->bytes, in->size);
    if (name != NULL && strcmp(name, "ELF") == 0) {
        if (elf_open(&e) == 0)
            return elf_scan(&e, out);
        int rc = report(out, NATIVE_003, HG_SEV_CRITICAL, "malformed ELF: its headers point outside the file",
                        NULL);
        if (rc != 0)
            return rc;
    }
    (void)snprintf(message, sizeof message, "%s%s%s", rules[NATIVE_001].title, name ? ": " : "",
                   name ? name : "");
    return report(out, NATIVE_001, HG_SEV_CRITICAL, message, NULL);
}

/* --- bytecode
 * ------------------------------------------------------------------------------------------------ */

/* 2.x to 3.x: a 16-bit number, then \r\n (Lib/importlib/_bootstrap_external.py). Releases use 3000-3999 and
 * 50000-62211; others would not load. */
int hg_bytecode_is(const uint8_t *bytes, size_t size)
{
    if (size < 8 || bytes[2] != '\r' || bytes[3] != '\n')
        return 0;
    unsigned number = bytes[0] | (unsigned)bytes[1] << 8;
    return (number >= 3000 && number < 4000) || (number >= 50000 && number <= 62300);
}

int hg_bytecode_scan(const struct hg_scan_input *in, struct hg_findings *out)
{
    char message[160], evidence[32] = "";
    if (hg_bytecode_is(in->bytes, in->size))
        (void)snprintf(evidence, sizeof evidence, "magic %u", in->bytes[0] | (unsigned)in->bytes[1] << 8);
    (void)snprintf(message, sizeof message, "%s", rules[BYTECODE_001].title);
    return report(out, BYTECODE_001, HG_SEV_CRITICAL, message, evidence[0] != '\0' ? evidence : NULL);
}
