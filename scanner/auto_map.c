/* SPDX-License-Identifier: Apache-2.0 */
/* A reader of its own and not cJSON: a finding needs its line, and Python's json takes what cJSON refuses
 * (NaN, lone surrogates, any depth), so that one such value would hide the rest of the file. */
#include "scanner/auto_map.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "scanner/printable.h"

#define TEXT_MAX     256 /* of a string; what is longer is cut, and no key or name that counts is */
#define NAMINGS_MAX  200 /* reported for one file; more are counted */
#define OWN_MAX      256
#define KEY_SHOWN    64
#define NAMING_SHOWN 200

static const struct hg_rule_info rules[] = {
    {.id = HG_RULE_AUTO_MAP,
     .title = "code of another repository, at whatever its main branch holds",
     .kind = "engine",
     .description =
         "The configuration names a class as \"org/name--file.Class\". transformers takes that code from the "
         "main branch of org/name: `revision` pins the repository that was asked for and not this one, so "
         "its owner can change what runs.",
     .remedy = "Pass code_revision=COMMIT of the repository named, or copy its files into your own and drop "
               "\"org/name--\" from auto_map.",
     .reference = "https://cwe.mitre.org/data/definitions/494.html",
     .example = "{\"auto_map\": {\"AutoModel\": \"other/code--modeling_x.XModel\"}}\n",
     .counterexample = "{\"auto_map\": {\"AutoModel\": \"modeling_x.XModel\"}}\n",
     .cwe = {494, 829},
     .severity = {HG_SEV_MEDIUM, HG_SEV_MEDIUM, HG_SEV_MEDIUM},
     .confidence = HG_CONF_HIGH},
};

const struct hg_rule_info *hg_auto_map_rules(size_t *count)
{
    *count = sizeof rules / sizeof *rules;
    return rules;
}

/* --- whose file it is --- */

/* "models--org--name" followed by "/snapshots/": "org/name". The outermost counts, a repository can hold
 * folders of such names. */
static void own_repository(const char *path, char *out, size_t size)
{
    static const char kind[] = "models--", next[] = "/snapshots/";
    out[0] = '\0';
    for (const char *at = path; at != NULL && *at != '\0'; at = strchr(at, '/')) {
        at += *at == '/';
        size_t len = strcspn(at, "/");
        if (strncmp(at, kind, sizeof kind - 1) != 0 || strncmp(at + len, next, sizeof next - 1) != 0)
            continue;
        const char *org = at + sizeof kind - 1, *end = at + len;
        const char *two = memmem(org, (size_t)(end - org), "--", 2);
        int n = two == NULL
                    ? snprintf(out, size, "%.*s", (int)(end - org), org)
                    : snprintf(out, size, "%.*s/%.*s", (int)(two - org), org, (int)(end - two - 2), two + 2);
        if (n < 0 || (size_t)n >= size)
            out[0] = '\0';
        return;
    }
}

/* --- reading --- */

struct string {
    char text[TEXT_MAX];
    size_t size;
    bool cut, names; /* names: "--" is somewhere in it, also behind the cut */
    uint32_t line, column;
};

struct reader {
    const uint8_t *at, *end, *line_start;
    uint32_t line;
};

static int hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* What stands behind a backslash. Beyond ASCII a `?` does for it: no key or repository that counts holds one.
 */
static char unescape(struct reader *r)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    uint8_t c = *r->at++;
    const char *known = c != '\0' ? strchr(from, c) : NULL;
    if (known != NULL)
        return to[known - from];
    if (c != 'u' || r->end - r->at < 4)
        return (char)c;
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(r->at[i]);
        if (digit < 0)
            return 'u';
        value = value << 4 | digit;
    }
    r->at += 4;
    return value > 0 && value < 0x80 ? (char)value : '?';
}

