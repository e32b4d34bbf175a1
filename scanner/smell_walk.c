/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over the tree: an explicit stack, children in the order Python evaluates them. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/smell_impl.h"

/* A script is what to do at a node: a child's number, or one of these. Kinds without a script visit all
 * children in order and are then given a value. */
enum step {
    END = -1,
    LEAF = -2, /* alone in its script */
    BIND_ASSIGN = -20,
    BIND_AUGMENTED,
    BIND_ANNOTATED,
    BIND_LOOP,
    BIND_WALRUS,
    BIND_WITH,
    DEFINE,
    CLASS_IN,
    CLASS_OUT,
    MAYBE_IN,
    MAYBE_OUT,
    LOOP_IN,
    LOOP_OUT,
    GUARD_IN,
    GUARD_OUT,
    COMP_IN,
    COMP_NEXT,
    SUBJECT
};
#define SCRIPT_MAX 9
static const short scripts[PY_KIND_COUNT][SCRIPT_MAX] = {
    [PY_FUNCDEF] = {0, 1, 2, DEFINE, END},
    [PY_CLASSDEF] = {0, 1, CLASS_IN, 2, CLASS_OUT, END},
    [PY_ASSIGN] = {1, 0, BIND_ASSIGN, END},
    [PY_AUGASSIGN] = {0, 1, BIND_AUGMENTED, END},
    [PY_ANNASSIGN] = {2, 1, 0, BIND_ANNOTATED, END},
    [PY_FOR] = {1, 0, MAYBE_IN, BIND_LOOP, LOOP_IN, 2, LOOP_OUT, 3, END},
    [PY_WHILE] = {MAYBE_IN, LOOP_IN, 0, 1, LOOP_OUT, 2, END},
    [PY_IF] = {0, MAYBE_IN, GUARD_IN, 1, GUARD_OUT, 2, MAYBE_OUT, END},
    [PY_WITHITEM] = {0, 1, BIND_WITH, END},
    [PY_TRY] = {MAYBE_IN, 0, 1, 2, MAYBE_OUT, 3, END},
    [PY_MATCH] = {0, SUBJECT, MAYBE_IN, 1, MAYBE_OUT, END},
    [PY_LISTCOMP] = {MAYBE_IN, 1, COMP_IN, 0, COMP_NEXT, MAYBE_OUT, END},
    [PY_GENEXP] = {MAYBE_IN, 1, COMP_IN, 0, COMP_NEXT, MAYBE_OUT, END},
    [PY_SETCOMP] = {MAYBE_IN, 1, COMP_IN, 0, COMP_NEXT, MAYBE_OUT, END},
    [PY_DICTCOMP] = {MAYBE_IN, 2, 0, 1, MAYBE_OUT, END},
    [PY_COMPFOR] = {1, 0, BIND_LOOP, 2, END},
    [PY_NAMEDEXPR] = {1, 0, BIND_WALRUS, END},
    [PY_LAMBDA] = {0, DEFINE, END},
    [PY_NONE] = {LEAF},
    [PY_NAME] = {LEAF},
    [PY_STR] = {LEAF},
    [PY_BYTES] = {LEAF},
    [PY_INT] = {LEAF},
    [PY_FLOAT] = {LEAF},
    [PY_CONST] = {LEAF},
    [PY_IMPORT] = {LEAF},
    [PY_IMPORTFROM] = {LEAF},
};
#define FLAG 0x80000000U /* of a frame's cursor: this node changed the unit, or its loop ran again */

static bool is_leaf(uint8_t kind)
{
    return scripts[kind][0] == LEAF;
}

static bool scripted(uint8_t kind) /* of a kind that is no leaf */
{
    return scripts[kind][1] != 0 || scripts[kind][0] != 0;
}

static sm_val int_literal(const struct py_nodedata *n)
{
    char digits[24];
    size_t len = 0;
    for (uint32_t i = 0; i < n->text_len && len < sizeof digits - 1; i++) {
        if (n->text[i] != '_')
            digits[len++] = n->text[i];
    }
    if (len > 20)
        return SM_V_UNKNOWN;
    digits[len] = '\0';
    int base = 10;
    char *from = digits;
    if (len > 1 && digits[0] == '0' && isalpha((unsigned char)digits[1])) {
        int c = tolower((unsigned char)digits[1]);
        base = c == 'x' ? 16 : c == 'o' ? 8 : 2;
        from += 2;
    }
    return sm_int_make(strtoll(from, NULL, base));
}

