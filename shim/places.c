/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/places.h"

#include <string.h>

static bool below(const char *place, size_t n, const char *path)
{
    while (n > 1 && place[n - 1] == '/')
        n--;
    if (n == 0 || place[0] != '/')
        return false;
    return n == 1 || (strncmp(path, place, n) == 0 && (path[n] == '\0' || path[n] == '/'));
}

bool hg_place_holds(const char *text, char kind, const char *path)
{
    if (path[0] != '/')
        return false;
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        if (n > 1 && text[0] == kind && below(text + 1, n - 1, path))
            return true;
        text += n + (text[n] == '\n');
    }
    return false;
}
