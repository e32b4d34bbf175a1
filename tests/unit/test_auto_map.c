/* SPDX-License-Identifier: Apache-2.0 */
/* Which names of other repositories are found in a configuration, and which are left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/auto_map.h"

#define SNAPSHOT "/hub/models--org--model/snapshots/0123456789abcdef0123456789abcdef01234567/"

/* On the heap at its exact size, so that the sanitizers see a byte too many. */
static void scan(const char *text, size_t size, const char *name, struct hg_findings *out)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    assert_non_null(copy);
    memcpy(copy, text, size);
    const struct hg_scan_input in = {.bytes = copy, .size = size, .kind = HG_KIND_CONFIG, .name = name};
    memset(out, 0, sizeof *out);
    assert_int_equal(hg_auto_map_scan(&in, out), 0);
    hg_findings_sort(out);
    free(copy);
}

struct naming_case {
    const char *text, *name;
    size_t count;
    const char *evidence; /* of the first */
    uint32_t line;
    const char *key; /* that its message begins with */
};

static const struct naming_case cases[] = {
    {"{\"auto_map\": {\"AutoModel\": \"o/c--m.M\"}}", NULL, 1, "o/c--m.M", 1, "AutoModel "},
    {"{\n \"auto_map\":\r\n {\n\"AutoModel\"\n:\n\"o/c--m.M\"}}", NULL, 1, "o/c--m.M", 6, "AutoModel "},
    {"{\"auto_map\": {\"AutoModel\": \"m.M\"}}", NULL, 0, NULL, 0, NULL},
    /* tokenizers: slow and fast, and the old form without a key */
    {"{\"auto_map\": {\"AutoTokenizer\": [null,\n\"o/c--t.F\"]}}", NULL, 1, "o/c--t.F", 2, "AutoTokenizer "},
    {"{\"auto_map\": [\"o/c--t.S\", \"o/d--t.F\"]}", NULL, 2, "o/c--t.S", 1, "auto_map "},
    {"{\"auto_map\": \"o/c--m.M\"}", NULL, 1, "o/c--m.M", 1, "auto_map "},
    /* at any depth, also deeper than cJSON goes, and behind what it refuses */
    {"{\"text_config\": {\"auto_map\": {\"A\": \"o/c--m.M\"}}}", NULL, 1, "o/c--m.M", 1, "A "},
    {"{\"x\": [NaN, -Infinity, \"\\ud800\"], \"auto_map\": {\"A\": \"o/c--m.M\"}}", NULL, 1, "o/c--m.M", 1,
     "A "},
    /* every spelling of the same strings */
    {"{\"auto\\u005fmap\": {\"A\": \"o\\/c\\u002d\\u002Dm.M\"}}", NULL, 1, "o/c--m.M", 1, "A "},
    {"{\"x\\\"\": \"\\\\\", \"auto_map\": {\"A\": \"o/c--m.M\"}}", NULL, 1, "o/c--m.M", 1, "A "},
    /* twice the key: Python takes the last, both are told */
    {"{\"auto_map\": {\"A\": \"o/c--m.M\"},\n\"auto_map\": {\"A\": \"o/d--m.M\"}}", NULL, 2, "o/c--m.M", 1,
     "A "},
    /* not in an auto_map */
    {"{\"auto_map\": {}, \"A\": \"o/c--m.M\"}", NULL, 0, NULL, 0, NULL},
    {"{\"auto_map\": 1, \"A\": \"o/c--m.M\"}", NULL, 0, NULL, 0, NULL},
    {"{\"A\": \"auto_map\", \"B\": \"o/c--m.M\"}", NULL, 0, NULL, 0, NULL},
    {"{\"auto_map\": {\"o/c--m.M\": \"m.M\"}}", NULL, 0, NULL, 0, NULL},
    {"{\"my_auto_map\": {\"A\": \"o/c--m.M\"}}", NULL, 0, NULL, 0, NULL},
    {"{\"chat_template\": \"{\\\"auto_map\\\": \\\"o/c--m.M\\\"}\"}", NULL, 0, NULL, 0, NULL},
    /* whose file it is */
    {"{\"auto_map\": {\"A\": \"org/model--m.M\"}}", SNAPSHOT "config.json", 0, NULL, 0, NULL},
    {"{\"auto_map\": {\"A\": \"org/model--m.M\"}}", "model/config.json", 1, "org/model--m.M", 1, "A "},
    {"{\"auto_map\": {\"A\": \"org/models--m.M\"}}", SNAPSHOT "config.json", 1, "org/models--m.M", 1, "A "},
    {"{\"auto_map\": {\"A\": \"Org/model--m.M\"}}", SNAPSHOT "config.json", 1, "Org/model--m.M", 1, "A "},
    {"{\"auto_map\": {\"A\": \"gpt2--m.M\"}}", "models--gpt2/snapshots/main/config.json", 0, NULL, 0, NULL},
    /* a folder inside the repository does not say whose it is */
    {"{\"auto_map\": {\"A\": \"evil/code--m.M\"}}", SNAPSHOT "models--evil--code/snapshots/x/config.json", 1,
     "evil/code--m.M", 1, "A "},
    /* malformed: no crash, and what was complete counts */
    {"", NULL, 0, NULL, 0, NULL},
    {"}]}]\"", NULL, 0, NULL, 0, NULL},
    {"{\"auto_map\": {\"A\": \"o/c--m.M\"", NULL, 1, "o/c--m.M", 1, "A "},
    {"{\"auto_map\": {\"A\": \"o/c--m.M", NULL, 0, NULL, 0, NULL},
    {"{\"auto_map\": {\"A\": \"o/c--\\", NULL, 0, NULL, 0, NULL},
    {"{\"auto_map\": {\"A\": \"o/c--\\u00", NULL, 0, NULL, 0, NULL},
    {"{\"auto_map\": {\"A\": \"o/c--\\u0\"", NULL, 1, "o/c--u0", 1, "A "},
    {"{\"auto_map\": {\"A\": \"o/c--\x1b[2J\\u001b\\u0000\\u00e9\"}}", NULL, 1, "o/c--\\x1b[2J\\x1b??", 1,
     "A "},
};

