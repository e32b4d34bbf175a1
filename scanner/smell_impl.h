/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the semantic pass share. Nothing outside scanner/smell*.c includes this.
 *
 * The pass walks the tree once in the order Python would run it (function bodies after the code around them)
 * and gives every expression an abstract value: a dotted path ("os.system"), a constant, a small container, a
 * function of this file, or nothing known plus taint. Calls, reads, stores and imports of paths are the
 * events that rules match. */
#ifndef HUBGUARD_SCANNER_SMELL_IMPL_H
#define HUBGUARD_SCANNER_SMELL_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scanner/py_ast.h"
#include "scanner/smell.h"

/* --- memory --- */
struct sm_arena {
    struct sm_chunk *chunks;
    char *top, *end;
    size_t total;
};
void *sm_alloc(struct sm_arena *a, size_t size); /* 8-aligned, not cleared; NULL without memory */
char *sm_alloc_text(struct sm_arena *a, size_t size);
/* Lengthen a text that ends at the arena's top in place; false when it does not or does not fit. */
bool sm_extend(struct sm_arena *a, const char *text, size_t len, size_t more);
void sm_arena_free(struct sm_arena *a);
int sm_double(void **items, uint32_t *capacity, size_t size);
/* Make room for one more element. Returns 0 or -ENOMEM. */
static inline int sm_grow(void **items, uint32_t *capacity, uint32_t count, size_t size)
{
    return count < *capacity ? 0 : sm_double(items, capacity, size);
}

/* --- names and paths: a frozen set made from the rules, and one on top of it for each scan --- */
struct sm_name {
    const char *text;
    uint32_t len;
};
struct sm_name_slot {
    uint64_t hash; /* of a text of up to eight bytes: no other text of that length has it */
    uint32_t len;
    uint32_t id1; /* id + 1; 0 = free */
};
struct sm_names {
    const struct sm_names *base; /* frozen set below, or NULL */
    struct sm_name *items;
    struct sm_name_slot *slots; /* also of the frozen names that were asked for */
    uint32_t count, capacity, mask;
    uint32_t used;  /* slots */
    uint32_t first; /* id of items[0] */
};
#define SM_NO_NAME UINT32_MAX
/* An empty set on top of base. */
static inline struct sm_names sm_names_over(const struct sm_names *base)
{
    return (struct sm_names){.base = base, .first = base->count};
}
uint32_t sm_intern(struct sm_names *n, const char *text,
                   size_t len); /* text must outlive n; SM_NO_NAME: no memory */
#define SM_P_BUILTINS 1         /* the first path there is */
/* In a set without a base. SM_NO_NAME: not there. */
uint32_t sm_name_find(const struct sm_names *n, const char *text, size_t len);
static inline const struct sm_name *sm_name_at(const struct sm_names *n, uint32_t id)
{
    return id < n->first ? &n->base->items[id] : &n->items[id - n->first];
}
void sm_names_free(struct sm_names *n);

/* Names the code itself needs; their ids are these numbers. SM_N_CALL stands for "the result of", SM_N_ITEM
 * for "an element of", SM_N_ANY for "whatever object". */
enum sm_known {
    SM_N_EMPTY = 0,
    SM_N_CALL,
    SM_N_ITEM,
    SM_N_ANY,
    SM_N_STAR,
    SM_N_SELF_NAME,
    SM_N_DICT,
    SM_N_DUNDER_CALL,
    SM_N_FUNC,
    SM_N_WRAPPED,
    SM_N_GETATTRIBUTE,
    SM_N_GETATTR,
    SM_N_GETITEM,
    SM_N_GET,
    SM_N_POP,
    SM_N_SETDEFAULT,
    SM_N_APPEND,
    SM_N_BUILTINS,
    SM_N_SYS,
    SM_N_MODULES,
    SM_N_OS,
    SM_N_UPDATE,
    SM_N_INIT_SUBCLASS,
    SM_N_SUPER,
    SM_N_LOAD_MODULE,
    SM_N_LOADER,
    SM_N_KNOWN_COUNT
};

struct sm_match {
    uint32_t rule, next; /* next: number in the same array, 0 = end */
    uint8_t events;
};
/* ESCAPE: the name is taken as a value and goes where it is not followed: stored, returned, handed over */
enum sm_event { SM_EV_CALL = 1, SM_EV_LOAD = 2, SM_EV_STORE = 4, SM_EV_IMPORT = 8, SM_EV_ESCAPE = 16 };

