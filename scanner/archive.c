/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a zip as zipimport does (from its end, through the central directory) and calls everything that
 * another reader could read differently a finding. Own code and zlib rather than a library: no library shows
 * the offsets that overlaps are made of, and none keeps to the system calls that the scan worker has. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "scanner/formats.h"
#include "scanner/printable.h"

#define END_SIZE       22u
#define CENTRAL_SIZE   46u
#define LOCAL_SIZE     30u
#define END64_SIZE     56u
#define LOCATOR64_SIZE 20u
#define MEMBERS_MAX    4096u
#define NAME_MAX_LEN   1024u
#define MEMBER_MAX     (16u << 20) /* unpacked bytes of one member */
#define TOTAL_MAX      (64u << 20) /* unpacked bytes of all members */
#define RATIO_MAX      200u        /* unpacked to packed, of members above RATIO_FROM */
#define RATIO_FROM     (1u << 20)
#define MESSAGE_MAX    600

#define CRITICAL                                                                                             \
    {                                                                                                        \
        HG_SEV_CRITICAL, HG_SEV_CRITICAL, HG_SEV_CRITICAL                                                    \
    }
static const struct hg_rule_info rules[] = {
    {.id = "HG-ARCHIVE-001",
     .title = "archive cannot be read to its end",
     .kind = "engine",
     .description =
         "The archive is truncated, encrypted, spread over disks or packed by an unknown method. What cannot "
         "be unpacked cannot be scanned.",
     .remedy = "Ask for the files without an archive.",
     .reference = "https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT",
     .example = "a zip whose members need a password",
     .counterexample = "a wheel as pip builds it",
     .cwe = {20, 506},
     .severity = CRITICAL,
     .confidence = HG_CONF_HIGH},
    {.id = "HG-ARCHIVE-002",
     .title = "archive that two readers read differently",
     .kind = "engine",
     .description =
         "Names occur twice, members overlap, local and central headers contradict each other, or data lies "
         "before the first member or after the end.",
     .remedy = "Unpack the archive and pack it again, or ask for the files without one.",
     .reference = "https://cwe.mitre.org/data/definitions/436.html",
     .example = "a zip with two members called a.py",
     .counterexample = "a wheel as pip builds it",
     .cwe = {436, 506},
     .severity = CRITICAL,
     .confidence = HG_CONF_HIGH},
    {.id = "HG-ARCHIVE-003",
     .title = "archive over the limits of the scanner",
     .kind = "engine",
     .description =
         "Too many members, too many unpacked bytes, or a ratio that only decompression bombs have.",
     .remedy = "Ask for the files without an archive.",
     .reference = "https://cwe.mitre.org/data/definitions/409.html",
     .example = "a zip of 10 MB that unpacks to 10 GB",
     .counterexample = "a wheel as pip builds it",
     .cwe = {409},
     .severity = CRITICAL,
     .confidence = HG_CONF_HIGH},
    {.id = "HG-ARCHIVE-004",
     .title = "archive carries bytecode",
     .kind = "engine",
     .description = "zipimport prefers a .pyc in an archive to the source beside it.",
     .remedy = "Pack the archive again without .pyc files.",
     .reference = "https://docs.python.org/3/library/zipimport.html",
     .example = "a zip with pkg/__init__.pyc",
     .counterexample = "a zip with pkg/__init__.py",
     .cwe = {506, 829},
     .severity = CRITICAL,
     .confidence = HG_CONF_HIGH},
    {.id = "HG-ARCHIVE-005",
     .title = "archive carries compiled code",
     .kind = "engine",
     .description =
         "A shared object or program in an archive is unpacked and loaded by code that no rule reads.",
     .remedy = "Build it from source, or approve exactly these bytes when you trust who built them.",
     .reference = "https://cwe.mitre.org/data/definitions/829.html",
     .example = "a wheel with pkg/_ops.so",
     .counterexample = "a wheel of Python source",
     .cwe = {506, 829},
     .severity = CRITICAL,
     .confidence = HG_CONF_HIGH},
    {.id = "HG-ARCHIVE-006",
     .title = "archive within an archive",
     .kind = "engine",
     .description =
         "The scanner unpacks one layer. zipimport does not read inner archives, but code can unpack them.",
     .remedy = "Ask for the files without an inner archive.",
     .reference = "https://cwe.mitre.org/data/definitions/506.html",
     .example = "a zip with deps.whl",
     .counterexample = "a zip of Python source",
     .cwe = {506},
     .severity = {HG_SEV_HIGH, HG_SEV_HIGH, HG_SEV_HIGH},
     .confidence = HG_CONF_MEDIUM},
};
enum { UNREADABLE, AMBIGUOUS, OVER_LIMIT, HAS_BYTECODE, HAS_NATIVE, NESTED };

