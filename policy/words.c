/* SPDX-License-Identifier: Apache-2.0 */
/* What is a word of [exec] [net] [fs] [syscalls] and [roots]. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "policy/syscall_groups.h"
#include "policy/values.h"
#include "shim/roots.h"

static bool is_one_of(const char *word, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp(word, *names) == 0)
            return true;
    return false;
}

int hg_word_path(char **word, struct hg_error *err)
{
    char clean[PATH_MAX];
    char *path = hg_home_expand(*word);
    if (path == NULL)
        return hg_error_set(err, -ENOMEM, "does not fit in memory");
    /* Not from the working directory: a repository may have filled it. */
    if (path[0] != '/') {
        free(path);
        return hg_error_set(err, -EINVAL, "is not an absolute path (begin with / or ~/)");
    }
    int rc = hg_path_clean(path, NULL, clean, sizeof clean);
    free(path);
    if (rc < 0)
        return hg_error_set(err, -EINVAL, "is too long for a path");
    path = strdup(clean);
    if (path == NULL)
        return hg_error_set(err, -ENOMEM, "does not fit in memory");
    free(*word);
    *word = path;
    return 0;
}

static const char *name_of(const void *table, size_t i)
{
    return ((const char *const *)table)[i];
}

/* One of the words, or a path; the complaint about anything else names the words. */
static int word_or_path(char **word, const char *const *names, struct hg_error *err)
{
    size_t count = 0;
    if (is_one_of(*word, names))
        return 0;
    if ((*word)[0] == '/' || (*word)[0] == '~')
        return hg_word_path(word, err);
    while (names[count] != NULL)
        count++;
    const char *near = hg_nearest(*word, name_of, names, count);
    return hg_error_set(err, -EINVAL, "is neither a known word nor an absolute path%s%s%s",
                        near != NULL ? "; did you mean `" : "", near != NULL ? near : "",
                        near != NULL ? "`?" : "");
}

int hg_word_exec(char **word, struct hg_error *err)
{
    static const char *const names[] = {"python", "none", NULL};
    return word_or_path(word, names, err);
}

int hg_word_write(char **word, struct hg_error *err)
{
    static const char *const names[] = {"cwd", "tmp", "cache", NULL};
    return word_or_path(word, names, err);
}

int hg_word_read(char **word, struct hg_error *err)
{
    static const char *const names[] = {"any", NULL};
    return word_or_path(word, names, err);
}

/* --- network
 * ------------------------------------------------------------------------------------------------- */

/* The number that `text` is, without leading zeros; -1 when it is none or out of the range. */
static int decimal(const char *text, int min, int max)
{
    int n = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits] != '\0' || (digits > 1 && text[0] == '0'))
        return -1;
    for (size_t i = 0; i < digits; i++)
        n = n * 10 + (text[i] - '0');
    return n >= min && n <= max ? n : -1;
}

/* Labels of letters, digits and inner hyphens, as RFC 1123 has them; `_` too, which private names use. */
static bool is_host_name(const char *text)
{
    static const char label[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    if (strlen(text) > 253 || *text == '\0')
        return false;
    for (;;) {
        size_t n = strspn(text, label);
        if (n == 0 || n > 63 || text[0] == '-' || text[n - 1] == '-')
            return false;
        if (text[n] == '\0')
            /* 10.0.0 and 1e100 look like the one but are the other: a last label of digits is an address gone
             * wrong */
            return strspn(text, "0123456789") != n;
        if (text[n] != '.')
            return false;
        text += n + 1;
    }
}

/* The address with its bits below the prefix clear, so that 10.0.0.1/8 is not taken for one host. */
static bool is_network(const char *address, const char *bits)
{
    unsigned char raw[16];
    size_t size = inet_pton(AF_INET, address, raw) == 1 ? 4 : inet_pton(AF_INET6, address, raw) == 1 ? 16 : 0;
    if (size == 0)
        return false;
    if (bits == NULL)
        return true;
    int prefix = decimal(bits, 0, (int)size * 8);
    if (prefix < 0)
        return false;
    for (size_t bit = (size_t)prefix; bit < size * 8; bit++)
        if ((raw[bit / 8] >> (7 - bit % 8)) & 1)
            return false;
    return true;
}

static bool is_endpoint(char *host)
{
    if (host[0] == '*')
        return host[1] == '.' && is_host_name(host + 2);
    char *slash = strchr(host, '/');
    if (slash != NULL)
        *slash = '\0';
    return is_network(host, slash != NULL ? slash + 1 : NULL) || (slash == NULL && is_host_name(host));
}

/* Cut the port off `text` and the brackets off an IPv6 address, in place. False when there is a port and it
 * is none. */
static bool split_port(char *text, char **host)
{
    char *port = NULL, *colon = strchr(text, ':');
    *host = text;
    if (text[0] == '[') {
        char *end = strchr(text, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':'))
            return false;
        port = end[1] == ':' ? end + 2 : NULL;
        *end = '\0';
        *host = text + 1;
    } else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
        port = colon + 1;
        *colon = '\0';
    }
    return port == NULL || decimal(port, 1, 65535) > 0;
}

int hg_word_net(char **word, struct hg_error *err)
{
    static const char *const names[] = {"hub", "none", "any", NULL};
    char *host;
    if (is_one_of(*word, names))
        return 0;
    char *copy = strdup(*word);
    if (copy == NULL)
        return hg_error_set(err, -ENOMEM, "does not fit in memory");
    bool good = split_port(copy, &host) && is_endpoint(host);
    free(copy);
    if (!good)
        return hg_error_set(
            err, -EINVAL,
            "is none of hub, none, any, HOST[:PORT], *.DOMAIN[:PORT], CIDR[:PORT] (IPv6 with a port: "
            "[2001:db8::]:443; in a CIDR the bits behind the prefix are 0)");
    return 0;
}

/* --- system calls
 * -------------------------------------------------------------------------------------------- */

static const char *group_name(const void *table, size_t i)
{
    (void)table;
    return hg_syscall_group_name(i);
}

static int syscall_word(const char *word, struct hg_error *err)
{
    size_t count = 0;
    if (word[0] != '@') {
        if (seccomp_syscall_resolve_name(word) == __NR_SCMP_ERROR)
            return hg_error_set(err, -EINVAL, "is no system call that libseccomp knows");
        return 0;
    }
    for (; hg_syscall_group_name(count) != NULL; count++)
        if (strcmp(hg_syscall_group_name(count), word) == 0)
            return 0;
    const char *near = hg_nearest(word, group_name, NULL, count);
    return hg_error_set(err, -EINVAL, "is no group of system calls%s%s%s",
                        near != NULL ? "; did you mean `" : "", near != NULL ? near : "",
                        near != NULL ? "`?" : "");
}

int hg_word_syscall_allow(char **word, struct hg_error *err)
{
    int rc = syscall_word(*word, err);
    if (rc == 0 && hg_syscall_core(*word))
        return hg_error_set(err, -EINVAL, "would undo the cage and cannot be allowed");
    return rc;
}

int hg_word_syscall_deny(char **word, struct hg_error *err)
{
    if (strcmp(*word, "connect") == 0)
        return hg_error_set(err, -EINVAL,
                            "is how the guard is reached; write `[net] allow = none`, or deny "
                            "`socket`");
    if (strcmp(*word, "set_tid_address") == 0 || strcmp(*word, "arch_prctl") == 0)
        return hg_error_set(err, -EINVAL,
                            "is made at the start of every program; write `[exec] allow = none`");
    return syscall_word(*word, err);
}
