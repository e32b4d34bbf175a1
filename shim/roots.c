/* SPDX-License-Identifier: Apache-2.0 */
/* The guarded roots: the loaders' own rules for where their caches are, as a table, and the look-up on
 * open(). */
#include "shim/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How a loader treats a value: Python's os.path.expanduser, and then perhaps os.path.expandvars. */
enum expand { AS_IS = 0, USER, USER_VARS };

enum place_id {
    P_HOME,
    P_CACHE,
    P_XDG,
    P_HF_HOME,
    P_HUB_LEGACY,
    P_HUB,
    P_BERT,
    P_PYTORCH,
    P_TRANSFORMERS,
    P_MODULES,
    P_KERNELS_OLD,
    P_KERNELS,
    P_SENTENCE,
    P_TILDE_CACHE,
    P_TILDE_XDG,
    P_HF_HOME_PLAIN,
    P_HUB_PLAIN,
    P_MODULES_PLAIN,
    P_TORCH_HOME,
    P_TORCH_HUB,
    P_COUNT
};

/* One assignment of a loader: `variable` when it is set (an empty value is a value), else the place `base`
 * (or the text `literal`) with `suffix` joined; then expanded. With `guarded` the result is a root. */
struct place {
    const char *variable, *literal, *suffix;
    enum place_id base;
    enum expand expand;
    enum hg_loader loader;
    bool guarded;
};

/* Sources: huggingface_hub/constants.py (default_home, HF_HOME, HUGGINGFACE_HUB_CACHE, HF_HUB_CACHE);
 * transformers/utils/hub.py (HF_MODULES_CACHE; before 5.0 also the three older cache variables), which
 * diffusers, datasets and evaluate repeat; kernels/_versions.py and utils.py (KERNELS_CACHE);
 * sentence_transformers (SENTENCE_TRANSFORMERS_HOME); torch/hub.py (_get_torch_home, get_dir). The *_PLAIN
 * rows are releases of huggingface_hub and datasets that do not expand variables. */
static const struct place places[P_COUNT] = {
    [P_HOME] = {.literal = "~", .expand = USER},
    [P_CACHE] = {.base = P_HOME, .suffix = ".cache"},
    [P_XDG] = {.variable = "XDG_CACHE_HOME", .base = P_CACHE},
    [P_HF_HOME] = {.variable = "HF_HOME", .base = P_XDG, .suffix = "huggingface", .expand = USER_VARS},
    [P_HUB_LEGACY] = {.variable = "HUGGINGFACE_HUB_CACHE", .base = P_HF_HOME, .suffix = "hub"},
    [P_HUB] = {"HF_HUB_CACHE", NULL, NULL, P_HUB_LEGACY, USER_VARS, HG_LOADER_HF_HUB, true},
    [P_BERT] = {"PYTORCH_PRETRAINED_BERT_CACHE", NULL, NULL, P_HUB, AS_IS, HG_LOADER_HF_HUB, true},
    [P_PYTORCH] = {"PYTORCH_TRANSFORMERS_CACHE", NULL, NULL, P_BERT, AS_IS, HG_LOADER_HF_HUB, true},
    [P_TRANSFORMERS] = {"TRANSFORMERS_CACHE", NULL, NULL, P_PYTORCH, AS_IS, HG_LOADER_HF_HUB, true},
    [P_MODULES] = {"HF_MODULES_CACHE", NULL, "modules", P_HF_HOME, AS_IS, HG_LOADER_HF_MODULES, true},
    [P_KERNELS_OLD] = {"HF_KERNELS_CACHE", NULL, NULL, P_HUB, AS_IS, HG_LOADER_HF_HUB, true},
    [P_KERNELS] = {"KERNELS_CACHE", NULL, NULL, P_HUB, AS_IS, HG_LOADER_HF_HUB, true},
    [P_SENTENCE] = {"SENTENCE_TRANSFORMERS_HOME", NULL, NULL, P_HUB, AS_IS, HG_LOADER_HF_HUB, true},
    [P_TILDE_CACHE] = {.literal = "~/.cache"},
    [P_TILDE_XDG] = {.variable = "XDG_CACHE_HOME", .base = P_TILDE_CACHE},
    [P_HF_HOME_PLAIN] = {.variable = "HF_HOME", .base = P_TILDE_XDG, .suffix = "huggingface", .expand = USER},
    [P_HUB_PLAIN] = {NULL, NULL, "hub", P_HF_HOME_PLAIN, USER, HG_LOADER_HF_HUB, true},
    [P_MODULES_PLAIN] = {NULL, NULL, "modules", P_HF_HOME_PLAIN, AS_IS, HG_LOADER_HF_MODULES, true},
    [P_TORCH_HOME] = {.variable = "TORCH_HOME", .base = P_TILDE_XDG, .suffix = "torch", .expand = USER},
    [P_TORCH_HUB] = {NULL, NULL, "hub", P_TORCH_HOME, AS_IS, HG_LOADER_TORCH_HUB, true},
};

