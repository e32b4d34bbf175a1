/* SPDX-License-Identifier: Apache-2.0 */
/* dump_calls [FILE...]: what the Python front end makes of the files, for oracle.py to compare with CPython.
 * Without arguments the names are read from standard input, one a line. Output, one record a line:
 *   F path            a file begins
 *   C line name       a call; the chain of names as written, ? for a base that is no name
 *   I line name       the same, inside an f-string
 *   S hash            a string or bytes literal outside f-strings: FNV-1a of its value, of a long one that of
 *                     its first and last 32 bytes and its length
 *   E code line text  the file was not accepted */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/py_ast.h"

static char *slurp(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    char *data = NULL;
    long n;

    *size = 0;
    if (f == NULL)
        return NULL;
    if (fseek(f, 0, SEEK_END) == 0 && (n = ftell(f)) >= 0 && fseek(f, 0, SEEK_SET) == 0 &&
        (data = malloc((size_t)n + 1)) != NULL)
        *size = fread(data, 1, (size_t)n, f);
    fclose(f);
    return data;
}

static uint64_t fnv(uint64_t h, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)s[i]) * 0x100000001b3U;
    return h;
}

static uint64_t hash(const struct py_nodedata *d)
{
    const uint64_t h = 0xcbf29ce484222325U;
    char digits[16];

    if (d->text_len <= 64)
        return fnv(h, d->text, d->text_len);
    snprintf(digits, sizeof digits, "%u", d->text_len);
    return fnv(fnv(fnv(h, d->text, 32), d->text + d->text_len - 32, 32), digits, strlen(digits));
}

static void print_name(const struct py_tree *t, py_node n)
{
    enum { MOST = 64 };
    py_node chain[MOST];
    unsigned k = 0;

    for (; py_at(t, n)->kind == PY_ATTRIBUTE && k < MOST; n = py_child(t, n, 0))
        chain[k++] = n;
    if (py_at(t, n)->kind == PY_NAME)
        fwrite(py_at(t, n)->text, 1, py_at(t, n)->text_len, stdout);
    else
        putchar('?');
    while (k-- > 0) {
        putchar('.');
        fwrite(py_at(t, chain[k])->text, 1, py_at(t, chain[k])->text_len, stdout);
    }
    putchar('\n');
}

struct entry {
    py_node node;
    int in_fstring;
};

/* Every node that hangs in the tree, by an explicit stack. */
static void dump(const struct py_tree *t)
{
    struct entry *stack = malloc((t->count + 1) * sizeof *stack);
    size_t n = 0;

    if (stack == NULL)
        exit(1);
    stack[n++] = (struct entry){t->module, 0};
    while (n > 0) {
        const struct entry at = stack[--n];
        const struct py_nodedata *d = py_at(t, at.node);

        if (d->kind == PY_CALL) {
            printf("%c %u ", at.in_fstring ? 'I' : 'C', d->line);
            print_name(t, d->first);
        } else if ((d->kind == PY_STR || d->kind == PY_BYTES) && !at.in_fstring) {
            printf("S %llu\n", (unsigned long long)hash(d));
        }
        if (d->next != 0)
            stack[n++] = (struct entry){d->next, at.in_fstring};
        if (d->first != 0)
            stack[n++] = (struct entry){d->first, at.in_fstring || d->kind == PY_FSTRING};
    }
    free(stack);
}

static void one(const char *path)
{
    struct py_error err = {0};
    struct py_tree tree = {0};
    size_t size, text_size;
    char *raw = slurp(path, &size), *text = NULL;

    printf("F %s\n", path);
    if (raw == NULL || py_source_decode((const uint8_t *)raw, size, 0, &text, &text_size, &err) != 0) {
        printf("E %d %u %s\n", (int)err.code, err.line, raw == NULL ? "cannot be read" : err.text);
    } else {
        if (py_parse(text, text_size, &tree, &err) != 0)
            printf("E %d %u %s\n", (int)err.code, err.line, err.text);
        if (tree.count != 0)
            dump(&tree);
        py_tree_free(&tree);
    }
    free(text);
    free(raw);
}

int main(int argc, char **argv)
{
    char line[4096];

    for (int i = 1; i < argc; i++)
        one(argv[i]);
    while (argc < 2 && fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = 0;
        one(line);
    }
    return 0;
}
