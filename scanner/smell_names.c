/* SPDX-License-Identifier: Apache-2.0 */
/* Interned names and the tree of dotted paths. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/smell_impl.h"

#define CHUNK_SIZE ((size_t)64 * 1024)

struct sm_chunk {
    struct sm_chunk *next;
    char data[];
};

static int arena_chunk(struct sm_arena *a, size_t size)
{
    size_t want = size > CHUNK_SIZE ? size : CHUNK_SIZE;
    struct sm_chunk *c = malloc(sizeof *c + want);
    if (c == NULL)
        return -ENOMEM;
    c->next = a->chunks;
    a->chunks = c;
    a->top = c->data;
    a->end = c->data + want;
    a->total += want;
    return 0;
}

char *sm_alloc_text(struct sm_arena *a, size_t size)
{
    if ((a->top == NULL || size > (size_t)(a->end - a->top)) && arena_chunk(a, size) != 0)
        return NULL;
    char *text = a->top;
    a->top += size;
    return text;
}

void *sm_alloc(struct sm_arena *a, size_t size)
{
    size_t slack = a->top == NULL ? 0 : (size_t)(-(uintptr_t)a->top & 7U);
    if (a->top == NULL || size + slack > (size_t)(a->end - a->top)) {
        if (arena_chunk(a, size + 8) != 0)
            return NULL;
        slack = (size_t)(-(uintptr_t)a->top & 7U);
    }
    char *p = a->top + slack;
    a->top = p + size;
    return p;
}

bool sm_extend(struct sm_arena *a, const char *text, size_t len, size_t more)
{
    if (a->top == NULL || text + len != a->top || more > (size_t)(a->end - a->top))
        return false;
    a->top += more;
    return true;
}

void sm_arena_free(struct sm_arena *a)
{
    while (a->chunks != NULL) {
        struct sm_chunk *next = a->chunks->next;
        free(a->chunks);
        a->chunks = next;
    }
    memset(a, 0, sizeof *a);
}

int sm_double(void **items, uint32_t *capacity, size_t size)
{
    uint32_t more = *capacity == 0 ? 64 : *capacity * 2;
    void *p = more < *capacity ? NULL : realloc(*items, (size_t)more * size);
    if (p == NULL)
        return -ENOMEM;
    *items = p;
    *capacity = more;
    return 0;
}

static uint64_t load8(const char *text)
{
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return word;
}

/* Up to eight bytes as one number; texts of one length differ in it if they differ. */
static inline uint64_t load_few(const char *text, size_t len)
{
    uint32_t head, tail;
    if (len == 8)
        return load8(text);
    if (len >= 4) {
        memcpy(&head, text, sizeof head);
        memcpy(&tail, text + len - sizeof tail, sizeof tail);
        return (uint64_t)head << 32 | tail;
    }
    const uint8_t *c = (const uint8_t *)text;
    return len == 0 ? 0 : (uint64_t)c[0] << 16 | (uint64_t)c[len / 2] << 8 | c[len - 1];
}

static inline uint64_t hash_text(const char *text, size_t len)
{
    uint64_t h = 0x9E3779B97F4A7C15ULL ^ len;
    for (; len > 8; text += 8, len -= 8) {
        h = (h ^ load8(text)) * 0xFF51AFD7ED558CCDULL;
        h ^= h >> 32;
    }
    h = (h ^ load_few(text, len)) * 0xFF51AFD7ED558CCDULL;
    return h ^ (h >> 32);
}

static bool same_text(const char *a, const char *b, size_t len)
{
    for (; len > 8; a += 8, b += 8, len -= 8) {
        if (load8(a) != load8(b))
            return false;
    }
    return load_few(a, len) == load_few(b, len);
}

static uint32_t hash_pair(uint32_t a, uint32_t b)
{
    uint64_t h = (((uint64_t)a << 32) | b) * 0x9E3779B97F4A7C15ULL;
    return (uint32_t)(h >> 32);
}

static inline uint32_t find_hashed(const struct sm_names *n, const char *text, size_t len, uint64_t hash)
{
    if (n->slots == NULL)
        return SM_NO_NAME;
    for (uint32_t at = (uint32_t)hash & n->mask; n->slots[at].id1 != 0; at = (at + 1) & n->mask) {
        const struct sm_name_slot *slot = &n->slots[at];
        if (slot->hash == hash && slot->len == len &&
            (len <= 8 || same_text(sm_name_at(n, slot->id1 - 1)->text, text, len)))
            return slot->id1 - 1;
    }
    return SM_NO_NAME;
}