struct sm_glob { /* "exec*" below the path "os" */
    char *pattern;
    uint32_t match, next;
};

struct sm_path {
    uint32_t parent, name;
    uint32_t match; /* list of sm_match; scan-local paths: in the scan's array */
    uint32_t globs; /* list of sm_glob; frozen paths only */
    uint32_t alias; /* this path is another name of that one; 0 = itself */
    uint32_t hash_next;
    uint8_t events;  /* union over match */
    uint8_t handler; /* row of the table in smell_builtin.c, 0 = none */
    uint8_t canon;   /* a module so well known that `anything.os` is taken for it */
    uint8_t caller;  /* as a decorator it calls what it decorates */
    uint8_t known;   /* rules or the code know this path or one below it */
};
struct sm_paths {
    const struct sm_paths *base;
    struct sm_path *items;
    uint32_t *slots;
    uint32_t count, capacity, mask, first;
};
static inline const struct sm_path *sm_path_at(const struct sm_paths *p, uint32_t id)
{
    return id < p->first ? &p->base->items[id] : &p->items[id - p->first];
}
uint32_t sm_path_find(const struct sm_paths *p, uint32_t parent, uint32_t name); /* 0: not there */
uint32_t sm_path_add(struct sm_paths *p, uint32_t parent, uint32_t name);        /* 0: no memory */
struct sm_path *sm_path_own(struct sm_paths *p, uint32_t id);
void sm_paths_free(struct sm_paths *p);

/* --- rules --- */
enum sm_subject { SM_S_ARG, SM_S_ANY, SM_S_RECV, SM_S_ARGC, SM_S_TAINT_ARG, SM_S_TAINT_ANY, SM_S_TAINT_RECV };
enum sm_test { SM_IS, SM_IS_NOT, SM_LIKE, SM_NOT_LIKE, SM_AT_LEAST };
enum sm_word {
    SM_W_CONST = 1,
    SM_W_NONCONST,
    SM_W_TRUE,
    SM_W_FALSE,
    SM_W_NONE,
    SM_W_PRESENT,
    SM_W_ABSENT,
    SM_W_TEXT
};

#define SM_KWARGS_MAX 4
struct sm_cond {
    uint8_t subject, test, word;
    int16_t arg;                     /* position, -1 = none */
    uint32_t keyword[SM_KWARGS_MAX]; /* or any of these keywords */
    uint32_t keywords;
    char **globs; /* alternatives, lower-cased; NULL-terminated */
    uint32_t taint;
    uint32_t number;
};

struct sm_rule {
    struct hg_rule_info info;
    struct sm_cond *conds;
    uint32_t cond_count;
    uint32_t taint;  /* a source: what the result carries; 0 = a rule */
    bool clean;      /* a sanitizer: the result carries nothing */
    char *texts[10]; /* owns what info points to */
};

struct hg_smell_rules {
    struct sm_names names;
    struct sm_paths paths;
    struct sm_rule *rules; /* rules and sources */
    uint32_t rule_count, rule_capacity;
    struct sm_match *matches; /* [0] unused */
    uint32_t match_count, match_capacity;
    struct sm_glob *globs; /* [0] unused */
    uint32_t glob_count, glob_capacity;
    uint32_t *any; /* by name id: list of matches of "*.name" */
    uint32_t any_capacity;
    char *taint_names[32];
    uint32_t taint_count;
    struct sm_arena arena; /* name texts */
};
#define SM_TAINT_DECODED 1U /* source "decoded" always exists and is bit 0 */
#define SM_TAINT_DYNAMIC 2U /* source "dynamic": bit 1 */

int sm_known_setup(struct hg_smell_rules *rules); /* smell_known.c: known names, handlers, aliases */
/* Dotted text ("socket.socket().connect") to a frozen path. 0: no memory. */
uint32_t sm_rules_path(struct hg_smell_rules *rules, const char *text, size_t len);
bool sm_glob_match(const char *pattern, const char *text, size_t len); /* '*' only; case is folded */
const char *sm_nearest(const char *const *names, size_t count,
                       const char *text); /* NULL when nothing is near */

/* --- values --- */
typedef uint32_t sm_val;
enum sm_tag { SM_T_TABLE = 0, SM_T_LIT, SM_T_PATH, SM_T_FUNC, SM_T_CLASS, SM_T_INST, SM_T_TAINT, SM_T_INT };
#define SM_TAG_SHIFT 29
#define SM_PAYLOAD   ((1U << SM_TAG_SHIFT) - 1)
#define SM_INT_BIAS  (1 << 28)
enum { SM_V_UNKNOWN = 0, SM_V_NONE, SM_V_TRUE, SM_V_FALSE, SM_V_SELF_MODULE, SM_V_FIRST };

