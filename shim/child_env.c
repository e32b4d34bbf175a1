/* SPDX-License-Identifier: Apache-2.0 */
/* The environment a child gets. Whoever scrubs or changes it, the child is preloaded, finds the guard, and
 * starts with the settings that this process started with. Everything is built in memory of the caller (a
 * stack): a vfork child may run this. */
#include "shim/shim.h"

#include <string.h>

#include "shim/cage.h"

static const char preload[] = "LD_PRELOAD=";

static bool names(const char *entry, const char *assignment)
{
    const char *equals = strchr(assignment, '=');
    size_t n = (size_t)(equals - assignment) + 1;
    return strncmp(entry, assignment, n) == 0;
}

static bool is_ours(const char *entry)
{
    return strncmp(entry, preload, sizeof preload - 1) == 0 || strncmp(entry, "HUBGUARD_", 9) == 0;
}

static const char *find(char *const envp[], const char *assignment)
{
    for (char *const *e = envp; e != NULL && *e != NULL; e++)
        if (names(*e, assignment))
            return *e;
    return NULL;
}

/* Whether an LD_PRELOAD value has our library as one of its entries (separated by colons or spaces,
 * ld.so(8)). */
static bool lists_library(const char *value)
{
    size_t n = strlen(hg_state.library);
    for (const char *at = value; (at = strstr(at, hg_state.library)) != NULL; at += n)
        if ((at == value || strchr(": ", at[-1]) != NULL) && (at[n] == '\0' || strchr(": ", at[n]) != NULL))
            return true;
    return false;
}

struct hg_env_need hg_child_env_need(char *const envp[])
{
    struct hg_env_need need = {.pointers = HG_KEEP_COUNT + 5,
                               .bytes = sizeof preload + sizeof hg_state.library + 1};
    for (char *const *e = envp; e != NULL && *e != NULL; e++)
        need.pointers++;
    const char *old = find(envp, preload);
    if (old != NULL)
        need.bytes += strlen(old);
    return need;
}

char **hg_child_env(char *const envp[], char **pointers, char *bytes)
{
    char **out = pointers;
    const char *old = find(envp, preload);
    if (old != NULL && lists_library(old + sizeof preload - 1)) {
        *out++ = (char *)(uintptr_t)old;
    } else {
        strcpy(bytes, preload);
        strcat(bytes, hg_state.library);
        if (old != NULL && old[sizeof preload - 1] != '\0') {
            strcat(bytes, ":");
            strcat(bytes, old + sizeof preload - 1);
        }
        *out++ = bytes;
    }
    for (char *const *e = envp; e != NULL && *e != NULL; e++)
        if (!is_ours(*e))
            *out++ = *e;
    for (int i = 0; i < HG_KEEP_COUNT; i++)
        if (hg_state.keep[i][0] != '\0')
            *out++ = hg_state.keep[i];
    const char *guard = hg_guard_env();
    if (guard != NULL)
        *out++ = (char *)(uintptr_t)guard;
    const char *cage = hg_cage_env();
    if (cage != NULL)
        *out++ = (char *)(uintptr_t)cage;
    if (hg_state.roots_env[0] != '\0')
        *out++ = hg_state.roots_env;
    *out = NULL;
    return pointers;
}
