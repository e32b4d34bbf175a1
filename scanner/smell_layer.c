/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that the source decodes or executes: decoded here, then scanned as Python of their own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/smell_impl.h"

static bool looks_like_text(const char *text, size_t len)
{
    size_t odd = 0, look = len < 4096 ? len : 4096;
    for (size_t i = 0; i < look; i++) {
        uint8_t c = (uint8_t)text[i];
        odd += c == 0 || c == 0x7F || (c < 0x20 && strchr("\t\n\r\f\v", c) == NULL);
    }
    return len > 3 && odd * 50 <= look;
}

/* Number of the chain `from` with one more decoder; 0 when it cannot be kept. */
static uint32_t chain_longer(struct sm_scan *s, uint32_t from, const char *codec)
{
    if (s->chain_count == 0)
        s->chain_count = 1; /* number 0: no layer */
    if (sm_grow((void **)&s->chains, &s->chain_capacity, s->chain_count, sizeof *s->chains) != 0) {
        s->failed = -ENOMEM;
        return 0;
    }
    char *text = NULL;
    const char *before = from != 0 ? s->chains[from] : s->outer != NULL ? s->outer : "";
    if (asprintf(&text, "%s%s%s", before, *before == '\0' ? "" : ">", codec) < 0) {
        s->failed = -ENOMEM;
        return 0;
    }
    s->chains[s->chain_count] = text;
    return s->chain_count++;
}

static uint32_t chain_depth(const char *chain)
{
    uint32_t depth = chain == NULL || *chain == '\0' ? 0 : 1;
    for (; chain != NULL && *chain != '\0'; chain++)
        depth += *chain == '>';
    return depth;
}

static void job_add(struct sm_scan *s, const struct sm_text *t, py_node call, bool must)
{
    for (uint32_t i = 0; i < s->job_count; i++) {
        if (s->jobs[i].text == t->text && s->jobs[i].len == t->len) {
            s->jobs[i].must = s->jobs[i].must || must;
            return;
        }
    }
    const char *chain = t->layers != 0 ? s->chains[t->layers] : NULL;
    if (s->job_count >= SM_LAYER_JOBS || s->chain_count > 4096 ||
        *s->decoded_total + t->len > SM_DECODE_TOTAL) {
        s->capped = true;
        return;
    }
    *s->decoded_total += t->len;
    if (chain == NULL) {
        uint32_t number = chain_longer(s, 0, "exec");
        chain = number == 0 ? NULL : s->chains[number];
    }
    if (chain == NULL || sm_grow((void **)&s->jobs, &s->job_capacity, s->job_count, sizeof *s->jobs) != 0) {
        s->failed = -ENOMEM;
        return;
    }
    s->jobs[s->job_count++] = (struct sm_job){.text = t->text,
                                              .len = t->len,
                                              .line = sm_node(s, call)->line,
                                              .unit = s->unit,
                                              .layers = chain,
                                              .bytes = t->bytes,
                                              .must = must};
}

static sm_val decoded_unknown(struct sm_scan *s, sm_val v)
{
    return sm_make(SM_T_TAINT, sm_taint(s, v) | SM_TAINT_DECODED);
}

sm_val sm_layer_decode(struct sm_scan *s, enum sm_codec codec, sm_val v, py_node call)
{
    struct sm_text t;
    if (!sm_text_whole(s, v, &t))
        return decoded_unknown(s, v);
    uint32_t depth = chain_depth(t.layers != 0 ? s->chains[t.layers] : s->outer);
    if (depth >= SM_LAYER_DEPTH || s->chain_count > 4096 || *s->decoded_total + t.len > SM_DECODE_TOTAL) {
        s->capped = true;
        return decoded_unknown(s, v);
    }
    size_t left = SM_DECODE_TOTAL - *s->decoded_total, size = 0;
    uint8_t *bytes = NULL;
    int rc = sm_decode(codec, (const uint8_t *)t.text, t.len, left < SM_DECODE_MAX ? left : SM_DECODE_MAX,
                       &bytes, &size);
    if (rc == -ENOMEM)
        s->failed = rc;
    s->capped = s->capped || rc == -E2BIG;
    if (rc != 0)
        return decoded_unknown(s, v);
    *s->decoded_total += (uint32_t)size;
    char *text = sm_alloc_text(&s->arena, size + 1);
    struct sm_text made = {
        .len = (uint32_t)size, .bytes = codec != SM_C_ROT13, .taint = t.taint | SM_TAINT_DECODED};
    made.layers = chain_longer(s, t.layers, sm_codec_name(codec));
    if (text == NULL || made.layers == 0) {
        s->failed = -ENOMEM;
        free(bytes);
        return SM_V_UNKNOWN;
    }
    memcpy(text, bytes, size);
    text[size] = '\0';
    free(bytes);
    made.text = text;
    uint32_t line = s->base_line != 0 ? s->base_line : sm_node(s, call)->line;
    if (s->options != NULL && s->options->on_layer != NULL && s->failed == 0)
        s->failed = s->options->on_layer(s->options->context, (const uint8_t *)text, size,
                                         s->chains[made.layers], line);
    if (codec == SM_C_MARSHAL)
        return decoded_unknown(s, v);
    if (looks_like_text(text, size))
        job_add(s, &made, call, false);
    return sm_text_make(s, text, size, &made);
}

void sm_layer_execute(struct sm_scan *s, sm_val v, py_node call)
{
    const sm_val *list;
    sm_val one;
    uint32_t n = sm_alts(s, v, &list, &one);
    for (uint32_t i = 0; i < n; i++) {
        struct sm_text t;
        if (sm_text_whole(s, list[i], &t))
            job_add(s, &t, call, true);
    }
}

int sm_layers_run(struct sm_scan *s, struct hg_findings *out)
{
    int rc = 0;
    for (uint32_t i = 0; i < s->job_count && rc == 0; i++) {
        const struct sm_job *job = &s->jobs[i];
        uint32_t depth = chain_depth(job->layers);
        if (depth > SM_LAYER_DEPTH) {
            s->capped = true;
            continue;
        }
        struct sm_layer layer = {.bytes = (const uint8_t *)job->text,
                                 .size = job->len,
                                 .kind = job->bytes ? HG_KIND_SOURCE : HG_KIND_TEXT,
                                 .chain = job->layers,
                                 .line = s->base_line != 0 ? s->base_line : job->line,
                                 .depth = depth,
                                 .reach = s->funcs[job->unit].reached ? s->base_reach : HG_REACH_CALL,
                                 .strict = job->must,
                                 .decoded = s->decoded_total};
        rc = sm_scan_layer(s->rules, &layer, s->options, out);
    }
    return rc;
}
