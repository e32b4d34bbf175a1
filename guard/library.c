/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/library.h"

#include "guard/text.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int hg_library_find(char *out, size_t size, struct hg_error *err)
{
    static const char *const places[] = {"libhubguard.so", "../lib/hubguard/libhubguard.so"};
    char dir[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", dir, sizeof dir - 1);
    if (n <= 0)
        return hg_error_set(err, -ENOENT, "/proc is not mounted: the place of libhubguard.so is unknown");
    dir[n] = '\0';
    *strrchr(dir, '/') = '\0';
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char spelled[PATH_MAX + 64], real[PATH_MAX];
        (void)snprintf(spelled, sizeof spelled, "%s/%s", dir, places[i]);
        if (realpath(spelled, real) != NULL && access(real, R_OK) == 0 && strlen(real) < size) {
            memcpy(out, real, strlen(real) + 1);
            return 0;
        }
    }
    return hg_error_set(err, -ENOENT, "libhubguard.so is neither in %.200s nor in ../lib/hubguard of it",
                        dir);
}

int hg_library_preload(const char *library, struct hg_error *err)
{
    if (strpbrk(library, ": \t\n") != NULL)
        return hg_error_set(err, -EINVAL, "%s: a path with a space or colon cannot be preloaded", library);
    const char *old = getenv("LD_PRELOAD");
    size_t size = strlen(library) + (old == NULL ? 0 : strlen(old)) + 2;
    char *value = malloc(size);
    if (value == NULL)
        return hg_error_set(err, -ENOMEM, "out of memory");
    (void)snprintf(value, size, "%s%s%s", library, old != NULL && *old != '\0' ? ":" : "",
                   old == NULL ? "" : old);
    int rc = setenv("LD_PRELOAD", value, 1) != 0 ? -errno : 0;
    free(value);
    return rc == 0 ? 0 : hg_error_set(err, rc, "LD_PRELOAD cannot be set: %s", strerror(-rc));
}

static bool in_path(const char *program)
{
    const char *dir = getenv("PATH");
    while (dir != NULL && *dir != '\0') {
        char spelled[PATH_MAX + 16], real[PATH_MAX];
        size_t n = strcspn(dir, ":");
        (void)snprintf(spelled, sizeof spelled, "%.*s/hubguard", n < PATH_MAX ? (int)n : 0, dir);
        if (realpath(spelled, real) != NULL)
            return strcmp(real, program) == 0;
        dir += n + (dir[n] == ':');
    }
    return false;
}

const char *hg_library_approve(const char *cwd, const char *lock, char *out, size_t size)
{
    char program[PATH_MAX], quoted[2 * PATH_MAX], usual[PATH_MAX + 16];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    program[n > 0 ? n : 0] = '\0';
    bool plain = n <= 0 || in_path(program) || hg_text_shell_quote(program, quoted, sizeof quoted) == 0;
    int at = snprintf(out, size, "%s approve", plain ? "hubguard" : quoted);
    (void)snprintf(usual, sizeof usual, "%s/hubguard.lock", cwd == NULL ? "" : cwd);
    if (lock != NULL && strcmp(lock, usual) != 0 && at > 0 && (size_t)at < size &&
        hg_text_shell_quote(lock, quoted, sizeof quoted) != 0)
        (void)snprintf(out + at, size - (size_t)at, " --lock %s", quoted);
    return out;
}