static inline enum sm_tag sm_tag(sm_val v)
{
    return (enum sm_tag)(v >> SM_TAG_SHIFT);
}
static inline uint32_t sm_payload(sm_val v)
{
    return v & SM_PAYLOAD;
}
static inline sm_val sm_make(enum sm_tag tag, uint32_t payload)
{
    return ((uint32_t)tag << SM_TAG_SHIFT) | payload;
}

static inline sm_val sm_only_taint(uint32_t taint)
{
    return taint == 0 ? (sm_val)SM_V_UNKNOWN : sm_make(SM_T_TAINT, taint);
}

enum sm_kind {
    SM_K_CONST = 0,
    SM_K_TEXT,
    SM_K_SEQ,
    SM_K_DICT,
    SM_K_ALT,
    SM_K_PARTIAL,
    SM_K_GETTER,
    SM_K_SCOPE
};
struct sm_value {
    uint8_t kind;
    bool bytes;   /* TEXT: bytes, not str */
    bool partial; /* TEXT: parts are unknown and stand as \x01; SEQ and DICT: more elements than kept */
    uint32_t taint;
    uint32_t len; /* TEXT: bytes; SEQ, ALT: elements; DICT: pairs; PARTIAL: 1 + bound arguments */
    uint32_t capacity;
    uint32_t layers; /* TEXT: number of a chain in sm_scan.chains, 0 = stood in the source */
    uint32_t scope;  /* SCOPE: which */
    union {
        const char *text;
        sm_val *items;
    } u;
};
struct sm_text {
    const char *text;
    uint32_t len;
    bool bytes, partial;
    uint32_t taint, layers;
};

#define SM_ALT_MAX      8
#define SM_SEQ_MAX      65536
#define SM_TEXT_MAX     (1U << 20)  /* one folded text */
#define SM_FOLD_MAX     (16U << 20) /* all folded texts of one scan */
#define SM_DECODE_MAX   (4U << 20)  /* one decoded layer */
#define SM_DECODE_TOTAL (16U << 20) /* all decoded layers of one scan */
#define SM_LAYER_DEPTH  8
#define SM_LAYER_JOBS   64
#define SM_STEP_MAX     200000U /* elements walked through comprehensions */
#define SM_ROUNDS       3

/* --- scopes, functions, classes --- */
struct sm_var {
    uint32_t scope, name;
    sm_val now, ever;
    uint8_t global; /* `global x` in this scope: 1, `nonlocal x`: 2 */
    bool read;      /* somebody has looked at `ever`: what comes later calls for another round */
};
enum sm_scope_kind { SM_SCOPE_MODULE, SM_SCOPE_FUNCTION, SM_SCOPE_CLASS };
struct sm_scope {
    uint64_t seen;   /* bit name % 64: it may have a variable of that name */
    uint32_t parent; /* UINT32_MAX = none */
    uint32_t unit, klass;
    uint8_t kind;
};
struct sm_func { /* also called a unit: [0] is the module, [1] what runs under `if __name__ == "__main__"` */
    py_node node;
    uint32_t parent_scope, scope, klass; /* klass: number + 1 of the class whose body defines it */
    uint32_t name;
    sm_val ret;
    bool reached, queued, decorated, ret_read;
    bool property; /* runs when an attribute is read */
};
struct sm_class {
    py_node node;
    uint32_t scope, name;
    uint32_t base; /* number + 1 of the first base that is a class of this file */
    sm_val base_path;
    bool used; /* by its own definition: an Enum, a metaclass */
};
struct sm_edge { /* `from` calls function `to`; by_name: any method of that name */
    uint32_t from, to;
    bool by_name;
};
struct sm_pending {
    uint32_t rule, unit, line, column, path, name;
    const char *detail; /* arena; may be NULL */
    bool escape;
};
struct sm_job { /* a decoded or constant text to scan as Python */
    const char *text;
    uint32_t len, line, unit;
    const char *layers; /* one of sm_scan.chains */
    bool bytes, must;   /* must: it is executed, so that it does not parse is itself a finding */
};
struct sm_frame {
    uint32_t node, cursor;
};
struct sm_comp {
    uint32_t node, index;
    sm_val over;
    sm_val *out;
    uint32_t count, capacity;
    bool folding;
};

