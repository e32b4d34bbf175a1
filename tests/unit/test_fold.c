/* SPDX-License-Identifier: Apache-2.0 */
/* Constant folding: each expression spells "system", and is found because it does. The decoders, byte by
 * byte. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scanner/smell_impl.h"

#define RULE                                                                                                 \
    "[HG-T-001]\ntitle = t\ncwe = CWE-78\nseverity.load = high\nseverity.call = low\nconfidence = high\n"    \
    "match = os.system\ndescription = d\nremedy = r\nreference = u\nexample = x\ncounterexample = y\n"

static size_t found(const char *expression)
{
    struct hg_smell_rules *rules = NULL;
    struct hg_findings out = {0};
    struct hg_error err = {""};
    char text[1024];
    int n = snprintf(text, sizeof text, "import os, codecs\nk = 'sys'\nx = %s\ngetattr(os, x)('id')\n",
                     expression);
    assert_int_equal(hg_smell_rules_new(&rules), 0);
    assert_int_equal(hg_smell_rules_add(rules, RULE, sizeof RULE - 1, "t.ini", &err), 0);
    assert_int_equal(hg_smell_scan(rules, (const uint8_t *)text, (size_t)n, HG_KIND_SOURCE, NULL, &out), 0);
    size_t count = out.count;
    for (size_t i = 0; i < out.count; i++) {
        assert_string_equal(out.items[i].rule, "HG-T-001");
        assert_int_equal(out.items[i].line, 4);
    }
    hg_findings_clear(&out);
    hg_smell_rules_free(rules);
    return count;
}

static void test_fold(void **state)
{
    static const char *const spelled[] = {"'system'",
                                          "'sys' 'tem'",
                                          "'sys' + 'tem'",
                                          "k + 'tem'",
                                          "'metsys'[::-1]",
                                          "'xsystemx'[1:-1]",
                                          "'s.y.s.t.e.m'.replace('.', '')",
                                          "''.join(['sys', 'tem'])",
                                          "''.join(reversed('metsys'))",
                                          "f'{k}tem'",
                                          "'%stem' % k",
                                          "'%s%s' % (k, 'tem')",
                                          "'{}tem'.format(k)",
                                          "'{1}{0}'.format('tem', 'sys')",
                                          "'{a}tem'.format(a=k)",
                                          "chr(115) + 'ystem'",
                                          "''.join(chr(c) for c in [115, 121, 115, 116, 101, 109])",
                                          "''.join(map(chr, [115, 121, 115, 116, 101, 109]))",
                                          "bytes([115, 121, 115, 116, 101, 109]).decode()",
                                          "bytearray(b'system').decode('ascii')",
                                          "b'system'.decode()",
                                          "'SYSTEM'.lower()",
                                          "' system '.strip()",
                                          "''.join(chr(c ^ 1) for c in b'rxrudl')",
                                          "'sys tem'.split()[0] + 'tem'",
                                          "str(b'system', 'utf8')",
                                          "''.join([chr(ord(c) - 1) for c in 'tztufn'])",
                                          "bytes.fromhex('73797374656d').decode()",
                                          "codecs.decode('flfgrz', 'rot13')",
                                          "'flfgrz'.encode('rot13') if 0 else 'system'",
                                          "('a', 'system')[1]",
                                          "{'q': 'system'}['q']",
                                          "'s' * 1 + 'ystem'",
                                          "chr(int('73', 16)) + 'ystem'",
                                          "str.join('', ['sys', 'tem'])"};
    static const char *const other[] = {"'systems'",    "k + 'tems'", "'metsys'",
                                        "'system'[1:]", "input()",    "'system' * 2"};
    (void)state;
    for (size_t i = 0; i < sizeof spelled / sizeof *spelled; i++) {
        if (found(spelled[i]) != 1)
            fail_msg("not folded: %s", spelled[i]);
    }
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        if (found(other[i]) != 0)
            fail_msg("folded wrongly: %s", other[i]);
    }
}

static void test_decoders(void **state)
{
    static const struct {
        enum sm_codec codec;
        const char *in;
        size_t size;
        const char *out;
    } cases[] = {
        {SM_C_BASE64, "aGVsbG8=", 8, "hello"},
        {SM_C_BASE64, "aGVs\nbG8", 8, "hello"},
        {SM_C_BASE64URL, "Pz8_Pj4-", 8, "?\?\?>>>"},
        {SM_C_BASE32, "NBSWY3DP", 8, "hello"},
        {SM_C_HEX, "68656C6c6f", 10, "hello"},
        {SM_C_BASE85, "Xk~0{Zv", 7, "hello"},
        {SM_C_ASCII85, "BOu!rDZ", 7, "hello"},
        {SM_C_ROT13, "uryyb", 5, "hello"},
        {SM_C_ZLIB, "x\x9c\xcbH\xcd\xc9\xc9\x07\x00\x06,\x02\x15", 13, "hello"},
        {SM_C_BZ2,
         "BZh91AY&"
         "SY\x19\x31\x65\x3d\x00\x00\x00\x81\x00\x02\x44\xa0\x00\x21\x9a\x68\x33\x4d\x07\x33\x8b\xb9\x22"
         "\x9c\x28\x48\x0c\x98\xb2\x9e\x80",
         41, "hello"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t *out = NULL;
        size_t size = 0;
        int rc = sm_decode(cases[i].codec, (const uint8_t *)cases[i].in, cases[i].size, 1024, &out, &size);
        if (rc != 0 || size != strlen(cases[i].out) || memcmp(out, cases[i].out, size) != 0)
            fail_msg("%s of case %zu gave %.*s (%d)", sm_codec_name(cases[i].codec), i, (int)size,
                     (char *)out, rc);
        free(out);
    }
}

static void test_caps(void **state)
{
    uint8_t *out = NULL;
    size_t size = 0;
    char big[4096];
    (void)state;
    memset(big, 'A', sizeof big);
    assert_int_equal(sm_decode(SM_C_BASE64, (uint8_t *)big, sizeof big, 1024, &out, &size), -E2BIG);
    memset(big, 'z', sizeof big);
    assert_int_equal(sm_decode(SM_C_ASCII85, (uint8_t *)big, sizeof big, 8192, &out, &size), -E2BIG);
    memset(big, 0xFF, sizeof big);
    assert_int_equal(sm_decode(SM_C_ZLIB, (uint8_t *)big, sizeof big, 1024, &out, &size), -EINVAL);
    assert_int_equal(sm_decode(SM_C_LZMA, (uint8_t *)big, sizeof big, 1024, &out, &size), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fold), cmocka_unit_test(test_decoders),
                                       cmocka_unit_test(test_caps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