static void leaf(struct sm_scan *s, py_node node)
{
    const struct py_nodedata *n = sm_node(s, node);
    if (n->kind == PY_NAME) { /* most are */
        s->val[node] = sm_lookup(s, sm_node_name(s, node));
        return;
    }
    switch (n->kind) {
    case PY_STR:
    case PY_BYTES:
        s->val[node] = sm_make(SM_T_LIT, node);
        break;
    case PY_INT:
        s->val[node] = int_literal(n);
        break;
    case PY_CONST:
        s->val[node] = n->op == PY_C_NONE    ? SM_V_NONE
                       : n->op == PY_C_TRUE  ? SM_V_TRUE
                       : n->op == PY_C_FALSE ? SM_V_FALSE
                                             : SM_V_UNKNOWN;
        break;
    case PY_IMPORT:
    case PY_IMPORTFROM:
        sm_import(s, node);
        break;
    default:
        break;
    }
}

static void assign(struct sm_scan *s, py_node node)
{
    sm_val v = sm_child_value(s, node, 1);
    for (py_node t = sm_elements(s, node); t != 0; t = sm_node(s, t)->next)
        sm_bind_target(s, t, v, s->conditional > 0);
}

static void augment(struct sm_scan *s, py_node node)
{
    sm_val left = sm_child_value(s, node, 0), right = sm_child_value(s, node, 1);
    sm_val v = (left | right) == 0 ? SM_V_UNKNOWN : sm_fold_binary(s, sm_node(s, node)->op, left, right);
    sm_bind_target(s, py_child(s->tree, node, 0), v, s->conditional > 0);
}

static py_node only_clause(const struct sm_scan *s, py_node comp)
{
    py_node clause = sm_elements(s, py_child(s->tree, comp, 1));
    py_node list = py_child(s->tree, comp, 1);
    clause = sm_node(s, list)->kind == PY_LIST_OF ? sm_node(s, list)->first : clause;
    if (clause == 0 || sm_node(s, clause)->next != 0 || sm_node(s, clause)->kind != PY_COMPFOR)
        return 0;
    py_node ifs = py_child(s->tree, clause, 2);
    return ifs != 0 && sm_node(s, ifs)->first != 0 ? 0 : clause;
}

static uint32_t comp_length(const struct sm_scan *s, sm_val over)
{
    struct sm_text text;
    const struct sm_value *seq = sm_value_kind(s, over, SM_K_SEQ);
    if (seq != NULL)
        return seq->partial ? 0 : seq->len;
    return sm_text_whole(s, over, &text) && text.len <= SM_SEQ_MAX ? text.len : 0;
}

static void comp_in(struct sm_scan *s, py_node node)
{
    py_node clause = only_clause(s, node);
    sm_val over = clause == 0 ? SM_V_UNKNOWN : sm_child_value(s, clause, 1);
    struct sm_comp comp = {.node = node, .over = over, .folding = clause != 0 && comp_length(s, over) > 0};
    if (sm_grow((void **)&s->comps, &s->comp_capacity, s->comp_count, sizeof *s->comps) != 0) {
        s->failed = -ENOMEM;
        return;
    }
    s->comps[s->comp_count++] = comp;
    if (comp.folding)
        sm_bind_target(s, sm_node(s, clause)->first, sm_element(s, over, sm_int_make(0)), false);
}

