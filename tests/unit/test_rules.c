/* SPDX-License-Identifier: Apache-2.0 */
/* Every rule finds its own example and leaves its counterexample alone; a rule file with a mistake names it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scanner/engine.h"
#include "scanner/rules_blob.h"
#include "scanner/smell.h"

static struct hg_smell_rules *load_built_in(void)
{
    struct hg_smell_rules *rules = NULL;
    struct hg_rules_entry entry;
    struct hg_error err = {""};
    size_t cursor = 0;
    assert_int_equal(hg_smell_rules_new(&rules), 0);
    while (hg_rules_blob_next(&cursor, &entry) == 1) {
        if (hg_rules_entry_is(&entry, ".ini") &&
            hg_smell_rules_add(rules, entry.text, entry.size, entry.name, &err) != 0)
            fail_msg("%s", err.text);
    }
    return rules;
}

static const struct hg_finding *find(const struct hg_findings *list, const char *rule)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].rule, rule) == 0)
            return &list->items[i];
    }
    return NULL;
}

static int finds(const struct hg_smell_rules *rules, const char *text, const char *rule)
{
    struct hg_findings out = {0};
    assert_int_equal(hg_smell_scan(rules, (const uint8_t *)text, strlen(text), HG_KIND_SOURCE, NULL, &out),
                     0);
    int found = find(&out, rule) != NULL && find(&out, "HG-PARSE-001") == NULL;
    hg_findings_clear(&out);
    return found;
}

static void test_examples(void **state)
{
    struct hg_smell_rules *rules = load_built_in();
    const struct hg_rule_info *info;
    size_t count = 0, bad = 0;
    (void)state;
    for (; (info = hg_smell_rule(rules, count)) != NULL; count++) {
        if (!finds(rules, info->example, info->id)) {
            print_error("%s does not find its example\n", info->id);
            bad++;
        }
        if (finds(rules, info->counterexample, info->id)) {
            print_error("%s finds its counterexample\n", info->id);
            bad++;
        }
        assert_true(info->cwe[0] != 0);
        assert_true(info->severity[HG_REACH_LOAD] >= info->severity[HG_REACH_CALL]);
    }
    hg_smell_rules_free(rules);
    assert_int_equal(bad, 0);
    assert_true(count >= 45);
}

static void test_engine_examples(void **state)
{
    struct hg_engine *engine = NULL;
    struct hg_error err = {""};
    const struct hg_rule_info *info;
    (void)state;
    if (hg_engine_new(NULL, &engine, &err) != 0)
        fail_msg("%s", err.text);
    for (size_t i = 0; (info = hg_engine_rule(engine, i)) != NULL; i++) {
        if (strncmp(info->id, "HG-ENC", 6) != 0 && strncmp(info->id, "HG-PARSE", 8) != 0)
            continue;
        struct hg_findings out = {0};
        struct hg_scan_input in = {.kind = HG_KIND_SOURCE, .name = "x.py"};
        if (info->example != NULL) {
            in.bytes = (const uint8_t *)info->example;
            in.size = strlen(info->example);
            assert_int_equal(hg_engine_scan(engine, &in, &out), 0);
            if (find(&out, info->id) == NULL)
                fail_msg("%s does not find its example", info->id);
            hg_findings_clear(&out);
        }
        in.bytes = (const uint8_t *)info->counterexample;
        in.size = strlen(info->counterexample);
        assert_int_equal(hg_engine_scan(engine, &in, &out), 0);
        assert_null(find(&out, info->id));
        hg_findings_clear(&out);
    }
    assert_int_equal(strlen(hg_engine_ruleset(engine)), 64);
    hg_engine_free(engine);
}

#define RULE_HEAD                                                                                            \
    "[HG-X-001]\ntitle = t\ncwe = CWE-78\nseverity.load = high\nseverity.call = low\nconfidence = high\n"
#define RULE_TAIL "description = d\nremedy = r\nreference = u\nexample = x\ncounterexample = y\n"

static void test_mistakes(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {RULE_HEAD "mach = os.system\n" RULE_TAIL, "x.ini:7: unknown key \"mach\" (did you mean \"match\"?)"},
        {"[rule]\nmatch = x\n",
         "x.ini:1: a section is a rule id (HG-PY-001), \"source NAME\" or \"clean\", not \"rule\""},
        {RULE_HEAD "match = os system\n" RULE_TAIL, "x.ini:7: not a name to match: \"os system\""},
        {RULE_HEAD "match = os.*.x\n" RULE_TAIL,
         "x.ini:7: \"*\" stands only in the last part, or first as \"*.name\": \"os.*.x\""},
        {RULE_HEAD "match = a.b\nwhen = arg.0 = konst\n" RULE_TAIL,
         "x.ini:8: unknown value \"konst\" (did you mean \"const\"?)"},
        {RULE_HEAD "match = a.b\nwhen = arf.0 = const\n" RULE_TAIL,
         "x.ini:8: unknown subject \"arf.0\" (did you mean \"arg.0\"?)"},
        {RULE_HEAD "match = a.b\n", "x.ini:1: the rule lacks \"description\""},
        {RULE_HEAD RULE_TAIL, "x.ini:1: nothing to match in \"HG-X-001\" (did you mean \"match\"?)"},
        {RULE_HEAD "title = again\nmatch = a\n" RULE_TAIL, "x.ini:7: key given twice: \"title\""},
        {"nonsense\n", "x.ini:1: neither [section] nor key = value"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hg_smell_rules *rules = NULL;
        struct hg_error err = {""};
        assert_int_equal(hg_smell_rules_new(&rules), 0);
        assert_int_equal(hg_smell_rules_add(rules, cases[i].text, strlen(cases[i].text), "x.ini", &err),
                         -EINVAL);
        assert_string_equal(err.text, cases[i].message);
        hg_smell_rules_free(rules);
    }
}

static void test_duplicate_id(void **state)
{
    static const char text[] = RULE_HEAD "match = a.b\n" RULE_TAIL;
    struct hg_smell_rules *rules = NULL;
    struct hg_error err = {""};
    (void)state;
    assert_int_equal(hg_smell_rules_new(&rules), 0);
    assert_int_equal(hg_smell_rules_add(rules, text, sizeof text - 1, "x.ini", &err), 0);
    assert_int_equal(hg_smell_rules_add(rules, text, sizeof text - 1, "y.ini", &err), -EINVAL);
    assert_string_equal(err.text, "y.ini:1: a rule of this id exists already: \"HG-X-001\"");
    assert_true(finds(rules, "import a\na.b()\n", "HG-X-001"));
    hg_smell_rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_examples),
                                       cmocka_unit_test(test_engine_examples),
                                       cmocka_unit_test(test_mistakes), cmocka_unit_test(test_duplicate_id)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