/* From behind the opening quote to behind the closing one. False when there is none. */
static bool read_string(struct reader *r, struct string *s)
{
    char last = '\0';
    s->size = 0;
    s->cut = s->names = false;
    s->line = r->line;
    s->column = (uint32_t)(r->at - r->line_start);
    while (r->at < r->end) {
        char c = (char)*r->at++;
        if (c == '"')
            return true;
        if (c == '\n') { /* Python refuses it; the lines are counted all the same */
            r->line++;
            r->line_start = r->at;
        } else if (c == '\\' && r->at < r->end) {
            c = unescape(r);
        }
        s->names = s->names || (c == '-' && last == '-');
        last = c;
        if (s->size < sizeof s->text)
            s->text[s->size++] = c;
        else
            s->cut = true;
    }
    return false;
}

/* A string in front of a colon is a key. */
static bool is_key(const struct reader *r)
{
    const uint8_t *p = r->at;
    while (p < r->end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p < r->end && *p == ':';
}

static bool is(const struct string *s, const char *text)
{
    return !s->cut && s->size == strlen(text) && memcmp(s->text, text, s->size) == 0;
}

/* --- finding --- */

struct walk {
    struct hg_findings *out;
    char own[OWN_MAX];
    struct string key, value; /* key: the last one read */
    bool here;                /* the value to come is that of "auto_map" */
    size_t depth, map_depth;  /* map_depth: of the value of "auto_map" that we are in, or 0 */
    size_t found;
};

static int report(struct walk *w)
{
    const struct string *v = &w->value;
    const char *two = memmem(v->text, v->size, "--", 2);
    if (two != NULL && w->own[0] != '\0' && (size_t)(two - v->text) == strlen(w->own) &&
        memcmp(v->text, w->own, strlen(w->own)) == 0)
        return 0;
    if (w->found++ >= NAMINGS_MAX) {
        w->out->dropped++;
        return 0;
    }
    char key[KEY_SHOWN], evidence[NAMING_SHOWN], message[KEY_SHOWN + 96];
    (void)hg_printable(w->key.text, w->key.size, key, sizeof key);
    (void)hg_printable(v->text, v->size, evidence, sizeof evidence);
    (void)snprintf(message, sizeof message,
                   "%s names code of another repository, which `revision` does not pin", key);
    struct hg_finding f = {.rule = (char *)(uintptr_t)rules[0].id, /* hg_findings_add() copies */
                           .message = message,
                           .evidence = evidence,
                           .severity = rules[0].severity[HG_REACH_LOAD],
                           .confidence = rules[0].confidence,
                           .reach = HG_REACH_LOAD,
                           .line = v->line,
                           .column = v->column};
    memcpy(f.cwe, rules[0].cwe, sizeof f.cwe);
    return hg_findings_add(w->out, &f);
}

static int take_string(struct walk *w, struct reader *r)
{
    if (!read_string(r, &w->value))
        return 0;
    if (is_key(r)) {
        w->key = w->value;
        w->here = is(&w->key, "auto_map");
        return 0;
    }
    bool counts = w->here || w->map_depth != 0;
    w->here = false;
    return counts && w->value.names ? report(w) : 0;
}

/* Whatever stands outside of strings. */
static void take_byte(struct walk *w, uint8_t c)
{
    switch (c) {
    case '{':
    case '[':
        w->depth++;
        if (w->here && w->map_depth == 0)
            w->map_depth = w->depth;
        w->here = false;
        break;
    case '}':
    case ']':
        if (w->depth == w->map_depth)
            w->map_depth = 0;
        w->depth -= w->depth > 0;
        w->here = false;
        break;
    case ',':
        w->here = false;
        break;
    default:
        break;
    }
}

int hg_auto_map_scan(const struct hg_scan_input *in, struct hg_findings *out)
{
    struct walk w = {.out = out};
    struct reader r = {in->bytes, in->bytes + in->size, in->bytes, 1};
    int rc = 0;
    own_repository(in->name != NULL ? in->name : "", w.own, sizeof w.own);
    while (rc == 0 && r.at < r.end) {
        uint8_t c = *r.at++;
        if (c == '"') {
            rc = take_string(&w, &r);
        } else if (c == '\n') {
            r.line++;
            r.line_start = r.at;
        } else {
            take_byte(&w, c);
        }
    }
    return rc;
}
