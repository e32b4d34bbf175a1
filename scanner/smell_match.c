/* SPDX-License-Identifier: Apache-2.0 */
/* Events against rules. */
#include <errno.h>
#include <string.h>

#include "scanner/smell_impl.h"

#define PENDING_MAX 65536
#define EDGES_MAX   1000000

static bool like_text(const struct sm_cond *c, const char *text, size_t len)
{
    for (size_t i = 0; c->globs[i] != NULL; i++) {
        if (sm_glob_match(c->globs[i], text, len))
            return true;
    }
    return false;
}

static bool like_one(const struct sm_scan *s, const struct sm_cond *c, sm_val v)
{
    struct sm_text text;
    char path[256];
    if (sm_text_get(s, v, &text))
        return like_text(c, text.text, text.len);
    if (sm_tag(v) == SM_T_PATH)
        return like_text(c, path, sm_path_text(s, sm_payload(v), path, sizeof path));
    return false;
}

/* The value itself, its alternatives, or what a container holds, two levels down. */
static bool like(const struct sm_scan *s, const struct sm_cond *c, sm_val v, unsigned depth)
{
    const struct sm_value *box = sm_value_at(s, v);
    if (box == NULL || box->kind == SM_K_TEXT || depth == 3)
        return like_one(s, c, v);
    uint32_t n = box->kind == SM_K_DICT ? box->len * 2 : box->len;
    if (box->kind != SM_K_DICT && box->kind != SM_K_SEQ && box->kind != SM_K_ALT)
        return false;
    for (uint32_t i = 0; i < n && i < 256; i++) {
        if (like(s, c, box->u.items[i], depth + 1))
            return true;
    }
    return false;
}

static bool is_word(const struct sm_scan *s, const struct sm_cond *c, sm_val v)
{
    const sm_val *list;
    sm_val one;
    uint32_t n = sm_alts(s, v, &list, &one);
    if (c->word == SM_W_CONST || c->word == SM_W_NONCONST)
        return sm_is_const(s, v) == (c->word == SM_W_CONST);
    if (c->word == SM_W_PRESENT)
        return true;
    for (uint32_t i = 0; i < n; i++) {
        if ((c->word == SM_W_TRUE && (list[i] == SM_V_TRUE || list[i] == sm_int_make(1))) ||
            (c->word == SM_W_FALSE && (list[i] == SM_V_FALSE || list[i] == sm_int_make(0))) ||
            (c->word == SM_W_NONE && list[i] == SM_V_NONE) ||
            (c->word == SM_W_TEXT && like_one(s, c, list[i])))
            return true;
    }
    return false;
}

static bool find_arg(const struct sm_cond *c, const struct sm_args *a, sm_val *out)
{
    if (c->arg >= 0 && (uint32_t)c->arg < a->npos) {
        *out = a->pos[c->arg];
        return true;
    }
    for (uint32_t k = 0; k < a->nkw; k++) {
        for (uint32_t i = 0; i < c->keywords; i++) {
            if (a->kw_name[k] == c->keyword[i]) {
                *out = a->kw[k];
                return true;
            }
        }
    }
    return false;
}

static bool any_like(const struct sm_scan *s, const struct sm_cond *c, const struct sm_args *a)
{
    for (uint32_t i = 0; i < a->npos; i++) {
        if (like(s, c, a->pos[i], 0))
            return true;
    }
    for (uint32_t i = 0; i < a->nkw; i++) {
        if (like(s, c, a->kw[i], 0))
            return true;
    }
    return false;
}

static bool holds(const struct sm_scan *s, const struct sm_cond *c, const struct sm_args *a)
{
    bool negated = c->test == SM_IS_NOT || c->test == SM_NOT_LIKE;
    bool result = false;
    sm_val v = SM_V_UNKNOWN;
    switch ((enum sm_subject)c->subject) {
    case SM_S_ARGC:
        return a->total >= c->number;
    case SM_S_TAINT_ANY:
        result = (a->taint & c->taint) != 0;
        break;
    case SM_S_TAINT_RECV:
        result = (sm_taint(s, a->recv) & c->taint) != 0;
        break;
    case SM_S_TAINT_ARG:
        result = find_arg(c, a, &v) && (sm_taint(s, v) & c->taint) != 0;
        break;
    case SM_S_ANY:
        result = c->globs != NULL && any_like(s, c, a);
        break;
    case SM_S_RECV:
        result = c->globs != NULL ? like(s, c, a->recv, 0) : is_word(s, c, a->recv);
        break;
    case SM_S_ARG:
        if (!find_arg(c, a, &v))
            result = c->word == SM_W_ABSENT ? !a->unknown : c->word == SM_W_NONCONST && a->unknown;
        else
            result = c->globs != NULL && c->word == 0 ? like(s, c, v, 0) : is_word(s, c, v);
        break;
    }
    return result != negated;
}