#define EXTRA_VARIABLE "HUBGUARD_ROOTS"

const char *hg_loader_name(enum hg_loader loader)
{
    static const char *const names[HG_LOADER_COUNT] = {
        [HG_LOADER_EXTRA] = "extra",
        [HG_LOADER_HF_HUB] = "huggingface-hub",
        [HG_LOADER_HF_MODULES] = "huggingface-modules",
        [HG_LOADER_TORCH_HUB] = "torch-hub",
    };
    return (unsigned)loader < HG_LOADER_COUNT ? names[loader] : "unknown";
}

int hg_roots_variable(const char *name)
{
    if (strcmp(name, "HOME") == 0 || strcmp(name, EXTRA_VARIABLE) == 0)
        return 1;
    for (size_t i = 0; i < P_COUNT; i++)
        if (places[i].variable != NULL && strcmp(name, places[i].variable) == 0)
            return 1;
    return 0;
}

/* --- the set --- */

static void key_insert(struct hg_roots *roots, unsigned short slot)
{
    const struct hg_root *root = &roots->items[slot];
    struct hg_root_key key = {.len = root->len, .slot = slot};
    size_t tail = root->len < sizeof key.tail ? root->len : sizeof key.tail;
    memcpy(key.tail, root->path + root->len - tail, tail);

    size_t at = roots->count;
    for (; at > 0 && roots->keys[at - 1].len < key.len; at--)
        roots->keys[at] = roots->keys[at - 1];
    roots->keys[at] = key;
}

static int insert(struct hg_roots *roots, const char *path, size_t len, enum hg_loader loader)
{
    if (len == 1)
        len = 0; /* "/" */
    for (size_t i = 0; i < roots->count; i++)
        if (strcmp(roots->items[i].path, path) == 0)
            return 0;
    if (roots->count == HG_ROOTS_MAX) {
        roots->overflow = 1;
        return -ENOSPC;
    }
    struct hg_root *root = &roots->items[roots->count];
    memcpy(root->path, path, len > 0 ? len + 1 : 2);
    root->len = (unsigned short)len;
    root->loader = (unsigned char)loader;
    key_insert(roots, (unsigned short)roots->count);
    if (roots->count == 0)
        roots->common = len;
    size_t same = 0;
    while (same < roots->common && same < len && roots->items[0].path[same] == path[same])
        same++;
    roots->common = same;
    roots->count++;
    return 0;
}

int hg_roots_add(struct hg_roots *roots, const char *path, enum hg_loader loader)
{
    char whole[PATH_MAX], found[PATH_MAX];
    if (path == NULL)
        return -EINVAL;
    size_t at = 0, len = strlen(path);
    if (path[0] != '/') {
        roots->relative = 1;
        if (getcwd(whole, sizeof whole) == NULL)
            return -EINVAL;
        at = strlen(whole);
        whole[at++] = '/';
    }
    if (at + len >= sizeof whole)
        return -ENAMETOOLONG;
    memcpy(whole + at, path, len + 1);

    int n = hg_path_clean(whole, NULL, found, sizeof found);
    int rc = n < 0 ? n : insert(roots, found, (size_t)n, loader);
    if (rc < 0)
        return rc;
    /* From the uncleaned text: the kernel goes up from where a link led, not from where it stands. A loop of
     * links holds no file, so its spelling is enough. */
    n = hg_path_resolve(whole, found, sizeof found);
    if (n < 0)
        return n == -ELOOP ? 0 : n;
    return insert(roots, found, (size_t)n, loader);
}

