/* SPDX-License-Identifier: Apache-2.0 */
/* What rules match: dotted paths, globs below a path, any attribute of a name. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "scanner/smell_rules.h"

static const uint8_t key_events[K_COUNT] = {[K_MATCH] = SM_EV_CALL,
                                            [K_MATCH_LOAD] = SM_EV_LOAD,
                                            [K_MATCH_STORE] = SM_EV_STORE,
                                            [K_MATCH_IMPORT] = SM_EV_IMPORT,
                                            [K_MATCH_ESCAPE] = SM_EV_ESCAPE};

bool sm_glob_match(const char *pattern, const char *text, size_t len)
{
    const char *star = NULL;
    size_t at = 0, mark = 0;
    while (at < len) {
        if (*pattern == '*') {
            star = ++pattern;
            mark = at;
        } else if (*pattern != '\0' && tolower((unsigned char)*pattern) == tolower((unsigned char)text[at])) {
            pattern++;
            at++;
        } else if (star != NULL) {
            pattern = star;
            at = ++mark;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

uint32_t sm_rules_name(struct hg_smell_rules *r, const char *text, size_t len)
{
    uint32_t id = sm_name_find(&r->names, text, len);
    if (id != SM_NO_NAME)
        return id;
    char *copy = sm_alloc_text(&r->arena, len + 1);
    if (copy == NULL)
        return SM_NO_NAME;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return sm_intern(&r->names, copy, len);
}

/* Next part of "socket.socket().connect": "socket", "socket", "()", "connect". */
static size_t path_part(const char *text, size_t len, size_t *skip)
{
    size_t n = 0;
    if (len >= 2 && (memcmp(text, "()", 2) == 0 || memcmp(text, "[]", 2) == 0))
        n = 2;
    else
        while (n < len && text[n] != '.' && text[n] != '(' && text[n] != '[')
            n++;
    *skip = n + (n < len && text[n] == '.');
    return n;
}

uint32_t sm_rules_path(struct hg_smell_rules *r, const char *text, size_t len)
{
    uint32_t path = 0;
    while (len > 0) {
        size_t skip, part = path_part(text, len, &skip);
        uint32_t name = sm_rules_name(r, text, part);
        if (name == SM_NO_NAME || skip == 0 || (path = sm_path_add(&r->paths, path, name)) == 0)
            return 0;
        sm_path_own(&r->paths, path)->known = 1;
        text += skip;
        len -= skip;
    }
    return path;
}

static int match_add(struct hg_smell_rules *r, uint32_t *head, uint8_t events)
{
    if (sm_grow((void **)&r->matches, &r->match_capacity, r->match_count, sizeof *r->matches) != 0)
        return -ENOMEM;
    r->matches[r->match_count] = (struct sm_match){r->rule_count, *head, events};
    *head = r->match_count++;
    return 0;
}

static int any_add(struct hg_smell_rules *r, const char *name, size_t len, uint8_t events)
{
    uint32_t id = sm_rules_name(r, name, len);
    if (id == SM_NO_NAME)
        return -ENOMEM;
    while (id >= r->any_capacity) {
        uint32_t old = r->any_capacity;
        if (sm_grow((void **)&r->any, &r->any_capacity, old, sizeof *r->any) != 0)
            return -ENOMEM;
        memset(r->any + old, 0, (r->any_capacity - old) * sizeof *r->any);
    }
    return match_add(r, &r->any[id], events);
}

static int glob_add(struct hg_smell_rules *r, uint32_t parent, const char *text, size_t len, uint8_t events)
{
    if (sm_grow((void **)&r->globs, &r->glob_capacity, r->glob_count, sizeof *r->globs) != 0)
        return -ENOMEM;
    struct sm_glob *g = &r->globs[r->glob_count];
    *g = (struct sm_glob){.pattern = strndup(text, len), .next = sm_path_own(&r->paths, parent)->globs};
    if (g->pattern == NULL)
        return -ENOMEM;
    sm_path_own(&r->paths, parent)->globs = r->glob_count++;
    return match_add(r, &g->match, events);
}

int sm_pattern_add(struct sm_loader *l, enum sm_rule_key key, const char *text, size_t len)
{
    struct hg_smell_rules *r = l->rules;
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)text[i]) && strchr("_.*()[]", text[i]) == NULL)
            return sm_loader_fail(l, l->key_line[key], "not a name to match:", text, NULL), -EINVAL;
    }
    if (len > 2 && memcmp(text, "*.", 2) == 0)
        return any_add(r, text + 2, len - 2, key_events[key]);
    const char *dot = memrchr(text, '.', len), *star = memchr(text, '*', len);
    if (star != NULL) {
        if (dot == NULL || star < dot)
            return sm_loader_fail(l, l->key_line[key],
                                  "\"*\" stands only in the last part, or first as \"*.name\":", text, NULL),
                   -EINVAL;
        uint32_t parent = sm_rules_path(r, text, (size_t)(dot - text));
        return parent == 0 ? -ENOMEM
                           : glob_add(r, parent, dot + 1, len - (size_t)(dot + 1 - text), key_events[key]);
    }
    uint32_t path = sm_rules_path(r, text, len);
    if (path == 0)
        return sm_loader_fail(l, l->key_line[key], "not a name to match:", text, NULL), -EINVAL;
    struct sm_path *p = sm_path_own(&r->paths, path);
    uint32_t head = p->match;
    if (match_add(r, &head, key_events[key]) != 0)
        return -ENOMEM;
    p->match = head;
    p->events |= key_events[key];
    return 0;
}
