/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "guard/text.h"

#define PATH_SHOWN 512

struct text {
    char *out;
    size_t size, at;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(t->out + t->at, t->size - t->at, fmt, ap);
    va_end(ap);
    if (n > 0)
        t->at += (size_t)n < t->size - t->at ? (size_t)n : t->size - t->at - 1;
}

static void put_foreign(struct text *t, const char *text, size_t most)
{
    char clean[1024];
    (void)hg_text_escape(text, strlen(text), true, clean, most + 1 < sizeof clean ? most + 1 : sizeof clean);
    put(t, "%s", clean);
}

/* "org/name@0123456789ab ", nothing when the repository is not known. */
static void put_repository(struct text *t, const struct hg_origin *o, size_t hash)
{
    if (o->repository[0] == '\0')
        return;
    put_foreign(t, o->repository, 128);
    if (o->revision[0] != '\0') {
        put(t, "@");
        put_foreign(t, o->revision, o->pinned ? hash : 64);
    }
    put(t, " ");
}

/* "org/name@0123456789ab file.py:12", as far as it is known. */
static void put_place(struct text *t, const struct hg_message *m)
{
    const struct hg_origin *o = m->origin;
    put_repository(t, o, 12);
    put_foreign(t, o->file[0] != '\0' ? o->file : m->path[0] != '\0' ? m->path : "(no file)", PATH_SHOWN);
    const struct hg_finding *cause = m->decision->cause;
    if (cause != NULL && cause->line != 0)
        put(t, ":%u", cause->line);
}

static void put_cwe(struct text *t, const struct hg_finding *f)
{
    for (size_t i = 0; i < HG_CWE_MAX && f->cwe[i] != 0; i++)
        put(t, "%sCWE-%u", i == 0 ? " (" : ", ", f->cwe[i]);
    if (f->cwe[0] != 0)
        put(t, ")");
}

static void put_finding(struct text *t, const struct hg_finding *f)
{
    put(t, "  %s ", f->rule);
    put_foreign(t, f->message, 300);
    put_cwe(t, f);
    put(t, "\n  severity %s, reach %s", hg_severity_name(f->severity), hg_reach_name(f->reach));
    if (f->layers != NULL) {
        put(t, ", inside ");
        put_foreign(t, f->layers, 80);
    }
    put(t, "\n");
    if (f->evidence != NULL && f->evidence[0] != '\0') {
        put(t, "  evidence: ");
        put_foreign(t, f->evidence, 160);
        put(t, "\n");
    }
}

static void put_approve(struct text *t, const struct hg_message *m)
{
    char quoted[PATH_SHOWN + 16];
    size_t length = strlen(m->path);
    bool by_path = length > 0 && length < PATH_SHOWN && hg_text_is_clean(m->path, length) &&
                   hg_text_shell_quote(m->path, quoted, sizeof quoted) != 0;
    if (m->sha256[0] != '\0')
        put(t, "  to allow exactly these bytes: %s %s\n", m->approve, by_path ? quoted : m->sha256);
}

size_t hg_message_block(const struct hg_message *m, char *out, size_t size)
{
    struct text t = {out, size, 0};
    const struct hg_finding *cause = m->decision->cause;
    put(&t, "hubguard: blocked ");
    put_place(&t, m);
    put(&t, "\n");
    if (cause != NULL)
        put_finding(&t, cause);
    put(&t, "  why: %s\n", m->decision->reason);
    size_t total = m->findings->count + m->findings->dropped;
    size_t more = cause != NULL ? total - 1 : total;
    if (more != 0)
        put(&t, "  %zu %sfinding%s in this file\n", more, cause != NULL ? "more " : "", more == 1 ? "" : "s");
    put_approve(&t, m);
    return t.at;
}

size_t hg_message_warning(const struct hg_message *m, char *out, size_t size)
{
    struct text t = {out, size, 0};
    const struct hg_finding *cause = m->decision->cause;
    bool observed = m->decision->outcome == HG_OUT_WOULD_BLOCK;
    put(&t, "hubguard: %s ", observed ? "would block (mode = observe)" : "warning:");
    put_place(&t, m);
    put(&t, ": ");
    if (cause != NULL) {
        put(&t, "%s ", cause->rule);
        put_foreign(&t, cause->message, 200);
        put_cwe(&t, cause);
    } else {
        put(&t, "%s", m->decision->reason);
    }
    put(&t, "%s\n", observed ? "" : "; allowed");
    return t.at;
}

size_t hg_message_act(const struct hg_act_message *m, char *out, size_t size)
{
    struct text t = {out, size, 0};
    put(&t, "hubguard: ");
    if (m->origin == NULL) {
        put(&t, "remote code");
    } else {
        put_repository(&t, m->origin, 7);
        put_foreign(&t, m->origin->file[0] != '\0' ? m->origin->file : "(no file)", PATH_SHOWN);
        if (m->line != 0)
            put(&t, ":%u", m->line);
    }
    put(&t, " tried to %s ", m->verb);
    put_foreign(&t, m->object[0] != '\0' ? m->object : "something", PATH_SHOWN);
    put(&t, " (");
    put_foreign(&t, m->reason, 200);
    put(&t, ")");
    return t.at;
}
