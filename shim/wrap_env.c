/* SPDX-License-Identifier: Apache-2.0 */
/* A script that sets HF_HOME before it imports transformers moves the caches: the roots follow. Roots are
 * only ever added. */
#include "shim/shim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void changed(const char *name)
{
    if (hg_state.python && name != NULL)
        hg_roots_refresh(name);
}

HG_EXPORT int setenv(const char *name, const char *value, int overwrite)
{
    static int (*real)(const char *, const char *, int);
    if (__builtin_expect(real == NULL, 0))
        real = (int (*)(const char *, const char *, int))hg_real("setenv");
    int r = real(name, value, overwrite);
    changed(name);
    return r;
}

HG_EXPORT int unsetenv(const char *name)
{
    static int (*real)(const char *);
    if (__builtin_expect(real == NULL, 0))
        real = (int (*)(const char *))hg_real("unsetenv");
    int r = real(name);
    changed(name);
    return r;
}

HG_EXPORT int putenv(char *text)
{
    static int (*real)(char *);
    if (__builtin_expect(real == NULL, 0))
        real = (int (*)(char *))hg_real("putenv");
    int r = real(text);
    char name[64];
    size_t n = strcspn(text, "=");
    if (n < sizeof name) {
        memcpy(name, text, n);
        name[n] = '\0';
        changed(name);
    }
    return r;
}