struct sm_args {
    sm_val pos[16];
    sm_val kw[32];
    uint32_t kw_name[32];
    uint32_t npos, nkw, total;
    bool unknown; /* more may come: *args, **kwargs, or a mere reference */
    sm_val recv;
    uint32_t taint; /* union over all */
};

struct sm_scan {
    const struct hg_smell_rules *rules;
    const struct py_tree *tree;
    const char *text;
    size_t text_size;
    struct sm_arena arena;
    struct sm_names names;
    struct sm_paths paths;
    struct sm_match *matches;
    uint32_t match_count, match_capacity;
    sm_val *val;     /* by node */
    uint32_t *named; /* by node: 1 + its name, 0 = nobody has asked yet */
    struct sm_value *values;
    uint32_t value_count, value_capacity;
    struct sm_var *vars;
    uint32_t var_count, var_capacity, *var_slots, var_mask;
    struct sm_scope *scopes;
    uint32_t scope_count, scope_capacity;
    struct sm_func *funcs;
    uint32_t func_count, func_capacity;
    struct sm_class *classes;
    uint32_t class_count, class_capacity;
    struct sm_edge *edges;
    uint32_t edge_count, edge_capacity;
    struct sm_pending *pending;
    uint32_t pending_count, pending_capacity;
    uint32_t *queue; /* functions whose bodies wait */
    uint32_t queue_count, queue_capacity;
    struct sm_frame *frames;
    uint32_t frame_count, frame_capacity;
    struct sm_comp *comps;
    uint32_t comp_count, comp_capacity;
    uint32_t *stars; /* paths of `from x import *` */
    uint32_t star_count, star_capacity;
    char **chains; /* decoder chains, "base64>zlib" */
    uint32_t chain_count, chain_capacity;
    struct sm_job *jobs;
    uint32_t job_count, job_capacity;
    uint32_t scope, unit, conditional, loops, steps, folded;
    uint32_t *decoded_total; /* shared by all layers of a file */
    uint32_t depth;          /* of layers */
    const char *outer;       /* chain of the layer being scanned, or NULL */
    uint32_t base_line;      /* where a layer is decoded, 0 in the file itself */
    enum hg_reach base_reach;
    bool changed_before;  /* of the loop being walked */
    bool changed, wanted; /* a value became known late; a sink would have liked to know one */
    bool capped;
    const struct hg_smell_options *options;
    int failed; /* sticky -ENOMEM or on_layer's error */
};

static inline const struct py_nodedata *sm_node(const struct sm_scan *s, py_node n)
{
    return &s->tree->nodes[n];
}
static inline sm_val sm_child_value(const struct sm_scan *s, py_node n, unsigned k)
{
    return s->val[py_child(s->tree, n, k)];
}
/* First element of a group: the children of the LIST_OF child, or of the node itself. */
py_node sm_elements(const struct sm_scan *s, py_node n);
/* The index of a subscript; x[i,] counts as x[i]. */
py_node sm_index_node(const struct sm_scan *s, py_node subscript);

/* smell_value.c */
sm_val sm_text_make(struct sm_scan *s, const char *text, size_t len, const struct sm_text *like);
bool sm_text_get(const struct sm_scan *s, sm_val v, struct sm_text *out);
bool sm_text_whole(const struct sm_scan *s, sm_val v, struct sm_text *out); /* and no part unknown */
sm_val sm_int_make(long long n);
bool sm_int_get(const struct sm_scan *s, sm_val v, long long *out);
sm_val sm_items_make(struct sm_scan *s, enum sm_kind kind, const sm_val *items, uint32_t count);
int sm_items_push(struct sm_scan *s, sm_val container, const sm_val *items,
                  uint32_t count);                                            /* SEQ 1, DICT 2 */