const struct hg_rule_info *hg_archive_rules(size_t *count)
{
    *count = sizeof rules / sizeof *rules;
    return rules;
}

struct member {
    const uint8_t *name, *data;                /* data: packed bytes */
    size_t name_len, packed, size, start, end; /* start of the local header, end of the packed bytes */
    uint32_t crc;
    unsigned method;
};

struct archive {
    struct hg_engine *engine;
    const struct hg_scan_input *in;
    struct hg_findings *out;
    const uint8_t *bytes;
    size_t size, central, central_size, end; /* offsets */
    struct member *members;
    size_t count;
    uint64_t unpacked;
};

static uint32_t u16(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}
static uint32_t u32(const uint8_t *p)
{
    return u16(p) | u16(p + 2) << 16;
}
static uint64_t u64(const uint8_t *p)
{
    return u32(p) | (uint64_t)u32(p + 4) << 32;
}

/* `m` may be NULL: the archive itself. Members stand in `layers` too, so that equal findings of two stay two.
 */
static int report(const struct archive *a, int which, const struct member *m, const char *what)
{
    const struct hg_rule_info *r = &rules[which];
    char name[160] = "", layers[200], message[MESSAGE_MAX];
    struct hg_finding f = {.rule = (char *)(uintptr_t)r->id, /* hg_findings_add() copies */
                           .message = message,
                           .severity = r->severity[HG_REACH_LOAD],
                           .confidence = r->confidence,
                           .reach = HG_REACH_LOAD};
    if (m != NULL) {
        (void)hg_printable(m->name, m->name_len, name, sizeof name);
        (void)snprintf(layers, sizeof layers, "zip:%s", name);
        f.layers = layers;
        f.evidence = name;
    }
    (void)snprintf(message, sizeof message, "%s%s%s: %s", name, name[0] != '\0' ? ": " : "", r->title, what);
    memcpy(f.cwe, r->cwe, sizeof f.cwe);
    return hg_findings_add(a->out, &f);
}

/* --- structure
 * ----------------------------------------------------------------------------------------------- */

/* Offset of the end record as zipimport finds it: the last bytes, or the last signature in the range that a
 * comment can span. SIZE_MAX: none. */
static size_t find_end(const uint8_t *bytes, size_t size)
{
    if (size < END_SIZE)
        return SIZE_MAX;
    size_t stop = size - END_SIZE > 65535u ? size - END_SIZE - 65535u : 0;
    for (size_t at = size - END_SIZE + 1; at-- > stop;) {
        if (bytes[at] == 'P' && memcmp(bytes + at, "PK\5\6", 4) == 0)
            return at;
    }
    return SIZE_MAX;
}

int hg_archive_is(const uint8_t *bytes, size_t size)
{
    if (size >= 4 && (memcmp(bytes, "PK\3\4", 4) == 0 || memcmp(bytes, "PK\5\6", 4) == 0))
        return 1;
    size_t end = find_end(bytes, size);
    /* Somewhere else than at the start it must lead to a directory, or every file that mentions it were a
     * zip. */
    return end != SIZE_MAX && u32(bytes + end + 12) <= end && end - u32(bytes + end + 12) + 4 <= size &&
           u32(bytes + end + 12) >= CENTRAL_SIZE &&
           memcmp(bytes + end - u32(bytes + end + 12), "PK\1\2", 4) == 0;
}

/* The zip64 records that some writers always add. They must repeat what the end record says. */
static int zip64_agrees(const struct archive *a)
{
    if (a->end < END64_SIZE + LOCATOR64_SIZE)
        return 0;
    size_t at = a->end - LOCATOR64_SIZE - END64_SIZE;
    const uint8_t *r = a->bytes + at, *l = a->bytes + a->end - LOCATOR64_SIZE;
    return memcmp(l, "PK\6\7", 4) == 0 && memcmp(r, "PK\6\6", 4) == 0 && u64(l + 8) == at &&
           u64(r + 4) == END64_SIZE - 12 && u64(r + 24) == a->count && u64(r + 32) == a->count &&
           u64(r + 40) == a->central_size && u64(r + 48) == a->central && a->central + a->central_size == at;
}

