/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "shim/cage.h"

struct hg_state hg_state;
__thread struct hg_thread hg_thread __attribute__((tls_model("initial-exec")));

static const char *const keep_names[HG_KEEP_COUNT] = {"HUBGUARD_POLICY", "HUBGUARD_MODE", "HUBGUARD_REPORT",
                                                      "HUBGUARD_LOCK"};

void *hg_real(const char *name)
{
    void *f = dlsym(RTLD_NEXT, name);
    if (f == NULL) {
        hg_say("hubguard: the C library lacks ");
        hg_say(name);
        hg_say("; the shim was built for another one. The process ends.\n");
        _exit(126);
    }
    return f;
}

static void keep_environment(void)
{
    for (int i = 0; i < HG_KEEP_COUNT; i++) {
        const char *v = getenv(keep_names[i]);
        if (v == NULL || *v == '\0')
            continue;
        char clean[PATH_MAX];
        /* A relative path must mean the same in a child that changed its directory. */
        if (i != HG_KEEP_MODE && v[0] != '/' && hg_path_clean(v, NULL, clean, sizeof clean) > 0)
            v = clean;
        int n = snprintf(hg_state.keep[i], sizeof hg_state.keep[i], "%s=%s", keep_names[i], v);
        if (n < 0 || (size_t)n >= sizeof hg_state.keep[i])
            hg_state.broken = true;
    }
}

static void find_library(void)
{
    Dl_info info;
    char clean[PATH_MAX];
    if (dladdr((void *)(uintptr_t)&hg_init, &info) == 0 || info.dli_fname == NULL ||
        hg_path_clean(info.dli_fname, NULL, clean, sizeof clean) <= 0) {
        hg_state.broken = true;
        return;
    }
    memcpy(hg_state.library, clean, strlen(clean) + 1);
}

atomic_int hg_initialised;

static void init_once(void)
{
    /* ld.so drops preloads of set-uid programs; where somebody forces us in all the same, we stay out. */
    if (getauxval(AT_SECURE) != 0)
        return;
    const char *dirs = getenv("LD_LIBRARY_PATH");
    (void)snprintf(hg_state.library_path, sizeof hg_state.library_path, "%s", dirs == NULL ? "" : dirs);
    find_library();
    keep_environment();
    hg_guard_init(getenv("HUBGUARD_SOCKET"));
    hg_cage_init(getenv("HUBGUARD_CAGE"));
    hg_state.python = hg_python_attach(RTLD_DEFAULT);
    hg_roots_refresh(NULL);
}

__attribute__((constructor(101))) void hg_init(void)
{
    int zero = 0;
    if (__builtin_expect(atomic_load_explicit(&hg_initialised, memory_order_acquire) != 0, 1))
        return;
    /* Before main() there is one thread; a hook that init_once() itself reaches sees 1 and goes on. */
    if (!atomic_compare_exchange_strong(&hg_initialised, &zero, 1))
        return;
    int saved = errno;
    init_once();
    errno = saved;
}

void hg_python_look(void *handle)
{
    if (!hg_state.python && hg_python_attach(handle))
        hg_state.python = true;
}