static inline struct sm_value *sm_value_at(const struct sm_scan *s, sm_val v) /* NULL unless a table value */
{
    return sm_tag(v) == SM_T_TABLE && v >= SM_V_FIRST && v < s->value_count ? &s->values[v] : NULL;
}
static inline const struct sm_value *sm_value_kind(const struct sm_scan *s, sm_val v, enum sm_kind kind)
{
    const struct sm_value *value = sm_value_at(s, v);
    return value != NULL && value->kind == kind ? value : NULL;
}
static inline uint32_t sm_taint(const struct sm_scan *s, sm_val v)
{
    if (sm_tag(v) == SM_T_TAINT)
        return sm_payload(v);
    const struct sm_value *value = sm_value_at(s, v);
    return value == NULL ? 0 : value->taint;
}
sm_val sm_tainted(struct sm_scan *s, sm_val v, uint32_t taint);
sm_val sm_join_known(struct sm_scan *s, sm_val a, sm_val b);
static inline sm_val sm_join(struct sm_scan *s, sm_val a, sm_val b)
{
    return a == b || b == SM_V_UNKNOWN ? a : sm_join_known(s, a, b);
}
bool sm_telling(const struct sm_scan *s, sm_val v); /* worth another round */
bool sm_is_const(const struct sm_scan *s, sm_val v);
/* Alternatives of v: 1 unless it is an ALT. */
uint32_t sm_alts(const struct sm_scan *s, sm_val v, const sm_val **list, sm_val *one);

/* smell_names.c */
uint32_t sm_scan_intern(struct sm_scan *s, const char *text, size_t len);
uint32_t sm_node_intern(struct sm_scan *s, py_node n);
/* The name of a node whose kind has one. */
static inline uint32_t sm_node_name(struct sm_scan *s, py_node n)
{
    return s->named[n] != 0 ? s->named[n] - 1 : sm_node_intern(s, n);
}
uint32_t sm_path_child(struct sm_scan *s, uint32_t parent, uint32_t name);
uint32_t sm_path_dotted(struct sm_scan *s, const char *text, size_t len, char separator);
size_t sm_path_text(const struct sm_scan *s, uint32_t path, char *out, size_t size);

/* smell_scope.c */
sm_val sm_lookup(struct sm_scan *s, uint32_t name);
sm_val sm_lookup_from(struct sm_scan *s, uint32_t scope, uint32_t name);
sm_val sm_scope_get(struct sm_scan *s, uint32_t scope, uint32_t name, bool *found);
void sm_bind(struct sm_scan *s, uint32_t scope, uint32_t name, sm_val v, bool weak);
void sm_bind_target(struct sm_scan *s, py_node target, sm_val v, bool weak);
void sm_bind_defined(struct sm_scan *s, uint32_t name, sm_val v);
void sm_declare(struct sm_scan *s, uint32_t name, bool global);
void sm_store_attribute(struct sm_scan *s, py_node n, sm_val base, uint32_t name, sm_val v);
void sm_forget(struct sm_scan *s, py_node target);
void sm_import(struct sm_scan *s, py_node n);
uint32_t sm_scope_new(struct sm_scan *s, uint32_t parent, enum sm_scope_kind kind, uint32_t unit,
                      uint32_t klass);
uint32_t sm_definition(struct sm_scan *s, py_node n, bool klass); /* number of the function or class at n */

/* smell_element.c */
sm_val sm_attribute(struct sm_scan *s, sm_val base, uint32_t name);
sm_val sm_class_attr(struct sm_scan *s, uint32_t klass, uint32_t name);
sm_val sm_element(struct sm_scan *s, sm_val base, sm_val index);

/* smell_fold.c */
sm_val sm_fold_binary(struct sm_scan *s, int op, sm_val left, sm_val right);
sm_val sm_fold_fstring(struct sm_scan *s, py_node n);
sm_val sm_fold_slice(struct sm_scan *s, sm_val base, py_node slice);
sm_val sm_fold_concat(struct sm_scan *s, sm_val left, sm_val right);
sm_val sm_fold_unary(struct sm_scan *s, int op, sm_val v);
sm_val sm_fold_chars(struct sm_scan *s, sm_val seq,
                     bool bytes); /* ints to bytes, or one-character texts to text */
sm_val sm_fold_chr(struct sm_scan *s, sm_val v);
sm_val sm_fold_ord(struct sm_scan *s, sm_val v);

/* smell_method.c: false when it is no text, or no method that is folded. */
bool sm_fold_method(struct sm_scan *s, sm_val recv, uint32_t name, const struct sm_args *args, py_node call,
                    sm_val *out);

/* smell_decode.c: pure functions on bytes. Result is malloc'ed; 0, -EINVAL (not in that form), -E2BIG (past
 * max), -ENOMEM. */
enum sm_codec {
    SM_C_BASE64 = 1,
    SM_C_BASE64URL,
    SM_C_BASE32,
    SM_C_HEX,
    SM_C_BASE85,
    SM_C_ASCII85,
    SM_C_ZLIB,
    SM_C_GZIP,
    SM_C_BZ2,
    SM_C_LZMA,
    SM_C_ROT13,
    SM_C_MARSHAL,
    SM_C_COUNT
};
const char *sm_codec_name(enum sm_codec codec);
enum sm_codec sm_codec_find(const char *name, size_t len); /* as codecs.decode() knows it; 0 = none */
int sm_decode(enum sm_codec codec, const uint8_t *in, size_t size, size_t max, uint8_t **out,
              size_t *out_size);