const struct hg_root *hg_roots_match(const struct hg_roots *roots, const char *path)
{
    if (roots->count == 0 || strncmp(path, roots->items[0].path, roots->common) != 0)
        return NULL;
    size_t len = strlen(path);
    for (size_t i = 0; i < roots->count; i++) {
        const struct hg_root_key *key = &roots->keys[i];
        if (len < key->len || (path[key->len] != '/' && path[key->len] != '\0'))
            continue;
        size_t tail = key->len < sizeof key->tail ? key->len : sizeof key->tail;
        if (memcmp(path + key->len - tail, key->tail, tail) == 0 &&
            memcmp(path, roots->items[key->slot].path, key->len) == 0)
            return &roots->items[key->slot];
    }
    return NULL;
}

/* --- the environment as Python reads it --- */

struct resolver {
    struct hg_roots *roots;
    hg_getenv_fn *env;
    void *ctx;
};

/* Text under construction; `bad` once it did not fit. */
struct text {
    char data[PATH_MAX];
    size_t len;
    bool bad;
};

static void text_add(struct text *t, const char *bytes, size_t len)
{
    if (t->bad || len >= sizeof t->data - t->len) {
        t->bad = true;
        return;
    }
    memcpy(t->data + t->len, bytes, len);
    t->len += len;
    t->data[t->len] = '\0';
}

static void text_set(struct text *t, const char *value)
{
    t->len = 0;
    t->bad = false;
    t->data[0] = '\0';
    text_add(t, value, strlen(value));
}

/* Field `index` of one line of passwd(5), as a span. */
static const char *passwd_field(const char *line, size_t len, int index, size_t *out_len)
{
    const char *end = line + len;
    for (; index > 0; index--) {
        line = memchr(line, ':', (size_t)(end - line));
        if (line == NULL)
            return NULL;
        line++;
    }
    const char *stop = memchr(line, ':', (size_t)(end - line));
    *out_len = (size_t)((stop != NULL ? stop : end) - line);
    return line;
}

static bool is_number(const char *text, size_t len, unsigned long wanted)
{
    unsigned long n = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || n > 0xffffffffUL)
            return false;
        n = n * 10 + (unsigned long)(text[i] - '0');
    }
    return len > 0 && n == wanted;
}

/* The home of user `name`, or of the real user when name is NULL, appended to *out when this line is theirs.
 */
static bool passwd_line(const char *line, size_t len, const char *name, size_t name_len, struct text *out)
{
    size_t n, home_len;
    const char *field = passwd_field(line, len, name != NULL ? 0 : 2, &n);
    const char *home = passwd_field(line, len, 5, &home_len);
    if (field == NULL || home == NULL)
        return false;
    if (name != NULL ? n != name_len || memcmp(field, name, n) != 0 : !is_number(field, n, getuid()))
        return false;
    text_add(out, home, home_len);
    return true;
}

