/* SPDX-License-Identifier: Apache-2.0 */
/* Who named a repository's code, read off hub caches made for the test, parsed by real workers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/configs.h"
#include "scanner/auto_map.h"

#define COMMIT   "0123456789abcdef0123456789abcdef01234567"
#define OTHER    "89abcdef0123456789abcdef0123456789abcdef"
#define NAMES    "{\n\"auto_map\": {\"A\": \"o/code--m.M\"}}"
#define SNAPSHOT "/snapshots/" OTHER "/"
#define MAX_SIZE 4096

static int scan(void *context, const struct hg_scan_input *input, struct hg_findings *out)
{
    (void)context;
    if (memmem(input->bytes, input->size, "crash", 5) != NULL)
        _exit(1);
    return hg_auto_map_scan(input, out);
}

struct fixture {
    char hub[PATH_MAX];
    struct hg_loop loop;
    struct hg_pool *pool;
    struct hg_roots roots;
    struct hg_configs *configs;
    int done;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct hg_error err;
    const char *base = getenv("TMPDIR");
    if (f == NULL)
        return -1;
    (void)snprintf(f->hub, sizeof f->hub, "%s/hubguard-configs-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(f->hub) == NULL || hg_loop_open(&f->loop) != 0 ||
        hg_roots_add(&f->roots, f->hub, HG_LOADER_HF_HUB) != 0)
        return -1;
    const struct hg_pool_options options = {.workers = 1, .timeout_ms = 5000, .scan = scan};
    if (hg_pool_start(&f->loop, &options, &f->pool, &err) != 0 ||
        hg_configs_new(f->pool, &f->roots, MAX_SIZE, &f->configs) != 0)
        return -1;
    *state = f;
    return 0;
}

static int delete_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    hg_configs_stop(f->configs);
    hg_pool_stop(f->pool);
    hg_configs_free(f->configs);
    hg_loop_close(&f->loop);
    (void)nftw(f->hub, delete_one, 16, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

/* "<hub>/<path>" with its folders. */
static const char *at(const struct fixture *f, const char *path)
{
    static char full[PATH_MAX];
    int n = snprintf(full, sizeof full, "%s/%s", f->hub, path);
    assert_true(n > 0 && (size_t)n < sizeof full);
    for (char *slash = full + strlen(f->hub) + 1; (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
        *slash = '\0';
        (void)mkdir(full, 0700);
    }
    return full;
}

static void put(const struct fixture *f, const char *path, const char *text)
{
    FILE *file = fopen(at(f, path), "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void done(void *owner)
{
    ((struct fixture *)owner)->done++;
}

static bool named(struct fixture *f, const char *repository, struct hg_naming *out)
{
    struct hg_origin origin = {.platform = "huggingface", .revision = COMMIT, .pinned = 1};
    (void)snprintf(origin.repository, sizeof origin.repository, "%s", repository);
    f->done = 0;
    hg_configs_update(f->configs, f->hub, done, f);
    for (int i = 0; f->done == 0 && i < 1000; i++)
        assert_int_equal(hg_loop_step(&f->loop), 0);
    assert_int_equal(f->done, 1);
    return hg_configs_naming(f->configs, &origin, f->hub, out);
}

static void named_by_another(void **state)
{
    struct fixture *f = *state;
    struct hg_naming naming;
    assert_false(named(f, "o/code", &naming));
    put(f, "models--o--code/refs/main", COMMIT);
    put(f, "models--o--model" SNAPSHOT "config.json", "{}");
    assert_false(named(f, "o/code", &naming));
    /* a file that was changed, and one that came later */
    put(f, "models--o--model" SNAPSHOT "config.json", NAMES);
    assert_true(named(f, "o/code", &naming));
    assert_string_equal(naming.by, "o/model");
    assert_string_equal(naming.evidence, "config.json:2 o/code--m.M");
    assert_false(naming.unread);
    assert_false(named(f, "o/cod", &naming));
    assert_false(named(f, "", &naming));
    /* one that is gone names nothing any more */
    assert_int_equal(unlink(at(f, "models--o--model" SNAPSHOT "config.json")), 0);
    assert_false(named(f, "o/code", &naming));
    put(f, "models--o--model" SNAPSHOT "tokenizer_config.json", NAMES);
    assert_true(named(f, "o/code", &naming));
    assert_string_equal(naming.evidence, "tokenizer_config.json:2 o/code--m.M");
}

/* Only what came from the main branch was not pinned. */
static void pinned_all_the_same(void **state)
{
    struct fixture *f = *state;
    struct hg_naming naming;
    put(f, "models--o--model" SNAPSHOT "config.json", NAMES);
    assert_false(named(f, "o/code", &naming));
    put(f, "models--o--code/refs/main", OTHER);
    assert_false(named(f, "o/code", &naming));
    put(f, "models--o--code/refs/main", COMMIT);
    assert_true(named(f, "o/code", &naming));
}

static void named_by_itself(void **state)
{
    struct fixture *f = *state;
    struct hg_naming naming;
    put(f, "models--o--code/refs/main", COMMIT);
    put(f, "models--o--code" SNAPSHOT "config.json", NAMES);
    assert_false(named(f, "o/code", &naming));
}

static void a_name_without_an_organisation(void **state)
{
    struct fixture *f = *state;
    struct hg_naming naming;
    put(f, "models--gpt2/refs/main", COMMIT "\n");
    put(f, "models--o--model" SNAPSHOT "config.json", "{\"auto_map\": {\"A\": \"gpt2--m.M\"}}");
    assert_true(named(f, "gpt2", &naming));
}

/* What could not be read can name anything. */
static void what_is_not_read_is_told(void **state)
{
    static char large[MAX_SIZE + 2];
    struct fixture *f = *state;
    struct hg_naming naming;
    put(f, "models--o--code/refs/main", COMMIT);
    memset(large, ' ', MAX_SIZE + 1);
    put(f, "models--o--model" SNAPSHOT "config.json", large);
    assert_true(named(f, "o/code", &naming));
    assert_true(naming.unread);
    assert_string_equal(naming.by, "o/model");
    assert_string_equal(naming.evidence, "config.json");

    put(f, "models--o--model" SNAPSHOT "config.json", "{\"auto_map\": \"crash--\"}");
    assert_true(named(f, "o/code", &naming));
    assert_true(naming.unread);

    assert_int_equal(unlink(at(f, "models--o--model" SNAPSHOT "config.json")), 0);
    assert_int_equal(mkfifo(at(f, "models--o--model" SNAPSHOT "config.json"), 0600), 0);
    assert_true(named(f, "o/code", &naming));

    large[0] = '\0';
    assert_int_equal(unlink(at(f, "models--o--model" SNAPSHOT "config.json")), 0);
    put(f, "models--o--model" SNAPSHOT "config.json", "{\"auto_map\": {{{ not JSON--");
    assert_false(named(f, "o/code", &naming));
}

/* More files than are given to the workers at once, of more repositories than one. */
static void many_configurations(void **state)
{
    struct fixture *f = *state;
    struct hg_naming naming;
    char path[128];
    put(f, "models--o--code/refs/main", COMMIT);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(path, sizeof path, "models--o--model%d" SNAPSHOT "%d_config.json", i, i);
        put(f, path, i == 57 ? NAMES : "{\"auto_map\": {\"A\": \"other/code--m.M\"}}");
    }
    assert_true(named(f, "o/code", &naming));
    assert_string_equal(naming.by, "o/model57");
    assert_string_equal(naming.evidence, "57_config.json:2 o/code--m.M");
}

static void other_places_do_not_count(void **state)
{
    struct fixture *f = *state;
    struct hg_naming naming;
    put(f, "models--o--code/refs/main", COMMIT);
    put(f, "datasets--o--model" SNAPSHOT "config.json", NAMES);
    put(f, "models--o--model" SNAPSHOT "below/config.json", NAMES);
    put(f, "models--o--model" SNAPSHOT "README.md", NAMES);
    put(f, "models--o--model/blobs/config.json", NAMES);
    assert_false(named(f, "o/code", &naming));
}

static void the_pool_ends_in_the_middle(void **state)
{
    struct fixture *f = *state;
    char path[128];
    for (int i = 0; i < 20; i++) {
        (void)snprintf(path, sizeof path, "models--o--model" SNAPSHOT "%d_config.json", i);
        put(f, path, NAMES);
    }
    f->done = 0;
    hg_configs_update(f->configs, f->hub, done, f);
    hg_configs_update(f->configs, NULL, done, f);
    assert_int_equal(f->done, 0);
    hg_configs_stop(f->configs);
    hg_pool_stop(f->pool);
    f->pool = NULL;
    assert_int_equal(f->done, 2);
}

static void hubs_of_paths(void **state)
{
    char hub[64];
    (void)state;
    assert_true(hg_configs_hub("/a/models--o--m/snapshots/x/models--p--q/y.py", hub, sizeof hub));
    assert_string_equal(hub, "/a");
    assert_false(hg_configs_hub("/a/transformers_modules/o/m/x.py", hub, sizeof hub));
    assert_false(hg_configs_hub("", hub, sizeof hub));
    assert_false(hg_configs_hub("/a/models--o--m/x.py", hub, 2));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(named_by_another),          WITH(pinned_all_the_same),
        WITH(named_by_itself),           WITH(a_name_without_an_organisation),
        WITH(what_is_not_read_is_told),  WITH(many_configurations),
        WITH(other_places_do_not_count), WITH(the_pool_ends_in_the_middle),
        cmocka_unit_test(hubs_of_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