/* smell_layer.c */
sm_val sm_layer_decode(struct sm_scan *s, enum sm_codec codec, sm_val v, py_node call);
void sm_layer_execute(struct sm_scan *s, sm_val v, py_node call);
int sm_layers_run(struct sm_scan *s, struct hg_findings *out);

/* smell_builtin.c */
sm_val sm_builtin(struct sm_scan *s, uint32_t path, uint8_t handler, struct sm_args *args, py_node n);
const char *sm_builtin_path(uint8_t handler); /* of a row of the table; NULL past the end */
bool sm_builtin_binds(uint8_t handler);       /* functools.partial: its arguments are not called yet */
sm_val sm_getattr(struct sm_scan *s, sm_val base, sm_val name, py_node n);

/* smell_call.c */
sm_val sm_call(struct sm_scan *s, py_node n);
sm_val sm_invoke(struct sm_scan *s, sm_val callee, struct sm_args *args, py_node n);
void sm_args_collect(struct sm_scan *s, py_node list, struct sm_args *args);
sm_val sm_arg(const struct sm_scan *s, const struct sm_args *a, unsigned pos, const char *keyword);
void sm_decorate(struct sm_scan *s, py_node decorators, sm_val decorated);

/* smell_match.c */
/* Whether a rule may match: worth asking before arguments are put together. */
static inline bool sm_event_known(const struct sm_scan *s, enum sm_event event, uint32_t path, uint32_t name)
{
    if (name < s->rules->any_capacity && s->rules->any[name] != 0)
        return true;
    const struct sm_path *p = sm_path_at(&s->paths, path);
    return path != 0 && ((p->events & event) != 0 ||
                         (path < s->paths.first && sm_path_at(&s->paths, p->parent)->globs != 0));
}
/* Returns the taint that sources among the matches give the result; UINT32_MAX: a sanitizer. */
uint32_t sm_event(struct sm_scan *s, enum sm_event event, uint32_t path, uint32_t name,
                  const struct sm_args *args, py_node n);
void sm_edge(struct sm_scan *s, uint32_t to);
void sm_edge_name(struct sm_scan *s, uint32_t name);
void sm_edge_class(struct sm_scan *s, uint32_t klass);

/* smell_escape.c: what happens to values that are not called. `how` is what they go to, as `recv` of rules
 * sees it: the callee, or a word such as "<store>"; a literal. */
void sm_escape(struct sm_scan *s, sm_val v, const char *how, py_node n);
void sm_escape_arguments(struct sm_scan *s, py_node call);
void sm_escape_elements(struct sm_scan *s, py_node node);
void sm_escape_store(struct sm_scan *s, py_node target, sm_val v);
void sm_escape_compared(struct sm_scan *s, py_node node);
void sm_escape_return(struct sm_scan *s, py_node value);
void sm_use_class(struct sm_scan *s, sm_val v);

/* smell_walk.c */
int sm_walk(struct sm_scan *s);

/* smell_leave.c: give a value to a node whose children have theirs. */
void sm_leave(struct sm_scan *s, py_node node);
void sm_returned(struct sm_scan *s, sm_val v); /* by the function that is walked */

/* smell_define.c */
void sm_define_function(struct sm_scan *s, py_node node);
void sm_class_in(struct sm_scan *s, py_node node); /* its body comes next */
void sm_class_out(struct sm_scan *s, py_node node);
bool sm_is_main_guard(const struct sm_scan *s, py_node test);

/* smell_reach.c */
void sm_reach(struct sm_scan *s);
int sm_emit(struct sm_scan *s, struct hg_findings *out);

/* smell.c: one layer. `chain` NULL: the file itself. Unless strict, text that is no Python is not a finding.
 */
struct sm_layer {
    const uint8_t *bytes;
    size_t size;
    enum hg_scan_kind kind;
    const char *chain;
    uint32_t line, depth;
    enum hg_reach reach;
    bool strict;
    uint32_t *decoded;
};
int sm_scan_layer(const struct hg_smell_rules *rules, const struct sm_layer *layer,
                  const struct hg_smell_options *options, struct hg_findings *out);

#endif