/* Raw system calls for open: the shim interposes the libc's. */
static bool passwd_home(const char *name, size_t name_len, struct text *out)
{
    char buf[4096];
    size_t have = 0;
    bool found = false;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    for (int round = 0; round < 1024 && !found; round++) { /* 4 MiB of it are enough */
        ssize_t n = syscall(SYS_read, fd, buf + have, sizeof buf - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        have += (size_t)n;
        char *line = buf, *end;
        while (!found && (end = memchr(line, '\n', have - (size_t)(line - buf))) != NULL) {
            found = passwd_line(line, (size_t)(end - line), name, name_len, out);
            line = end + 1;
        }
        have -= (size_t)(line - buf);
        if (have == sizeof buf)
            have = 0; /* no user has a line this long */
        memmove(buf, line, have);
    }
    if (!found && have > 0 && have < sizeof buf)
        found = passwd_line(buf, have, name, name_len, out);
    (void)syscall(SYS_close, fd);
    return found;
}

/* posixpath.expanduser: an unknown user leaves the text as it is. */
static void expand_user(struct resolver *r, struct text *t)
{
    if (t->data[0] != '~')
        return;
    struct text out;
    size_t name_len = (size_t)(strchrnul(t->data, '/') - t->data) - 1;
    const char *home = name_len == 0 ? r->env("HOME", r->ctx) : NULL;
    text_set(&out, home != NULL ? home : "");
    if (home == NULL && !passwd_home(name_len > 0 ? t->data + 1 : NULL, name_len, &out)) {
        r->roots->unknown_home = 1;
        return;
    }
    while (out.len > 0 && out.data[out.len - 1] == '/')
        out.data[--out.len] = '\0';
    text_add(&out, t->data + 1 + name_len, t->len - 1 - name_len);
    if (out.len == 0)
        text_add(&out, "/", 1);
    *t = out;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Length of the reference that `s`, at a `$`, begins with: $name or ${name}; 0 when it is none. */
static size_t reference(const char *s, const char **name, size_t *name_len)
{
    if (s[1] == '{') {
        const char *end = strchr(s + 2, '}');
        if (end == NULL)
            return 0;
        *name = s + 2;
        *name_len = (size_t)(end - *name);
        return *name_len + 3;
    }
    *name = s + 1;
    *name_len = 0;
    while (is_word((*name)[*name_len]))
        ++*name_len;
    return *name_len > 0 ? *name_len + 1 : 0;
}

/* posixpath.expandvars: one pass, what is not set stays. */
static void expand_vars(struct resolver *r, struct text *t)
{
    if (strchr(t->data, '$') == NULL)
        return;
    r->roots->expands = 1;
    struct text out, key;
    text_set(&out, "");
    for (const char *s = t->data; *s != '\0';) {
        const char *name;
        size_t name_len, len = *s == '$' ? reference(s, &name, &name_len) : 0;
        const char *value = NULL;
        if (len > 0) {
            text_set(&key, "");
            text_add(&key, name, name_len);
            value = r->env(key.data, r->ctx);
        }
        if (value != NULL)
            text_add(&out, value, strlen(value));
        else
            text_add(&out, s, len > 0 ? len : 1);
        s += len > 0 ? len : 1;
    }
    *t = out;
}

static void join(struct text *t, const char *suffix)
{
    if (t->len > 0 && t->data[t->len - 1] != '/')
        text_add(t, "/", 1);
    text_add(t, suffix, strlen(suffix));
}

/* Go down the chain of bases to a text that is there, then come back up, joining and expanding. */
static void evaluate(struct resolver *r, enum place_id id, struct text *t)
{
    enum place_id chain[P_COUNT];
    size_t depth = 0;
    const char *value;
    for (;; id = places[id].base) {
        chain[depth++] = id;
        const struct place *p = &places[id];
        value = p->variable != NULL ? r->env(p->variable, r->ctx) : NULL;
        if (value == NULL)
            value = p->literal;
        if (value != NULL)
            break;
    }
    text_set(t, value);
    for (bool inner = true; depth > 0; inner = false) {
        const struct place *p = &places[chain[--depth]];
        if (!inner && p->suffix != NULL)
            join(t, p->suffix);
        if (p->expand != AS_IS)
            expand_user(r, t);
        if (p->expand == USER_VARS)
            expand_vars(r, t);
    }
}

static int add_text(struct hg_roots *roots, const struct text *t, enum hg_loader loader)
{
    int rc = t->bad ? -ENAMETOOLONG : hg_roots_add(roots, t->data, loader);
    if (rc < 0)
        roots->overflow = 1;
    return rc < 0 ? -ENOSPC : 0;
}

static int add_extra(struct resolver *r)
{
    struct text t;
    int worst = 0;
    const char *list = r->env(EXTRA_VARIABLE, r->ctx);
    while (list != NULL && *list != '\0') {
        size_t len = (size_t)(strchrnul(list, ':') - list);
        if (len > 0) {
            text_set(&t, "");
            text_add(&t, list, len);
            expand_user(r, &t);
            if (add_text(r->roots, &t, HG_LOADER_EXTRA) < 0)
                worst = -ENOSPC;
        }
        list += len + (list[len] == ':');
    }
    return worst;
}

int hg_roots_resolve(struct hg_roots *roots, hg_getenv_fn *env, void *ctx)
{
    struct resolver r = {roots, env, ctx};
    struct text t;
    int worst = 0;
    for (enum place_id id = 0; id < P_COUNT; id++) {
        if (!places[id].guarded)
            continue;
        evaluate(&r, id, &t);
        if (add_text(roots, &t, places[id].loader) < 0)
            worst = -ENOSPC;
    }
    return add_extra(&r) < 0 ? -ENOSPC : worst;
}