/* One element is done. True: the element expression has to be walked again, for the next one. */
static bool comp_next(struct sm_scan *s, py_node node)
{
    struct sm_comp *comp = &s->comps[s->comp_count - 1];
    sm_val elt = sm_child_value(s, node, 0);
    sm_escape(s, elt, "<container>", sm_node(s, node)->first);
    if (comp->folding) {
        if (sm_grow((void **)&comp->out, &comp->capacity, comp->count, sizeof *comp->out) != 0)
            return s->failed = -ENOMEM, false;
        comp->out[comp->count++] = elt;
        py_node target = sm_node(s, only_clause(s, node))->first;
        bool more = ++comp->index < comp_length(s, comp->over);
        bool worth_it = sm_is_const(s, elt) || comp->index < 32;
        if (more && worth_it && s->steps < SM_STEP_MAX) {
            s->steps++;
            sm_bind_target(s, target, sm_element(s, comp->over, sm_int_make(comp->index)), false);
            return true;
        }
        comp->folding = !more;
        s->capped = s->capped || (more && worth_it);
        sm_bind_target(s, target, sm_element(s, comp->over, SM_V_UNKNOWN), true);
    }
    sm_val v = comp->folding ? sm_items_make(s, SM_K_SEQ, comp->out, comp->count)
                             : sm_items_make(s, SM_K_SEQ, &elt, 1);
    if (!comp->folding && v != SM_V_UNKNOWN)
        s->values[v].partial = true;
    s->val[node] = v;
    free(comp->out);
    s->comp_count--;
    return false;
}

/* Carry out one step; may move the frame's cursor back. */
static void step(struct sm_scan *s, struct sm_frame *f, enum step what)
{
    py_node node = f->node;
    switch (what) {
    case BIND_ASSIGN:
        assign(s, node);
        break;
    case BIND_AUGMENTED:
        augment(s, node);
        break;
    case BIND_ANNOTATED:
        if (sm_node(s, py_child(s->tree, node, 2))->kind != PY_NONE)
            sm_bind_target(s, py_child(s->tree, node, 0), sm_child_value(s, node, 2), s->conditional > 0);
        break;
    case BIND_LOOP: {
        sm_val over = sm_child_value(s, node, 1);
        sm_bind_target(s, sm_node(s, node)->first, over == 0 ? 0 : sm_element(s, over, SM_V_UNKNOWN), true);
        break;
    }
    case BIND_WALRUS:
        s->val[node] = sm_child_value(s, node, 1);
        sm_bind_target(s, sm_node(s, node)->first, s->val[node], s->conditional > 0);
        break;
    case BIND_WITH:
        if (sm_node(s, py_child(s->tree, node, 1))->kind != PY_NONE)
            sm_bind_target(s, py_child(s->tree, node, 1), sm_child_value(s, node, 0), s->conditional > 0);
        break;
    case DEFINE:
        sm_define_function(s, node);
        break;
    case CLASS_IN:
        sm_class_in(s, node);
        break;
    case CLASS_OUT:
        sm_class_out(s, node);
        break;
    case MAYBE_IN:
        s->conditional++;
        break;
    case MAYBE_OUT:
        s->conditional--;
        break;
    case LOOP_IN:
        if (s->loops++ == 0 && (f->cursor & FLAG) == 0) {
            s->changed_before = s->changed;
            s->changed = false;
        }
        break;
    case LOOP_OUT:
        if (--s->loops == 0 && s->changed && (f->cursor & FLAG) == 0) {
            /* what the end of the body bound, its start sees the next time round */
            f->cursor = (sm_node(s, node)->kind == PY_FOR ? 4U : 1U) | FLAG;
            break;
        }
        if (s->loops == 0)
            s->changed = s->changed || s->changed_before;
        s->conditional--;
        break;
    case GUARD_IN:
        if (s->unit == 0 && sm_is_main_guard(s, sm_node(s, node)->first)) {
            s->unit = 1;
            f->cursor |= FLAG;
        }
        break;
    case GUARD_OUT:
        if ((f->cursor & FLAG) != 0)
            s->unit = 0;
        break;
    case COMP_IN:
        comp_in(s, node);
        break;
    case COMP_NEXT:
        if (comp_next(s, node))
            f->cursor = 3;
        break;
    case SUBJECT:
        sm_escape(s, sm_child_value(s, node, 0), "<match>", sm_node(s, node)->first);
        break;
    case END:
    case LEAF:
        break;
    }
}

static int push(struct sm_scan *s, py_node n, uint32_t cursor)
{
    if (sm_grow((void **)&s->frames, &s->frame_capacity, s->frame_count, sizeof *s->frames) != 0)
        return s->failed = -ENOMEM;
    s->frames[s->frame_count++] = (struct sm_frame){n, cursor};
    return 0;
}

/* Deal with the leaves from `n` on, up to the first sibling that is none. */
static py_node past_leaves(struct sm_scan *s, py_node n)
{
    for (; n != 0 && is_leaf(sm_node(s, n)->kind); n = sm_node(s, n)->next)
        leaf(s, n);
    return n;
}