uint32_t sm_name_find(const struct sm_names *n, const char *text, size_t len)
{
    return find_hashed(n, text, len, hash_text(text, len));
}

static void slot_put(struct sm_name_slot *slots, uint32_t mask, const struct sm_name_slot *slot)
{
    uint32_t at = (uint32_t)slot->hash & mask;
    while (slots[at].id1 != 0)
        at = (at + 1) & mask;
    slots[at] = *slot;
}

static int names_rehash(struct sm_names *n)
{
    uint32_t size = n->mask == 0 ? 1024 : (n->mask + 1) * 2;
    struct sm_name_slot *slots = calloc(size, sizeof *slots);
    if (slots == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; n->slots != NULL && i <= n->mask; i++) {
        if (n->slots[i].id1 != 0)
            slot_put(slots, size - 1, &n->slots[i]);
    }
    free(n->slots);
    n->slots = slots;
    n->mask = size - 1;
    return 0;
}

static uint32_t intern_new(struct sm_names *n, const char *text, size_t len, uint64_t hash)
{
    if ((n->slots == NULL || n->used * 2 > n->mask) && names_rehash(n) != 0)
        return SM_NO_NAME;
    uint32_t id = n->base == NULL ? SM_NO_NAME : find_hashed(n->base, text, len, hash);
    if (id == SM_NO_NAME) {
        if (sm_grow((void **)&n->items, &n->capacity, n->count, sizeof *n->items) != 0)
            return SM_NO_NAME;
        id = n->first + n->count;
        n->items[n->count++] = (struct sm_name){text, (uint32_t)len};
    }
    struct sm_name_slot slot = {hash, (uint32_t)len, id + 1};
    slot_put(n->slots, n->mask, &slot);
    n->used++;
    return id;
}

uint32_t sm_intern(struct sm_names *n, const char *text, size_t len)
{
    uint64_t hash = hash_text(text, len);
    uint32_t id = find_hashed(n, text, len, hash);
    return id != SM_NO_NAME ? id : intern_new(n, text, len, hash);
}

void sm_names_free(struct sm_names *n)
{
    free(n->items);
    free(n->slots);
    memset(n, 0, sizeof *n);
}

/* --- paths --- */

struct sm_path *sm_path_own(struct sm_paths *p, uint32_t id)
{
    return &p->items[id - p->first];
}

static uint32_t path_find_in(const struct sm_paths *p, uint32_t parent, uint32_t name)
{
    if (p->slots == NULL)
        return 0;
    uint32_t i = p->slots[hash_pair(parent, name) & p->mask];
    while (i != 0) {
        const struct sm_path *e = &p->items[i - p->first];
        if (e->parent == parent && e->name == name)
            return i;
        i = e->hash_next;
    }
    return 0;
}

uint32_t sm_path_find(const struct sm_paths *p, uint32_t parent, uint32_t name)
{
    uint32_t id = p->base == NULL || parent >= p->first ? 0 : path_find_in(p->base, parent, name);
    return id != 0 ? id : path_find_in(p, parent, name);
}

static int paths_rehash(struct sm_paths *p)
{
    uint32_t size = p->mask == 0 ? 512 : (p->mask + 1) * 2;
    uint32_t *slots = calloc(size, sizeof *slots);
    if (slots == NULL)
        return -ENOMEM;
    free(p->slots);
    p->slots = slots;
    p->mask = size - 1;
    for (uint32_t i = 0; i < p->count; i++) {
        uint32_t *slot = &slots[hash_pair(p->items[i].parent, p->items[i].name) & p->mask];
        p->items[i].hash_next = *slot;
        *slot = p->first + i;
    }
    return 0;
}

uint32_t sm_path_add(struct sm_paths *p, uint32_t parent, uint32_t name)
{
    uint32_t id = sm_path_find(p, parent, name);
    if (id != 0)
        return id;
    if (p->first + p->count >= SM_PAYLOAD ||
        sm_grow((void **)&p->items, &p->capacity, p->count, sizeof *p->items) != 0 ||
        ((p->slots == NULL || p->count > p->mask) && paths_rehash(p) != 0))
        return 0;
    id = p->first + p->count++;
    uint32_t *slot = &p->slots[hash_pair(parent, name) & p->mask];
    p->items[id - p->first] = (struct sm_path){.parent = parent, .name = name, .hash_next = *slot};
    *slot = id;
    return id;
}

void sm_paths_free(struct sm_paths *p)
{
    free(p->items);
    free(p->slots);
    memset(p, 0, sizeof *p);
}