static void namings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct naming_case *c = &cases[i];
        struct hg_findings out;
        scan(c->text, strlen(c->text), c->name, &out);
        if (out.count != c->count)
            fail_msg("case %zu: %zu findings: %s", i, out.count, c->text);
        if (c->count != 0) {
            const struct hg_finding *f = &out.items[0];
            assert_string_equal(f->rule, HG_RULE_AUTO_MAP);
            assert_string_equal(f->evidence, c->evidence);
            assert_int_equal(f->line, c->line);
            assert_memory_equal(f->message, c->key, strlen(c->key));
            assert_int_equal(f->severity, HG_SEV_MEDIUM);
            assert_int_equal(f->cwe[0], 494);
            assert_int_equal(f->cwe[1], 829);
        }
        hg_findings_clear(&out);
    }
}

static void every_truncation_is_survived(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t n = strlen(cases[i].text); n > 0; n--) {
            struct hg_findings out;
            scan(cases[i].text, n - 1, NULL, &out);
            hg_findings_clear(&out);
        }
    }
}

/* Depth costs nothing, and however many names there are, what is kept is bounded and the rest is counted. */
static void depth_and_number_are_bounded(void **state)
{
    static const char naming[] = "{\"auto_map\": {\"A\": \"o/c--m.M\"}}", one[] = "\"o/c--m.M\",";
    size_t deep = 1000000, many = 5000, size = 0;
    struct hg_findings out;
    char *text = malloc(deep + sizeof naming + many * sizeof one);
    (void)state;
    assert_non_null(text);
    memset(text, '[', deep);
    memcpy(text + deep, naming, sizeof naming - 1);
    scan(text, deep + sizeof naming - 1, NULL, &out);
    assert_int_equal(out.count, 1);
    hg_findings_clear(&out);

    size = (size_t)sprintf(text, "{\"auto_map\": [");
    for (size_t i = 0; i < many; i++, size += sizeof one - 1)
        memcpy(text + size, one, sizeof one - 1);
    scan(text, size, NULL, &out);
    assert_int_equal(out.count, 200);
    assert_int_equal(out.dropped, many - 200);
    hg_findings_clear(&out);
    free(text);
}

static void a_long_string_is_cut_and_still_told(void **state)
{
    char text[2048], long_part[1000];
    struct hg_findings out;
    (void)state;
    memset(long_part, 'x', sizeof long_part);
    int n = snprintf(text, sizeof text, "{\"auto_map\": {\"A\": \"%.1000s--m.M\"}}", long_part);
    scan(text, (size_t)n, NULL, &out);
    assert_int_equal(out.count, 1);
    assert_string_equal(out.items[0].evidence + strlen(out.items[0].evidence) - 3, "...");
    hg_findings_clear(&out);
    /* a cut key is not auto_map */
    n = snprintf(text, sizeof text, "{\"auto_map%.1000s\": {\"A\": \"o/c--m.M\"}}", long_part);
    scan(text, (size_t)n, NULL, &out);
    assert_int_equal(out.count, 0);
    hg_findings_clear(&out);
}

static void the_rule_finds_its_example(void **state)
{
    size_t count;
    const struct hg_rule_info *rules = hg_auto_map_rules(&count);
    struct hg_findings out;
    (void)state;
    assert_int_equal(count, 1);
    scan(rules->example, strlen(rules->example), NULL, &out);
    assert_int_equal(out.count, 1);
    hg_findings_clear(&out);
    scan(rules->counterexample, strlen(rules->counterexample), NULL, &out);
    assert_int_equal(out.count, 0);
    hg_findings_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(namings),
        cmocka_unit_test(every_truncation_is_survived),
        cmocka_unit_test(depth_and_number_are_bounded),
        cmocka_unit_test(a_long_string_is_cut_and_still_told),
        cmocka_unit_test(the_rule_finds_its_example),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
