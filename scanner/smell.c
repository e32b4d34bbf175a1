/* SPDX-License-Identifier: Apache-2.0 */
/* One text from bytes to findings. */
#include "scanner/smell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/engine_rules.h"
#include "scanner/smell_impl.h"

static const enum hg_engine_rule_id rule_of_error[] = {
    [PY_E_SYNTAX] = HG_ER_SYNTAX, [PY_E_ENCODING] = HG_ER_ENCODING, [PY_E_CODEC] = HG_ER_CODEC,
    [PY_E_DEPTH] = HG_ER_CAP,     [PY_E_SIZE] = HG_ER_CAP,          [PY_E_NUL] = HG_ER_NUL,
};

static int report_error(const struct sm_layer *layer, const struct py_error *e, struct hg_findings *out)
{
    if (e->code == PY_E_NOMEM)
        return -ENOMEM;
    if (e->code == PY_E_SYNTAX && !layer->strict)
        return 0; /* decoded data that is no Python */
    struct hg_engine_place place = {layer->reach, layer->chain != NULL ? layer->line : e->line,
                                    layer->chain != NULL ? 0 : e->column, layer->chain};
    return hg_engine_report(rule_of_error[e->code], &place, e->text[0] == '\0' ? NULL : e->text, out);
}

/* U+202A..202E and U+2066..2069 */
static int report_bidi(const struct sm_layer *layer, const char *text, size_t size, struct hg_findings *out)
{
    uint32_t line = 1;
    const char *counted = text, *end = text + size;
    for (const char *p = text; (p = memchr(p, 0xE2, (size_t)(end - p))) != NULL; p++) {
        uint8_t b = end - p > 2 ? (uint8_t)p[1] : 0, c = b == 0 ? 0 : (uint8_t)p[2];
        if (!(b == 0x80 && c >= 0xAA && c <= 0xAE) && !(b == 0x81 && c >= 0xA6 && c <= 0xA9))
            continue;
        while ((counted = memchr(counted, '\n', (size_t)(p - counted))) != NULL) {
            line++;
            counted++;
        }
        struct hg_engine_place place = {layer->reach, layer->chain != NULL ? layer->line : line, 0,
                                        layer->chain};
        return hg_engine_report(HG_ER_BIDI, &place, NULL, out);
    }
    return 0;
}

static int scan_setup(struct sm_scan *s)
{
    const struct hg_smell_rules *r = s->rules;
    s->names = sm_names_over(&r->names);
    s->paths = (struct sm_paths){.base = &r->paths, .first = r->paths.count};
    s->val = calloc((size_t)s->tree->count + 1, sizeof *s->val);
    s->named = calloc((size_t)s->tree->count + 1, sizeof *s->named);
    if (s->val == NULL || s->named == NULL || s->tree->count >= SM_PAYLOAD ||
        sm_grow((void **)&s->values, &s->value_capacity, SM_V_FIRST, sizeof *s->values) != 0 ||
        sm_grow((void **)&s->funcs, &s->func_capacity, 0, sizeof *s->funcs) != 0)
        return -ENOMEM;
    memset(s->values, 0, SM_V_FIRST * sizeof *s->values);
    s->value_count = SM_V_FIRST;
    s->funcs[0] = s->funcs[1] = (struct sm_func){.scope = 0};
    s->func_count = 2;
    sm_scope_new(s, UINT32_MAX, SM_SCOPE_MODULE, 0, 0);
    return s->failed;
}

static void scan_free(struct sm_scan *s)
{
    for (uint32_t i = 1; i < s->chain_count; i++)
        free(s->chains[i]);
    for (uint32_t i = 0; i < s->comp_count; i++)
        free(s->comps[i].out);
    void *const owned[] = {s->matches, s->val,     s->values, s->vars,    s->var_slots, s->scopes,
                           s->funcs,   s->classes, s->edges,  s->pending, s->queue,     s->frames,
                           s->comps,   s->stars,   s->chains, s->jobs,    s->named};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    sm_names_free(&s->names);
    sm_paths_free(&s->paths);
    sm_arena_free(&s->arena);
}

static int scan_tree(struct sm_scan *s, const struct sm_layer *layer, struct hg_findings *out)
{
    int rc = scan_setup(s);
    if (rc == 0)
        rc = sm_walk(s);
    if (rc == 0) {
        sm_reach(s);
        rc = s->failed;
    }
    if (rc == 0)
        rc = sm_emit(s, out);
    if (rc == 0)
        rc = sm_layers_run(s, out);
    if (rc == 0 && s->capped) {
        struct hg_engine_place place = {layer->reach, layer->line, 0, layer->chain};
        rc = hg_engine_report(HG_ER_LAYER, &place, NULL, out);
    }
    return rc;
}

int sm_scan_layer(const struct hg_smell_rules *rules, const struct sm_layer *layer,
                  const struct hg_smell_options *options, struct hg_findings *out)
{
    struct py_error e = {0};
    struct py_tree tree = {0};
    char *text = NULL;
    size_t size = 0;
    if (py_source_decode(layer->bytes, layer->size, layer->kind == HG_KIND_TEXT, &text, &size, &e) != 0)
        return layer->strict || e.code == PY_E_CODEC ? report_error(layer, &e, out)
               : e.code == PY_E_NOMEM                ? -ENOMEM
                                                     : 0;
    int rc = report_bidi(layer, text, size, out);
    bool parsed = py_parse(text, size, &tree, &e) == 0;
    if (rc == 0 && !parsed)
        rc = report_error(layer, &e, out);
    if (rc == 0 && tree.count > 1 && tree.module != 0 && (parsed || layer->strict)) {
        struct sm_scan s = {.rules = rules,
                            .tree = &tree,
                            .text = text,
                            .text_size = size,
                            .decoded_total = layer->decoded,
                            .outer = layer->chain,
                            .base_line = layer->chain == NULL ? 0 : layer->line,
                            .base_reach = layer->reach,
                            .options = options};
        rc = scan_tree(&s, layer, out);
        scan_free(&s);
    }
    py_tree_free(&tree);
    free(text);
    return rc;
}

int hg_smell_scan(const struct hg_smell_rules *rules, const uint8_t *bytes, size_t size,
                  enum hg_scan_kind kind, const struct hg_smell_options *options, struct hg_findings *out)
{
    uint32_t decoded = 0;
    struct sm_layer layer = {.bytes = bytes,
                             .size = size,
                             .kind = kind,
                             .reach = HG_REACH_LOAD,
                             .strict = options == NULL || !options->lenient,
                             .decoded = &decoded};
    return sm_scan_layer(rules, &layer, options, out);
}
