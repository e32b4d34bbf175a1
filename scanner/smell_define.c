/* SPDX-License-Identifier: Apache-2.0 */
/* Functions and classes of the file: what defining them binds, and what it already runs. */
#include <errno.h>
#include <string.h>

#include "scanner/smell_impl.h"

static int queue_body(struct sm_scan *s, uint32_t func)
{
    if (s->funcs[func].queued)
        return 0;
    if (sm_grow((void **)&s->queue, &s->queue_capacity, s->queue_count, sizeof *s->queue) != 0)
        return s->failed = -ENOMEM;
    s->funcs[func].queued = true;
    s->queue[s->queue_count++] = func;
    return 0;
}

/* property, x.setter, functools.cached_property, or whatever a class of this file makes of it */
static bool is_property(struct sm_scan *s, py_node decorators)
{
    static const char *const words[] = {"property", "cached_property", "setter", "getter", "deleter"};
    for (py_node d = sm_elements(s, decorators); d != 0; d = sm_node(s, d)->next) {
        const struct py_nodedata *n = sm_node(s, d);
        if (sm_tag(s->val[d]) == SM_T_CLASS)
            return true;
        for (size_t i = 0; n->text != NULL && i < sizeof words / sizeof *words; i++) {
            if (n->text_len == strlen(words[i]) && memcmp(n->text, words[i], n->text_len) == 0)
                return true;
        }
    }
    return false;
}

void sm_define_function(struct sm_scan *s, py_node node)
{
    const struct py_nodedata *n = sm_node(s, node);
    uint32_t at = sm_definition(s, node, false);
    if (s->failed != 0)
        return;
    struct sm_func *f = &s->funcs[at];
    const struct sm_scope *scope = &s->scopes[s->scope];
    f->parent_scope = s->scope;
    f->klass = scope->kind == SM_SCOPE_CLASS ? scope->klass + 1 : 0;
    f->name = n->kind == PY_FUNCDEF ? sm_node_name(s, node) : SM_N_EMPTY;
    queue_body(s, at);
    if (n->kind != PY_FUNCDEF)
        return;
    py_node decorators = py_child(s->tree, node, 0);
    s->funcs[at].decorated = sm_elements(s, decorators) != 0;
    s->funcs[at].property = is_property(s, decorators);
    sm_val v = sm_make(SM_T_FUNC, at);
    sm_decorate(s, decorators, v);
    sm_bind_defined(s, s->funcs[at].name, v);
}

/* Whether making the class already calls it: an Enum makes its members, a metaclass what it likes. */
static bool used_by_base(const struct sm_scan *s, py_node base)
{
    sm_val v = s->val[base];
    char path[64];
    size_t len = 0;
    if (sm_tag(v) == SM_T_PATH)
        len = sm_path_text(s, sm_payload(v), path, sizeof path);
    if (sm_node(s, base)->kind == PY_KEYWORD) {
        const struct py_nodedata *n = sm_node(s, base);
        bool meta = n->text_len == 9 && memcmp(n->text, "metaclass", 9) == 0;
        return meta && (len < 4 || memcmp(path, "abc.", 4) != 0);
    }
    return len > 5 && memcmp(path, "enum.", 5) == 0;
}

void sm_class_in(struct sm_scan *s, py_node node)
{
    uint32_t at = sm_definition(s, node, true);
    if (s->failed != 0)
        return;
    struct sm_class *c = &s->classes[at];
    bool fresh = c->scope == 0;
    c->name = sm_node_name(s, node);
    c->base = 0;
    for (py_node a = sm_elements(s, py_child(s->tree, node, 1)); a != 0; a = sm_node(s, a)->next) {
        sm_val base = s->val[a];
        if (used_by_base(s, a))
            s->classes[at].used = true;
        if (sm_tag(base) == SM_T_CLASS) {
            s->classes[at].used = s->classes[at].used || s->classes[sm_payload(base)].used;
            if (s->classes[at].base != 0 && sm_node(s, a)->kind != PY_KEYWORD)
                sm_edge_class(s, sm_payload(base)); /* only the first base is followed from an instance */
            if (sm_node(s, a)->kind == PY_KEYWORD) {
                sm_edge_class(s, sm_payload(base)); /* a metaclass runs when the class is made */
                continue;
            }
            if (s->classes[at].base == 0 && sm_payload(base) != at)
                s->classes[at].base = sm_payload(base) + 1;
            sm_val hook = sm_class_attr(s, sm_payload(base), SM_N_INIT_SUBCLASS);
            if (sm_tag(hook) == SM_T_FUNC)
                sm_edge(s, sm_payload(hook));
        } else if (sm_tag(base) == SM_T_PATH && s->classes[at].base_path == SM_V_UNKNOWN) {
            s->classes[at].base_path = base;
        }
    }
    if (s->classes[at].used)
        sm_edge_class(s, at);
    if (fresh)
        s->classes[at].scope = sm_scope_new(s, s->scope, SM_SCOPE_CLASS, s->unit, at);
    s->scope = s->classes[at].scope;
}

void sm_class_out(struct sm_scan *s, py_node node)
{
    uint32_t at = sm_payload(s->val[node]);
    s->scope = s->scopes[s->classes[at].scope].parent;
    sm_decorate(s, py_child(s->tree, node, 0), s->val[node]);
    sm_bind_defined(s, s->classes[at].name, s->val[node]);
}

bool sm_is_main_guard(const struct sm_scan *s, py_node test)
{
    const struct py_nodedata *t = sm_node(s, test);
    if (t->kind != PY_COMPARE)
        return false;
    py_node left = sm_elements(s, test), right = left == 0 ? 0 : sm_node(s, left)->next;
    if (right == 0 || sm_node(s, right)->next != 0)
        return false;
    const struct py_nodedata *a = sm_node(s, left), *b = sm_node(s, right);
    const struct py_nodedata *name = a->kind == PY_NAME ? a : b, *text = a->kind == PY_NAME ? b : a;
    if (name->kind != PY_NAME || text->kind != PY_STR || name->text_len != 8 || text->text_len != 8 ||
        memcmp(name->text, "__name__", 8) != 0 || memcmp(text->text, "__main__", 8) != 0 ||
        a->line != b->line)
        return false;
    /* the tree does not keep the operator: it stands between the operands */
    const char *line = s->text, *end = s->text + s->text_size;
    for (uint32_t i = 1; i < a->line && line != NULL; i++) {
        line = memchr(line, '\n', (size_t)(end - line));
        line = line == NULL ? NULL : line + 1;
    }
    if (line == NULL || (size_t)(end - line) < b->column || b->column < a->column + 8)
        return false;
    const char *from = line + a->column + 8, *to = line + b->column;
    const char *equal = memmem(from, (size_t)(to - from), "==", 2);
    return equal != NULL;
}