struct event {
    enum sm_event kind;
    uint32_t path, name, taint;
    bool clean;
    const struct sm_args *args;
    py_node node;
};

static void pending_add(struct sm_scan *s, uint32_t rule, const struct event *e)
{
    const struct py_nodedata *n = sm_node(s, e->node);
    if (s->pending_count >= PENDING_MAX) {
        s->capped = true;
        return;
    }
    if (sm_grow((void **)&s->pending, &s->pending_capacity, s->pending_count, sizeof *s->pending) != 0) {
        s->failed = -ENOMEM;
        return;
    }
    s->pending[s->pending_count++] = (struct sm_pending){rule,    s->unit, n->line, n->column + 1,
                                                         e->path, e->name, NULL,    e->kind == SM_EV_ESCAPE};
}

static void try_rules(struct sm_scan *s, struct event *e, const struct sm_match *matches, uint32_t head)
{
    for (uint32_t m = head; m != 0; m = matches[m].next) {
        const struct sm_rule *rule = &s->rules->rules[matches[m].rule];
        if ((matches[m].events & e->kind) == 0)
            continue;
        bool all = true;
        for (uint32_t i = 0; all && i < rule->cond_count; i++)
            all = holds(s, &rule->conds[i], e->args);
        if (!all)
            continue;
        if (rule->clean)
            e->clean = true;
        else if (rule->taint != 0)
            e->taint |= rule->taint;
        else
            pending_add(s, matches[m].rule, e);
    }
}

uint32_t sm_event(struct sm_scan *s, enum sm_event kind, uint32_t path, uint32_t name,
                  const struct sm_args *args, py_node n)
{
    struct event e = {kind, path, name, 0, false, args, n};
    const struct hg_smell_rules *r = s->rules;
    if (path != 0) {
        const struct sm_path *p = sm_path_at(&s->paths, path);
        if ((p->events & kind) != 0)
            try_rules(s, &e, path < s->paths.first ? r->matches : s->matches, p->match);
        /* a path that some rule names in full may fall under another rule's glob as well */
        if (path < s->paths.first) {
            const struct sm_name *text = sm_name_at(&s->names, p->name);
            for (uint32_t g = sm_path_at(&s->paths, p->parent)->globs; g != 0; g = r->globs[g].next) {
                if (sm_glob_match(r->globs[g].pattern, text->text, text->len))
                    try_rules(s, &e, r->matches, r->globs[g].match);
            }
        }
    }
    if (name < r->any_capacity && r->any[name] != 0)
        try_rules(s, &e, r->matches, r->any[name]);
    return e.clean ? UINT32_MAX : e.taint;
}

static void edge_add(struct sm_scan *s, uint32_t to, bool by_name)
{
    if (s->edge_count > 0) {
        const struct sm_edge *last = &s->edges[s->edge_count - 1];
        if (last->from == s->unit && last->to == to && last->by_name == by_name)
            return;
    }
    if (s->edge_count >= EDGES_MAX) {
        s->capped = true;
        return;
    }
    if (sm_grow((void **)&s->edges, &s->edge_capacity, s->edge_count, sizeof *s->edges) != 0) {
        s->failed = -ENOMEM;
        return;
    }
    s->edges[s->edge_count++] = (struct sm_edge){s->unit, to, by_name};
}

void sm_edge(struct sm_scan *s, uint32_t to)
{
    edge_add(s, to, false);
}

void sm_edge_name(struct sm_scan *s, uint32_t name)
{
    edge_add(s, name, true);
}

/* To a class: `to` counts down from the top, so that it never meets a function's number. */
void sm_edge_class(struct sm_scan *s, uint32_t klass)
{
    edge_add(s, UINT32_MAX - klass, false);
}