/* 1 when the members can be read, 0 when a finding says why not, -ENOMEM. */
static int open_end(struct archive *a)
{
    a->end = find_end(a->bytes, a->size);
    if (a->end == SIZE_MAX)
        return report(a, UNREADABLE, NULL, "no end record");
    const uint8_t *e = a->bytes + a->end;
    a->count = u16(e + 10);
    a->central_size = u32(e + 12);
    a->central = u32(e + 16);
    if (u16(e + 4) != 0 || u16(e + 6) != 0 || u16(e + 8) != a->count)
        return report(a, UNREADABLE, NULL, "spread over several disks");
    if (a->count == 0xffff || a->central_size == 0xffffffffu || a->central == 0xffffffffu)
        return report(a, UNREADABLE, NULL, "sizes that only a zip64 reader knows");
    if (a->count > MEMBERS_MAX)
        return report(a, OVER_LIMIT, NULL, "more than 4096 members");
    if (a->central_size > a->end || a->central > a->end - a->central_size)
        return report(a, UNREADABLE, NULL, "its directory lies outside the file");
    int rc = 0;
    if (a->end + END_SIZE + u16(e + 20) != a->size)
        rc = report(a, AMBIGUOUS, NULL, "bytes after its end, or a comment that is cut");
    for (size_t at = a->end > 65557 ? a->end - 65557 : 0; rc == 0 && at + 4 <= a->end; at++) {
        /* Another end record whose comment would reach the end of the file: which one counts depends on the
         * reader. */
        if (a->bytes[at] == 'P' && memcmp(a->bytes + at, "PK\5\6", 4) == 0 && at + END_SIZE <= a->size &&
            at + END_SIZE + u16(a->bytes + at + 20) == a->size)
            rc = report(a, AMBIGUOUS, NULL, "two end records");
    }
    if (rc == 0 && a->central + a->central_size != a->end && !zip64_agrees(a)) {
        rc = report(a, AMBIGUOUS, NULL, "data before its first member, or between its directory and its end");
        /* zipimport takes the directory to end where the end record begins, and shifts all offsets by the
         * rest. */
        return rc != 0 ? rc : 0;
    }
    return rc != 0 ? rc : 1;
}

/* Local header against central entry. NULL when they agree and the data lies in the file. */
static const char *check_local(const struct archive *a, const uint8_t *c, struct member *m)
{
    if (m->start > a->central || a->central - m->start < LOCAL_SIZE)
        return "its header lies outside the file";
    const uint8_t *l = a->bytes + m->start;
    size_t head = LOCAL_SIZE + u16(l + 26) + u16(l + 28);
    if (memcmp(l, "PK\3\4", 4) != 0)
        return "its header is not where the directory says";
    if (head > a->central - m->start || m->packed > a->central - m->start - head)
        return "its data lies outside the file";
    if (u16(l + 26) != m->name_len || memcmp(l + LOCAL_SIZE, m->name, m->name_len) != 0)
        return "its header has another name";
    if (u16(l + 8) != m->method || ((u16(l + 6) ^ u16(c + 8)) & 1) != 0)
        return "its header has another method";
    /* With bit 3 the local sizes are zero and follow the data. */
    if ((u16(l + 6) & 8) == 0 &&
        (u32(l + 18) != m->packed || u32(l + 22) != m->size || u32(l + 14) != m->crc)) {
        if (u32(l + 18) != 0xffffffffu || u32(l + 22) != 0xffffffffu)
            return "its header has other sizes";
    }
    m->data = l + head;
    m->end = m->start + head + m->packed;
    return NULL;
}

static int name_is_hostile(const struct member *m)
{
    if (m->name_len == 0 || m->name_len > NAME_MAX_LEN || memchr(m->name, '\0', m->name_len) != NULL ||
        memchr(m->name, '\\', m->name_len) != NULL || m->name[0] == '/')
        return 1;
    for (size_t i = 0; i + 1 < m->name_len; i++) {
        if (m->name[i] == '.' && m->name[i + 1] == '.' && (i == 0 || m->name[i - 1] == '/') &&
            (i + 2 == m->name_len || m->name[i + 2] == '/'))
            return 1;
    }
    return 0;
}

