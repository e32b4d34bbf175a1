/* SPDX-License-Identifier: Apache-2.0 */
/* Which functions loading calls, and from that the severity of each finding. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/smell_impl.h"

struct reach {
    struct sm_scan *s;
    uint32_t *start, *order; /* edges by unit they come from */
    uint32_t *todo, count;
    bool *class_done, *name_done;
    uint32_t *methods, *next_method; /* functions by name */
    uint32_t *members, *next_member; /* functions by class */
    uint32_t names;
};

static void mark(struct reach *r, uint32_t func)
{
    if (r->s->funcs[func].reached)
        return;
    r->s->funcs[func].reached = true;
    r->todo[r->count++] = func;
}

static bool dunder(const struct sm_scan *s, uint32_t name)
{
    const struct sm_name *n = sm_name_at(&s->names, name);
    return n->len > 4 && memcmp(n->text, "__", 2) == 0 && memcmp(n->text + n->len - 2, "__", 2) == 0;
}

/* What Python itself calls on an instance or a class: special methods, properties, and the hooks of Enum, of
 * ** and of iteration that have plain names. */
static bool implicit(const struct sm_scan *s, const struct sm_func *f)
{
    static const char *const hooks[] = {"_missing_", "_generate_next_value_", "keys", "mro"};
    const struct sm_name *n = sm_name_at(&s->names, f->name);
    if (f->property || dunder(s, f->name))
        return true;
    for (size_t i = 0; i < sizeof hooks / sizeof *hooks; i++) {
        if (n->len == strlen(hooks[i]) && memcmp(n->text, hooks[i], n->len) == 0)
            return true;
    }
    return false;
}

/* An instance exists, or the class is used: everything Python calls by itself may run. */
static void mark_class(struct reach *r, uint32_t klass)
{
    struct sm_scan *s = r->s;
    for (unsigned hops = 0; hops < 16 && !r->class_done[klass]; hops++) {
        r->class_done[klass] = true;
        for (uint32_t i = r->members[klass]; i != 0; i = r->next_member[i]) {
            if (implicit(s, &s->funcs[i]))
                mark(r, i);
        }
        if (s->classes[klass].base == 0)
            break;
        klass = s->classes[klass].base - 1;
    }
}

static void follow(struct reach *r, const struct sm_edge *e)
{
    struct sm_scan *s = r->s;
    if (e->by_name) {
        if (e->to >= r->names || r->name_done[e->to])
            return;
        r->name_done[e->to] = true;
        for (uint32_t f = r->methods[e->to]; f != 0; f = r->next_method[f])
            mark(r, f);
    } else if (e->to > UINT32_MAX - s->class_count) {
        mark_class(r, UINT32_MAX - e->to);
    } else if (e->to < s->func_count) {
        mark(r, e->to);
    }
}

static int reach_prepare(struct reach *r)
{
    struct sm_scan *s = r->s;
    r->names = s->names.first + s->names.count;
    r->start = calloc((size_t)s->func_count + 2, sizeof *r->start);
    r->order = calloc((size_t)s->edge_count + 1, sizeof *r->order);
    r->todo = calloc((size_t)s->func_count + 1, sizeof *r->todo);
    r->class_done = calloc((size_t)s->class_count + 1, sizeof *r->class_done);
    r->name_done = calloc((size_t)r->names + 1, sizeof *r->name_done);
    r->methods = calloc((size_t)r->names + 1, sizeof *r->methods);
    r->next_method = calloc((size_t)s->func_count + 1, sizeof *r->next_method);
    r->members = calloc((size_t)s->class_count + 1, sizeof *r->members);
    r->next_member = calloc((size_t)s->func_count + 1, sizeof *r->next_member);
    if (r->members == NULL || r->next_member == NULL || r->start == NULL || r->order == NULL ||
        r->todo == NULL || r->class_done == NULL || r->name_done == NULL || r->methods == NULL ||
        r->next_method == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < s->edge_count; i++)
        r->start[s->edges[i].from + 1]++;
    for (uint32_t i = 0; i < s->func_count; i++)
        r->start[i + 1] += r->start[i];
    for (uint32_t i = s->edge_count; i-- > 0;)
        r->order[--r->start[s->edges[i].from + 1]] = i;
    for (uint32_t i = 2; i < s->func_count; i++) {
        if (s->funcs[i].klass != 0) {
            r->next_method[i] = r->methods[s->funcs[i].name];
            r->methods[s->funcs[i].name] = i;
            r->next_member[i] = r->members[s->funcs[i].klass - 1];
            r->members[s->funcs[i].klass - 1] = i;
        }
    }
    return 0;
}

