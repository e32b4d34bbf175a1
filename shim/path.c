/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as text and as the kernel walks them. libc only, no malloc: this runs on the open() path. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "shim/roots.h"

/* The kernel's own bound on links in one look-up (path_resolution(7)). */
#define LINKS_MAX 40

/* A clean path while it grows: `len` bytes without a trailing slash, so "" is the root directory. */
struct clean {
    char *out;
    size_t size, len;
};

static int clean_push(struct clean *c, const char *name, size_t len)
{
    if (len == 0 || (len == 1 && name[0] == '.'))
        return 0;
    if (len == 2 && name[0] == '.' && name[1] == '.') {
        while (c->len > 0 && c->out[--c->len] != '/')
            ;
        return 0;
    }
    if (c->len + 1 + len + 1 > c->size)
        return -ENAMETOOLONG;
    c->out[c->len++] = '/';
    memcpy(c->out + c->len, name, len);
    c->len += len;
    return 0;
}

static int clean_append(struct clean *c, const char *text)
{
    while (*text != '\0') {
        const char *end = strchrnul(text, '/');
        int rc = clean_push(c, text, (size_t)(end - text));
        if (rc < 0)
            return rc;
        text = *end == '/' ? end + 1 : end;
    }
    return 0;
}

static int clean_finish(struct clean *c)
{
    if (c->len == 0)
        c->out[c->len++] = '/';
    c->out[c->len] = '\0';
    return (int)c->len;
}

/* Kept apart so that the common case, an absolute path, has no PATH_MAX buffer on its stack. */
static __attribute__((noinline)) int clean_append_cwd(struct clean *c)
{
    char here[PATH_MAX];
    if (getcwd(here, sizeof here) == NULL)
        return errno == ERANGE ? -ENAMETOOLONG : -errno;
    return clean_append(c, here);
}

bool hg_path_is_clean(const char *path)
{
    if (path[0] != '/' || path[1] == '\0')
        return path[0] == '/';
    for (const char *at = path; at != NULL; at = strchr(at + 1, '/')) {
        const char *rest = at[1] != '.' ? at + 1 : at[2] != '.' ? at + 2 : at + 3;
        if (rest[0] == '/' || rest[0] == '\0')
            return false; /* an empty name, or one of the two that are no names */
    }
    return true;
}

int hg_path_clean(const char *path, const char *cwd, char *out, size_t out_size)
{
    struct clean c = {out, out_size, 0};
    int rc = 0;
    if (out_size < 2)
        return -ENAMETOOLONG;
    if (hg_path_is_clean(path)) {
        size_t len = strlen(path);
        if (len >= out_size)
            return -ENAMETOOLONG;
        memcpy(out, path, len + 1);
        return (int)len;
    }
    if (path[0] != '/')
        rc = cwd != NULL ? clean_append(&c, cwd) : clean_append_cwd(&c);
    if (rc == 0)
        rc = clean_append(&c, path);
    return rc < 0 ? rc : clean_finish(&c);
}

/* What is still to be walked stands at the end of `buf`, so that a link's target can be put in front of it.
 */
struct pending {
    char buf[2 * PATH_MAX];
    size_t at;
};

static int pending_prepend(struct pending *p, const char *text, size_t len)
{
    if (p->at < len + 1)
        return -ENAMETOOLONG;
    p->at -= 1;
    p->buf[p->at] = '/';
    p->at -= len;
    memcpy(p->buf + p->at, text, len);
    return 0;
}

/* Follow the link that `c` ends in, if it is one. `parent` is c's length without the last component. */
static int follow(struct clean *c, size_t parent, struct pending *p, int *links)
{
    char target[PATH_MAX];
    c->out[c->len] = '\0';
    ssize_t n = readlink(c->out, target, sizeof target);
    if (n <= 0)
        return 0; /* no link, not there, or not ours to see: stays as spelled */
    if (n == sizeof target)
        return -ENAMETOOLONG;
    if (++*links > LINKS_MAX)
        return -ELOOP;
    c->len = target[0] == '/' ? 0 : parent;
    return pending_prepend(p, target, (size_t)n);
}

int hg_path_resolve(const char *path, char *out, size_t out_size)
{
    struct clean c = {out, out_size, 0};
    struct pending p;
    int links = 0;

    p.at = sizeof p.buf - 1;
    p.buf[p.at] = '\0';
    if (out_size < 2)
        return -ENAMETOOLONG;
    int rc = pending_prepend(&p, path, strlen(path));
    while (rc == 0 && p.buf[p.at] != '\0') {
        const char *name = p.buf + p.at;
        size_t len = (size_t)(strchrnul(name, '/') - name);
        size_t parent = c.len;
        p.at += len + (name[len] == '/');
        rc = clean_push(&c, name, len);
        if (rc == 0 && c.len > parent)
            rc = follow(&c, parent, &p, &links);
    }
    return rc < 0 ? rc : clean_finish(&c);
}