/* Most nodes have leaves only: they are done with here and never see the stack. */
static void visit(struct sm_scan *s, py_node n)
{
    if (is_leaf(sm_node(s, n)->kind)) {
        leaf(s, n);
        return;
    }
    while (!scripted(sm_node(s, n)->kind)) {
        py_node inner = past_leaves(s, sm_node(s, n)->first);
        if (inner == 0) {
            sm_leave(s, n);
            return;
        }
        if (push(s, n, sm_node(s, inner)->next) != 0)
            return;
        n = inner;
    }
    push(s, n, 0);
}

static void run(struct sm_scan *s, py_node root)
{
    visit(s, root);
    while (s->frame_count > 0 && s->failed == 0) {
        struct sm_frame *f = &s->frames[s->frame_count - 1];
        py_node node = f->node, child;
        uint8_t kind = sm_node(s, node)->kind;
        int what = 0;
        if (scripted(kind)) {
            what = scripts[kind][f->cursor++ & ~FLAG];
            child = what < 0 ? 0 : py_child(s->tree, node, (unsigned)what);
        } else {
            child = past_leaves(s, f->cursor);
            f->cursor = child == 0 ? 0 : sm_node(s, child)->next;
            what = child == 0 ? END : 0;
        }
        if (child != 0) {
            visit(s, child);
        } else if (what == END) {
            s->frame_count--;
            sm_leave(s, node);
        } else if (what < 0) {
            step(s, f, (enum step)what);
        }
    }
}

static void bind_params(struct sm_scan *s, uint32_t at)
{
    py_node params = 0;
    const struct py_nodedata *n = sm_node(s, s->funcs[at].node);
    params = py_child(s->tree, s->funcs[at].node, n->kind == PY_FUNCDEF ? 1 : 0);
    bool first = true;
    for (py_node p = sm_elements(s, params); p != 0; p = sm_node(s, p)->next) {
        const struct py_nodedata *d = sm_node(s, p);
        if (d->kind != PY_PARAM)
            continue;
        sm_val v = s->val[py_child(s->tree, p, 1)];
        if (first && s->funcs[at].klass != 0)
            v = sm_make(SM_T_INST, s->funcs[at].klass - 1);
        first = false;
        uint32_t name = sm_node_name(s, p);
        bool found;
        sm_val known = sm_scope_get(s, s->funcs[at].scope, name, &found); /* what callers passed */
        sm_bind(s, s->funcs[at].scope, name, sm_join(s, v, known), false);
    }
}

static void run_function(struct sm_scan *s, uint32_t at)
{
    struct sm_func *f = &s->funcs[at];
    if (f->scope == UINT32_MAX) {
        uint32_t klass = f->klass, parent = f->parent_scope;
        uint32_t scope = sm_scope_new(s, parent, SM_SCOPE_FUNCTION, at, klass);
        s->funcs[at].scope = scope;
    }
    s->scope = s->funcs[at].scope;
    s->unit = at;
    s->conditional = s->loops = 0;
    bind_params(s, at);
    py_node node = s->funcs[at].node;
    bool lambda = sm_node(s, node)->kind == PY_LAMBDA;
    py_node body = py_child(s->tree, node, lambda ? 1 : 3);
    run(s, body);
    if (lambda) {
        sm_returned(s, s->val[body]);
        sm_escape_return(s, body);
    }
}

static void start_round(struct sm_scan *s)
{
    s->changed = s->wanted = false;
    s->queue_count = 0;
    s->scope = s->unit = s->conditional = s->loops = 0;
    for (uint32_t i = 0; i < s->func_count; i++)
        s->funcs[i].queued = false;
    for (uint32_t i = 0; i < s->var_count; i++)
        s->vars[i].now = s->vars[i].ever;
}

int sm_walk(struct sm_scan *s)
{
    for (unsigned round = 0; round < SM_ROUNDS && s->failed == 0; round++) {
        start_round(s);
        run(s, s->tree->module);
        for (uint32_t i = 0; i < s->queue_count && s->failed == 0; i++)
            run_function(s, s->queue[i]);
        if (!s->changed || !s->wanted)
            break;
    }
    return s->failed;
}