void sm_reach(struct sm_scan *s)
{
    struct reach r = {.s = s};
    s->funcs[0].reached = true;
    if (s->pending_count == 0 && s->job_count == 0)
        return; /* nobody asks */
    if (reach_prepare(&r) != 0) {
        s->failed = -ENOMEM;
    } else {
        r.todo[r.count++] = 0;
        for (uint32_t i = 2; i < s->func_count; i++) {
            /* the import system itself calls a module's __getattr__ and __dir__ */
            const struct sm_name *n = sm_name_at(&s->names, s->funcs[i].name);
            if (s->funcs[i].parent_scope == 0 && s->funcs[i].klass == 0 && n->len == 11 &&
                memcmp(n->text, "__getattr__", 11) == 0)
                mark(&r, i);
        }
        while (r.count > 0) {
            uint32_t unit = r.todo[--r.count];
            uint32_t end = unit + 2 <= s->func_count ? r.start[unit + 2] : s->edge_count;
            for (uint32_t i = r.start[unit + 1]; i < end; i++)
                follow(&r, &s->edges[r.order[i]]);
        }
    }
    free(r.start);
    free(r.order);
    free(r.todo);
    free(r.class_done);
    free(r.name_done);
    free(r.methods);
    free(r.next_method);
    free(r.members);
    free(r.next_member);
}

static int by_place(const void *x, const void *y)
{
    const struct sm_pending *a = x, *b = y;
    const uint32_t keys[][2] = {{a->line, b->line},     {a->unit, b->unit}, {a->path, b->path},
                                {a->escape, b->escape}, {a->rule, b->rule}, {a->column, b->column}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    }
    return 0;
}

/* What is called on a line is not reported again as a value there. Calls come first in their place. */
static void drop_called(struct sm_scan *s)
{
    uint32_t kept = 0;
    const struct sm_pending *last = NULL;
    if (s->pending_count > 1)
        qsort(s->pending, s->pending_count, sizeof *s->pending, by_place);
    for (uint32_t i = 0; i < s->pending_count; i++) {
        struct sm_pending p = s->pending[i];
        last = kept == 0 ? NULL : &s->pending[kept - 1];
        if (p.escape && last != NULL && !last->escape && last->line == p.line && last->unit == p.unit &&
            last->path == p.path)
            continue;
        s->pending[kept++] = p;
    }
    s->pending_count = kept;
}

int sm_emit(struct sm_scan *s, struct hg_findings *out)
{
    drop_called(s);
    for (uint32_t i = 0; i < s->pending_count; i++) {
        const struct sm_pending *p = &s->pending[i];
        const struct hg_rule_info *info = &s->rules->rules[p->rule].info;
        char evidence[128], message[256];
        if (p->path != 0) {
            sm_path_text(s, p->path, evidence, sizeof evidence);
        } else {
            const struct sm_name *n = sm_name_at(&s->names, p->name);
            (void)snprintf(evidence, sizeof evidence, "%.*s", (int)(n->len > 100 ? 100 : n->len), n->text);
        }
        for (char *c = evidence; *c != '\0'; c++)
            *c = (uint8_t)*c < 0x20 || *c == 0x7F ? '?' : *c;
        enum hg_reach reach = s->funcs[p->unit].reached ? s->base_reach : HG_REACH_CALL;
        (void)snprintf(message, sizeof message, "%s: %s", info->title, evidence);
        struct hg_finding f = {.rule = (char *)(uintptr_t)info->id,
                               .message = message,
                               .evidence = evidence,
                               .layers = (char *)(uintptr_t)s->outer,
                               .severity = info->severity[reach],
                               .confidence = info->confidence,
                               .reach = reach,
                               .line = s->base_line != 0 ? s->base_line : p->line,
                               .column = s->base_line != 0 ? 0 : p->column};
        memcpy(f.cwe, info->cwe, sizeof f.cwe);
        if (hg_findings_add(out, &f) != 0)
            return -ENOMEM;
    }
    return 0;
}
