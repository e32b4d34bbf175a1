/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the guarded roots of this environment, "loader<TAB>path" a line, then the flags: what tests compare
 * with the loaders' own constants. With arguments: prints for each path the root that holds it, or "-". */
#include <stdio.h>
#include <stdlib.h>

#include "shim/roots.h"

static const char *process_env(const char *name, void *ctx)
{
    (void)ctx;
    return getenv(name);
}

int main(int argc, char **argv)
{
    static struct hg_roots roots;
    int rc = hg_roots_resolve(&roots, process_env, NULL);
    for (size_t i = 0; argc == 1 && i < roots.count; i++)
        (void)printf("%s\t%s\n", hg_loader_name(roots.items[i].loader), roots.items[i].path);
    if (argc == 1)
        (void)printf("flags\toverflow=%d relative=%d expands=%d unknown_home=%d rc=%d\n", roots.overflow,
                     roots.relative, roots.expands, roots.unknown_home, rc);
    for (int i = 1; i < argc; i++) {
        const struct hg_root *root = hg_roots_match(&roots, argv[i]);
        (void)printf("%s\n", root != NULL ? root->path : "-");
    }
    return 0;
}
