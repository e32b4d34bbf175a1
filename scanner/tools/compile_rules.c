/* SPDX-License-Identifier: Apache-2.0 */
/* Build tool: compile_rules OUT FILE.yar...: YARA rules, compiled, as libyara loads them in a fraction of the
 * time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yara.h>

static size_t put(const void *bytes, size_t size, size_t count, void *out)
{
    return fwrite(bytes, size, count, out);
}

struct input {
    const char *path;
    int complaints;
};

static void on_compile(int level, const char *file, int line, const YR_RULE *rule, const char *message,
                       void *arg)
{
    struct input *input = arg;
    (void)level;
    (void)file;
    (void)rule;
    input->complaints++;
    (void)fprintf(stderr, "%s:%d: %s\n", input->path, line, message);
}

static int compile(YR_COMPILER *compiler, const char *path)
{
    struct input input = {.path = path};
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    FILE *in = fopen(path, "re");
    if (in == NULL) {
        perror(path);
        return -1;
    }
    yr_compiler_set_callback(compiler, on_compile, &input);
    int errors = yr_compiler_add_file(compiler, in, name, path);
    (void)fclose(in);
    return errors == 0 && input.complaints == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    YR_COMPILER *compiler;
    YR_RULES *rules;
    if (argc < 3 || yr_initialize() != ERROR_SUCCESS || yr_compiler_create(&compiler) != ERROR_SUCCESS)
        return 2;
    for (int i = 2; i < argc; i++) {
        if (compile(compiler, argv[i]) != 0)
            return 1;
    }
    FILE *out = fopen(argv[1], "we");
    if (out == NULL || yr_compiler_get_rules(compiler, &rules) != ERROR_SUCCESS) {
        perror(argv[1]);
        return 2;
    }
    YR_STREAM stream = {.user_data = out, .write = put};
    int rc = yr_rules_save_stream(rules, &stream);
    if (fclose(out) != 0 || rc != ERROR_SUCCESS)
        return 2;
    (void)yr_rules_destroy(rules);
    yr_compiler_destroy(compiler);
    (void)yr_finalize();
    return 0;
}
