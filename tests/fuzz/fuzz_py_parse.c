/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding and parsing of arbitrary bytes; the first byte chooses whether a cookie counts. No node may be
 * reached twice from the module, or walking the tree would not end. */
#include <stdlib.h>

#include "scanner/py_ast.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct py_tree *t)
{
    uint8_t *seen = calloc(t->count + 1, 1);
    py_node *stack = calloc(t->count + 1, sizeof *stack);
    size_t n = 0;

    if (seen == NULL || stack == NULL)
        abort();
    if (t->count != 0)
        stack[n++] = t->module;
    while (n > 0) {
        const py_node at = stack[--n];
        const struct py_nodedata *d = py_at(t, at);

        if (d->kind >= PY_KIND_COUNT || d->first >= t->count || d->next >= t->count || seen[at]++ != 0)
            abort();
        if (d->next != 0)
            stack[n++] = d->next;
        if (d->first != 0)
            stack[n++] = d->first;
    }
    free(seen);
    free(stack);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct py_tree tree;
    struct py_error err;
    char *text;
    size_t text_size;

    if (size == 0 || py_source_decode(data + 1, size - 1, data[0] & 1, &text, &text_size, &err) != 0)
        return 0;
    py_parse(text, text_size, &tree, &err);
    check(&tree);
    py_tree_free(&tree);
    free(text);
    return 0;
}