/* Reads the directory. Broken members are reported and left out (data NULL). */
static int read_directory(struct archive *a)
{
    size_t at = a->central, stop = a->central + a->central_size;
    int rc = 0;
    for (size_t i = 0; i < a->count && rc == 0; i++) {
        const uint8_t *c = a->bytes + at;
        struct member *m = &a->members[i];
        if (stop - at < CENTRAL_SIZE || memcmp(c, "PK\1\2", 4) != 0 ||
            stop - at - CENTRAL_SIZE < u16(c + 28) + u16(c + 30) + u16(c + 32)) {
            a->count = i;
            return report(a, UNREADABLE, NULL, "its directory is cut or malformed");
        }
        *m = (struct member){.name = c + CENTRAL_SIZE,
                             .name_len = u16(c + 28),
                             .packed = u32(c + 20),
                             .size = u32(c + 24),
                             .start = u32(c + 42),
                             .crc = u32(c + 16),
                             .method = u16(c + 10)};
        at += CENTRAL_SIZE + u16(c + 28) + u16(c + 30) + u16(c + 32);
        const char *wrong = check_local(a, c, m);
        if (wrong != NULL)
            rc = report(a, AMBIGUOUS, m, wrong);
        if (rc == 0 && name_is_hostile(m))
            rc = report(a, AMBIGUOUS, m, "a name that leaves the archive or that systems read differently");
        if (rc == 0 && (u16(c + 8) & 0x2041) != 0) {
            m->data = NULL;
            rc = report(a, UNREADABLE, m, "encrypted");
        } else if (rc == 0 && m->method != 0 && m->method != 8) {
            m->data = NULL;
            rc = report(a, UNREADABLE, m, "packed by a method that Python does not import");
        }
    }
    if (rc == 0 && at != stop)
        rc = report(a, AMBIGUOUS, NULL, "its directory holds more than its count says");
    return rc;
}

static int by_start(const void *x, const void *y)
{
    const struct member *a = *(const struct member *const *)x, *b = *(const struct member *const *)y;
    return a->start != b->start ? (a->start < b->start ? -1 : 1) : 0;
}

static int by_name(const void *x, const void *y)
{
    const struct member *a = *(const struct member *const *)x, *b = *(const struct member *const *)y;
    size_t n = a->name_len < b->name_len ? a->name_len : b->name_len;
    int c = strncasecmp((const char *)a->name, (const char *)b->name, n);
    return c != 0 ? c : a->name_len != b->name_len ? (a->name_len < b->name_len ? -1 : 1) : 0;
}

static int check_relations(const struct archive *a)
{
    const struct member **order = calloc(a->count + 1, sizeof(const struct member *));
    if (order == NULL)
        return -ENOMEM;
    int rc = 0;
    for (size_t i = 0; i < a->count; i++)
        order[i] = &a->members[i];
    qsort(order, a->count, sizeof(const struct member *), by_start);
    if (a->count > 0 && order[0]->start != 0)
        rc = report(a, AMBIGUOUS, NULL, "data before its first member");
    for (size_t i = 1; i < a->count && rc == 0; i++) {
        if (order[i]->start < order[i - 1]->end)
            rc = report(a, AMBIGUOUS, order[i], "overlaps another member");
    }
    qsort(order, a->count, sizeof(const struct member *), by_name);
    for (size_t i = 1; i < a->count && rc == 0; i++) {
        /* Without regard to case, because Windows and macOS unpack without it. */
        if (by_name(&order[i - 1], &order[i]) == 0)
            rc = report(a, AMBIGUOUS, order[i], "its name occurs twice");
    }
    free(order);
    return rc;
}

/* --- members
 * ------------------------------------------------------------------------------------------------- */

static int has_suffix(const struct member *m, const char *const *suffixes)
{
    for (; *suffixes != NULL; suffixes++) {
        size_t n = strlen(*suffixes);
        if (m->name_len >= n && strncasecmp((const char *)m->name + m->name_len - n, *suffixes, n) == 0)
            return 1;
    }
    return 0;
}

