/* SPDX-License-Identifier: Apache-2.0 */
/* An extension module whose payload is an ELF constructor: it runs while the dynamic loader maps the file, before Python
 * looks at the module. The module itself is empty; it is declared by hand so that no Python headers are needed. */
#include <stdio.h>
#include <stdlib.h>

struct module_def { /* PyModuleDef of CPython 3.8 and later */
    long refcount;
    void *type, *init;
    long index;
    void *copy;
    const char *name, *doc;
    long size;
    void *methods, *slots, *traverse, *clear, *release;
};

extern void *PyModule_Create2(struct module_def *def, int api);

__attribute__((constructor)) static void payload(void)
{
    const char *path = getenv("GALLERY_CANARY");
    FILE *f = path ? fopen(path, "a") : NULL;
    if (f) {
        fputs("native constructor ran\n", f);
        fclose(f);
    }
}

void *PyInit_fastops(void);
void *PyInit_fastops(void)
{
    static struct module_def def = {.refcount = 1, .name = "fastops", .size = -1};
    return PyModule_Create2(&def, 1013);
}
