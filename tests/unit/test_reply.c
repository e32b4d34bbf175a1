/* SPDX-License-Identifier: Apache-2.0 */
/* What the shim takes for an answer of its guard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shim/reply.h"

struct packet {
    struct hg_reply head;
    char text[HG_WIRE_TEXT_MAX + 8];
};

static struct packet sample(void)
{
    struct packet p = {{HG_WIRE_MAGIC, HG_WIRE_VERSION, HG_VERDICT_BLOCK, HG_REPLY_BANNER, 8 << 20, 1, 0, 5},
                       "why\n!"};
    return p;
}

static void whole(void **state)
{
    (void)state;
    struct packet p = sample();
    struct hg_reply got;
    char text[HG_WIRE_TEXT_MAX];
    assert_int_equal(hg_reply_parse(&p, sizeof p.head + 5, &got, text), 0);
    assert_memory_equal(&got, &p.head, sizeof got);
    assert_string_equal(text, "why\n!");
    p.head.text_len = HG_WIRE_TEXT_MAX - 1;
    memset(p.text, 'x', sizeof p.text);
    assert_int_equal(hg_reply_parse(&p, sizeof p.head + HG_WIRE_TEXT_MAX - 1, &got, text), 0);
    assert_int_equal(strlen(text), HG_WIRE_TEXT_MAX - 1);
}

static void refuse(const struct packet *p, size_t size)
{
    struct hg_reply got = {.verdict = HG_VERDICT_BLOCK};
    char *text = malloc(HG_WIRE_TEXT_MAX);
    assert_non_null(text);
    strcpy(text, "as it was");
    assert_int_equal(hg_reply_parse(p, size, &got, text), -EPROTO);
    assert_int_equal(got.verdict, HG_VERDICT_BLOCK);
    assert_string_equal(text, "as it was");
    free(text);
}

static void anything_else(void **state)
{
    (void)state;
    struct packet p = sample();
    p.head.verdict = HG_VERDICT_ALLOW;
    for (size_t n = 0; n < sizeof p.head + 8; n++)
        if (n != sizeof p.head + 5)
            refuse(&p, n);
    p.head.magic++;
    refuse(&p, sizeof p.head + 5);
    p = sample();
    p.head.version++;
    refuse(&p, sizeof p.head + 5);
    p = sample();
    p.head.text_len = UINT32_MAX;
    refuse(&p, sizeof p.head + 5);
    p.head.text_len = HG_WIRE_TEXT_MAX;
    refuse(&p, sizeof p.head + HG_WIRE_TEXT_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whole), cmocka_unit_test(anything_else)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