/* The unpacked bytes into *out (malloc). 0, -EINVAL when they are not what the directory says, -ENOMEM. */
static int unpack(const struct member *m, uint8_t **out)
{
    uint8_t *bytes = malloc(m->size + 1);
    if (bytes == NULL)
        return -ENOMEM;
    int ok = 0;
    if (m->method == 0) {
        ok = m->packed == m->size;
        if (ok)
            memcpy(bytes, m->data, m->size);
    } else {
        z_stream z = {.next_in = (Bytef *)(uintptr_t)m->data,
                      .avail_in = (uInt)m->packed,
                      .next_out = bytes,
                      .avail_out = (uInt)m->size + 1};
        if (inflateInit2(&z, -15) != Z_OK) {
            free(bytes);
            return -ENOMEM;
        }
        ok = inflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out == m->size && z.avail_in == 0;
        (void)inflateEnd(&z);
    }
    if (!ok || crc32(0, bytes, (uInt)m->size) != m->crc) {
        free(bytes);
        return -EINVAL;
    }
    *out = bytes;
    return 0;
}

/* Findings of a member, with the member named. */
static int scan_bytes(struct archive *a, const struct member *m, const uint8_t *bytes, enum hg_scan_kind kind)
{
    char name[160], path[512], layers[400], message[MESSAGE_MAX];
    struct hg_findings inner = {.limit = a->out->limit};
    if (a->engine == NULL)
        return 0;
    (void)hg_printable(m->name, m->name_len, name, sizeof name);
    (void)snprintf(path, sizeof path, "%.300s/%s", a->in->name != NULL ? a->in->name : "", name);
    struct hg_scan_input in = {.bytes = bytes, .size = m->size, .kind = kind, .name = path};
    int rc = hg_engine_scan(a->engine, &in, &inner);
    for (size_t i = 0; i < inner.count && rc == 0; i++) {
        struct hg_finding f = inner.items[i];
        (void)snprintf(message, sizeof message, "%s: %s", name, f.message);
        (void)snprintf(layers, sizeof layers, "zip:%s%s%s", name, f.layers != NULL ? ">" : "",
                       f.layers != NULL ? f.layers : "");
        f.message = message;
        f.layers = layers;
        rc = hg_findings_add(a->out, &f);
    }
    a->out->dropped += inner.dropped;
    hg_findings_clear(&inner);
    return rc;
}

static int scan_member(struct archive *a, const struct member *m)
{
    static const char *const source[] = {".py", ".pyw", NULL};
    static const char *const bytecode[] = {".pyc", ".pyo", NULL};
    static const char *const native[] = {".so", ".pyd", ".dll", ".dylib", ".exe", NULL};
    static const char *const nested[] = {".zip", ".whl", ".egg", ".pyz", ".jar", NULL};
    uint8_t *bytes = NULL;
    if (m->data == NULL)
        return 0;
    if (has_suffix(m, bytecode))
        return report(a, HAS_BYTECODE, m, "zipimport runs it instead of the source");
    if (m->size > MEMBER_MAX || (m->size > RATIO_FROM && m->size / RATIO_MAX > m->packed))
        return report(a, OVER_LIMIT, m, "too large, or packed like a bomb");
    int rc = unpack(m, &bytes);
    if (rc == -EINVAL)
        return report(a, UNREADABLE, m, "its data are not what the directory says");
    if (rc != 0)
        return rc;
    if (has_suffix(m, native) || hg_native_is(bytes, m->size))
        rc = report(a, HAS_NATIVE, m, "no rule can read it");
    else if (hg_bytecode_is(bytes, m->size))
        rc = report(a, HAS_BYTECODE, m, "under another name");
    else if (has_suffix(m, nested) || hg_archive_is(bytes, m->size))
        rc = report(a, NESTED, m, "not unpacked");
    if (rc == 0)
        rc = scan_bytes(a, m, bytes, has_suffix(m, source) ? HG_KIND_SOURCE : HG_KIND_OTHER);
    free(bytes);
    return rc;
}

int hg_archive_scan(struct hg_engine *engine, const struct hg_scan_input *in, struct hg_findings *out)
{
    struct archive a = {.engine = engine, .in = in, .out = out, .bytes = in->bytes, .size = in->size};
    int rc = open_end(&a);
    if (rc <= 0)
        return rc;
    a.members = calloc(a.count + 1, sizeof *a.members);
    if (a.members == NULL)
        return -ENOMEM;
    rc = read_directory(&a);
    if (rc == 0)
        rc = check_relations(&a);
    for (size_t i = 0; i < a.count && rc == 0; i++) {
        a.unpacked += a.members[i].size;
        if (a.unpacked > TOTAL_MAX) {
            rc = report(&a, OVER_LIMIT, NULL, "it unpacks to more than 64 MiB");
            break;
        }
        rc = scan_member(&a, &a.members[i]);
    }
    free(a.members);
    return rc;
}
