/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/ini.h"

#include <errno.h>
#include <ini.h>
#include <string.h>

struct reader {
    const char *at, *end;
    const struct hg_ini_handler *handler;
    struct hg_error why;
    int rc;
    unsigned line;
    bool has_key;   /* a key stands above in this section: an indented line continues it */
    bool continued; /* the line that inih has now is indented */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static int fail(struct reader *r, int rc, const char *text)
{
    r->rc = hg_error_set(&r->why, rc, "%s", text);
    return r->rc;
}

static int check_bytes(struct reader *r, const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
            return fail(r, -EINVAL, "a control character or NUL byte");
    return 0;
}

/* The length without comment and blanks at the end; 0 for a line that is all comment. */
static size_t content(const char *line, size_t len)
{
    size_t start = 0;
    while (start < len && is_blank(line[start]))
        start++;
    if (start < len && line[start] == '#')
        return 0;
    for (size_t i = 0; i < len; i++)
        if (line[i] == ';' && (i == start || is_blank(line[i - 1])))
            len = i;
    while (len > 0 && is_blank(line[len - 1]))
        len--;
    return len;
}

static int heading(struct reader *r, const char *line, size_t len)
{
    char name[64];
    const char *close = memchr(line, ']', len);
    r->has_key = false;
    if (close == NULL)
        return fail(r, -EINVAL, "a section without `]`");
    if (close + 1 != line + len)
        return fail(r, -EINVAL, "text behind a section's `]`; put it on a line of its own");
    size_t n = (size_t)(close - line) - 1;
    if (n >= sizeof name)
        return fail(r, -EINVAL, "unknown section, and a long one");
    memcpy(name, line + 1, n);
    name[n] = '\0';
    r->rc = r->handler->section(r->handler->ctx, name, &r->why);
    return r->rc;
}

static int check_line(struct reader *r, const char *line, size_t len, size_t max)
{
    static const char limit[] = "the line is too long; a list goes on over indented lines";
    if (len == 0)
        return 0;
    if (len > max)
        return fail(r, -EINVAL, limit);
    if (line[0] == '[')
        return heading(r, line, len);
    if (r->continued && !r->has_key)
        return fail(r, -EINVAL, "an indented line that continues nothing");
    if (!r->continued && memchr(line, '=', len) == NULL && memchr(line, ':', len) == NULL)
        return fail(r, -EINVAL, "neither a [section] nor `key = value`");
    return 0;
}

/* One line for inih, in the manner of fgets. What must not pass ends the input. */
static char *next_line(char *buf, int size, void *stream)
{
    struct reader *r = stream;
    if (r->rc < 0 || r->at == r->end)
        return NULL;
    const char *line = r->at;
    const char *stop = memchr(line, '\n', (size_t)(r->end - line));
    size_t len = (size_t)((stop != NULL ? stop : r->end) - line);
    r->at = stop != NULL ? stop + 1 : r->end;
    r->line++;
    if (len > 0 && stop != NULL && line[len - 1] == '\r')
        len--;
    if (check_bytes(r, line, len) < 0)
        return NULL;
    len = content(line, len);
    r->continued = len > 0 && is_blank(line[0]);
    if (check_line(r, line, len, (size_t)size - 3) < 0)
        return NULL;
    memcpy(buf, line, len);
    memcpy(buf + len, "\n", 2);
    return buf;
}

static int on_item(void *user, const char *section, const char *name, const char *value)
{
    struct reader *r = user;
    struct hg_ini_item item = {section, name, value != NULL ? value : "", r->line, r->continued};
    r->has_key = true;
    if (r->rc == 0)
        r->rc = r->handler->value(r->handler->ctx, &item, &r->why);
    return r->rc == 0;
}

int hg_ini_parse(const char *text, size_t size, const char *name, const struct hg_ini_handler *handler,
                 struct hg_error *err)
{
    struct reader r = {.at = text, .end = text + size, .handler = handler};
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        r.at += 3;
    int bad = ini_parse_stream(next_line, &r, on_item, &r);
    if (r.rc == 0 && bad == -2)
        (void)fail(&r, -ENOMEM, "out of memory");
    if (r.rc == 0 && bad != 0) { /* counted by inih, which sees the same lines */
        r.line = bad > 0 ? (unsigned)bad : r.line;
        (void)fail(&r, -EINVAL, "no INI syntax");
    }
    if (r.rc < 0)
        return hg_error_set(err, r.rc, "%.200s:%u: %.300s", name, r.line, r.why.text);
    return 0;
}