uint32_t sm_scan_intern(struct sm_scan *s, const char *text, size_t len)
{
    uint32_t id = sm_intern(&s->names, text == NULL ? "" : text, len);
    if (id == SM_NO_NAME) {
        s->failed = -ENOMEM;
        return SM_N_EMPTY;
    }
    return id;
}

uint32_t sm_node_intern(struct sm_scan *s, py_node n)
{
    const struct py_nodedata *d = sm_node(s, n);
    uint32_t id = sm_scan_intern(s, d->text, d->text_len);
    s->named[n] = id + 1;
    return id;
}

/* A path that no rule names may still match one with a glob in its last part. */
static int copy_glob_matches(struct sm_scan *s, uint32_t id, uint32_t glob)
{
    const struct hg_smell_rules *r = s->rules;
    const struct sm_name *name = sm_name_at(&s->names, sm_path_at(&s->paths, id)->name);
    for (; glob != 0; glob = r->globs[glob].next) {
        if (!sm_glob_match(r->globs[glob].pattern, name->text, name->len))
            continue;
        for (uint32_t m = r->globs[glob].match; m != 0; m = r->matches[m].next) {
            if (s->match_count == 0)
                s->match_count = 1;
            if (sm_grow((void **)&s->matches, &s->match_capacity, s->match_count, sizeof *s->matches) != 0)
                return -ENOMEM;
            struct sm_path *p = sm_path_own(&s->paths, id);
            s->matches[s->match_count] = r->matches[m];
            s->matches[s->match_count].next = p->match;
            p->match = s->match_count++;
            p->events |= r->matches[m].events;
            p->known = 1;
        }
    }
    return 0;
}

/* `anything.os` is the module os: packages export what they import. */
static uint32_t canonical(const struct sm_scan *s, uint32_t parent, uint32_t name)
{
    uint32_t root = name < s->names.first ? sm_path_find(s->paths.base, 0, name) : 0;
    if (root == 0 || parent == 0 || parent == root || !sm_path_at(&s->paths, root)->canon)
        return 0;
    uint32_t last = sm_path_at(&s->paths, parent)->name;
    return last == SM_N_CALL || last == SM_N_ITEM ? 0 : root;
}

uint32_t sm_path_child(struct sm_scan *s, uint32_t parent, uint32_t name)
{
    if (parent != 0 && (name == SM_N_DUNDER_CALL || name == SM_N_FUNC || name == SM_N_WRAPPED))
        return parent;
    uint32_t id = sm_path_find(&s->paths, parent, name);
    if (id == 0 || id >= s->paths.first) {
        uint32_t root = canonical(s, parent, name);
        if (root != 0)
            return root;
    }
    if (id == 0) {
        id = sm_path_add(&s->paths, parent, name);
        if (id == 0) {
            s->failed = -ENOMEM;
            return 0;
        }
        uint32_t globs = parent < s->paths.first ? sm_path_at(&s->paths, parent)->globs : 0;
        if (globs != 0 && copy_glob_matches(s, id, globs) != 0)
            s->failed = -ENOMEM;
    }
    uint32_t alias = sm_path_at(&s->paths, id)->alias;
    return alias != 0 ? alias : id;
}

uint32_t sm_path_dotted(struct sm_scan *s, const char *text, size_t len, char separator)
{
    uint32_t path = 0;
    while (len > 0) {
        const char *dot = memchr(text, '.', len);
        if (dot == NULL && separator != '.')
            dot = memchr(text, separator, len);
        size_t part = dot == NULL ? len : (size_t)(dot - text);
        path = sm_path_child(s, path, sm_scan_intern(s, text, part));
        text += part + (dot != NULL);
        len -= part + (dot != NULL);
    }
    return path;
}

size_t sm_path_text(const struct sm_scan *s, uint32_t path, char *out, size_t size)
{
    uint32_t parts[32];
    size_t n = 0, len = 0;
    for (; path != 0 && n < 32; path = sm_path_at(&s->paths, path)->parent)
        parts[n++] = sm_path_at(&s->paths, path)->name;
    if (n > 1 && parts[n - 1] == SM_N_BUILTINS)
        n--;
    while (n-- > 0) {
        const struct sm_name *name = sm_name_at(&s->names, parts[n]);
        bool joined = parts[n] == SM_N_CALL || parts[n] == SM_N_ITEM;
        if (len + name->len + 2 > size)
            break;
        if (len > 0 && !joined)
            out[len++] = '.';
        memcpy(out + len, name->text, name->len);
        len += name->len;
    }
    out[len] = '\0';
    return len;
}
