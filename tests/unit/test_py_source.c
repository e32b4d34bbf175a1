/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scanner/py_ast.h"
#include "scanner/py_source.h"

struct sample {
    const char *bytes;
    const char *text; /* NULL: refused */
    enum py_error_code code;
};

static const struct sample samples[] = {
    {"a\r\nb\rc\n", "a\nb\nc\n", PY_E_OK},
    {"\xEF\xBB\xBFz", "z", PY_E_OK},
    {"\xC3\xA9", "\xC3\xA9", PY_E_OK},
    {"\xE9", NULL, PY_E_ENCODING},
    {"\xED\xA0\x80", NULL, PY_E_ENCODING},
    {"\xC0\x80", NULL, PY_E_ENCODING},
    {"\xF4\x90\x80\x80", NULL, PY_E_ENCODING},
    {"#coding:latin-1\n\xE9", "#coding:latin-1\n\xC3\xA9", PY_E_OK},
    {"# -*- coding: ISO_8859-1 -*-\n\xE9", "# -*- coding: ISO_8859-1 -*-\n\xC3\xA9", PY_E_OK},
    {"# vim: fileencoding=cp1252\n\x80", "# vim: fileencoding=cp1252\n\xE2\x82\xAC", PY_E_OK},
    {"#coding:cp1252\n\x81", NULL, PY_E_ENCODING},
    {"#!/bin/x\n \f#coding=koi8-r\n\xC1", "#!/bin/x\n \f#coding=koi8-r\n\xD0\xB0", PY_E_OK},
    {"#!/bin/x\r#coding=koi8-r\r\xC1", "#!/bin/x\n#coding=koi8-r\n\xD0\xB0", PY_E_OK},
    {"#coding:gbk\n\xC4\xE3", "#coding:gbk\n\xE4\xBD\xA0", PY_E_OK},
    {"#coding:shift_jis\n\x83\x5C", "#coding:shift_jis\n\xE3\x82\xBD", PY_E_OK},
    {"#coding:euc-kr\n\xB0\xA1", "#coding:euc-kr\n\xEA\xB0\x80", PY_E_OK},
    {"#coding:big5\n\xA7\x41", "#coding:big5\n\xE4\xBD\xA0", PY_E_OK},
    {"#coding:big5\n\xA7", NULL, PY_E_ENCODING},
    {"#coding:ascii\n\xC3\xA9", NULL, PY_E_ENCODING},
    {"#coding:utf-8-unix\n\xC3\xA9", "#coding:utf-8-unix\n\xC3\xA9", PY_E_OK},
    {"#coding:no-such\n", NULL, PY_E_ENCODING},
    {"\xEF\xBB\xBF#coding:utf-8\n", "#coding:utf-8\n", PY_E_OK},
    {"\xEF\xBB\xBF#coding:latin-1\n", NULL, PY_E_ENCODING},
    /* no cookies: behind a statement, on the third line, with a space before the colon */
    {"a\n#coding:rot13\n", "a\n#coding:rot13\n", PY_E_OK},
    {"\n\n#coding:rot13\n", "\n\n#coding:rot13\n", PY_E_OK},
    {"a #coding:rot13\n", "a #coding:rot13\n", PY_E_OK},
    {"# coding :rot13\n", "# coding :rot13\n", PY_E_OK},
    /* cookies: the first of two, and one behind an empty line */
    {"# coding: coding:rot13\n", NULL, PY_E_ENCODING},
    {"\n#coding:rot13\n", NULL, PY_E_CODEC},
};

static void test_samples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        const uint8_t *bytes = (const uint8_t *)samples[i].bytes;
        struct py_error err = {0};
        char *text;
        size_t size;
        const int rc = py_source_decode(bytes, strlen(samples[i].bytes), 0, &text, &size, &err);

        if (err.code != samples[i].code)
            print_error("%s: %s\n", samples[i].bytes, err.text);
        assert_int_equal(err.code, samples[i].code);
        assert_int_equal(rc, samples[i].text != NULL ? 0 : -1);
        if (samples[i].text != NULL) {
            assert_string_equal(text, samples[i].text);
            assert_int_equal(size, strlen(text));
        }
        free(text);
    }
}

static void test_refused_codecs(void **state)
{
    static const char *const names[] = {
        "utf-7",
        "UTF7",
        "utf_7",
        "u7",
        "unicode-1-1-utf-7",
        "rot13",
        "ROT_13",
        "rot-13",
        "unicode_escape",
        "idna",
        "raw_unicode_escape",
        "Raw-Unicode-Escape",
        "punycode",
        "base64",
        "base64_codec",
        "hex",
        "hex-codec",
        "zlib",
        "zip",
        "bz2",
        "quopri",
        "uu",
        "mbcs",
        "undefined",
        "utf-16",
        "UTF_16BE",
        "utf-16-le",
        "u16",
        "utf-32",
        "utf32",
        "iso2022_jp",
        "hz",
        "cp037",
        "string-escape",
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct py_error err = {0};
        char source[64], *text;
        size_t size;

        snprintf(source, sizeof source, "# coding: %s\nx\n", names[i]);
        assert_int_equal(py_source_decode((const uint8_t *)source, strlen(source), 0, &text, &size, &err),
                         -1);
        if (err.code != PY_E_CODEC)
            print_error("%s: %s\n", names[i], err.text);
        assert_int_equal(err.code, PY_E_CODEC);
        assert_int_equal(err.line, 1);
        /* in text that is decoded already a cookie means nothing */
        assert_int_equal(py_source_decode((const uint8_t *)source, strlen(source), 1, &text, &size, &err), 0);
        assert_string_equal(text, source);
        free(text);
    }
}

static void test_nul_and_empty(void **state)
{
    struct py_error err = {0};
    char *text;
    size_t size;

    (void)state;
    assert_int_equal(py_source_decode((const uint8_t *)"a\n\0b", 4, 0, &text, &size, &err), -1);
    assert_int_equal(err.code, PY_E_NUL);
    assert_int_equal(err.line, 2);
    assert_int_equal(py_source_decode((const uint8_t *)"", 0, 0, &text, &size, &err), 0);
    assert_int_equal(size, 0);
    assert_string_equal(text, "");
    free(text);
}

static void test_held_codecs(void **state)
{
    struct py_codecs held;

    (void)state;
    py_codecs_hold(&held);
    assert_true(held.n > 0);
    py_codecs_release(&held);
    assert_int_equal(held.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_refused_codecs),
        cmocka_unit_test(test_nul_and_empty),
        cmocka_unit_test(test_held_codecs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
