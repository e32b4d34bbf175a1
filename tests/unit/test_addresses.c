/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of the guard as libc's structures, and the places of a cage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/addresses.h"
#include "shim/places.h"

#define FOUR "2 1 6 020001bb7f0000010000000000000000\n"
#define SIX  "10 1 6 0a0001bb000000000000000000000000000000000000000100000000"

static void hex(void **state)
{
    (void)state;
    char out[9];
    hg_hex("\x00\x9f\xff", 3, out);
    assert_string_equal(out, "009fff");
    hg_hex("", 0, out);
    assert_string_equal(out, "");
}

static void numeric_hosts(void **state)
{
    (void)state;
    static const char *const yes[] = {"127.0.0.1", "127.1",        "0x7f000001",
                                      "::1",       "fe80::1%eth0", "1:2::3.4.5.6"};
    static const char *const no[] = {"localhost", "",     "example.org",   "1.2.3.4.5",
                                     "%eth0",     "::1x", "huggingface.co"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        assert_true(hg_is_numeric_host(yes[i]));
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        assert_false(hg_is_numeric_host(no[i]));
}

static void answers(void **state)
{
    (void)state;
    struct addrinfo *list;
    char text[INET6_ADDRSTRLEN];
    assert_int_equal(hg_addrinfo_parse("=own.name\n" FOUR SIX, &list), 0);
    assert_string_equal(list->ai_canonname, "own.name");
    assert_int_equal(list->ai_family, AF_INET);
    assert_int_equal(list->ai_socktype, SOCK_STREAM);
    assert_int_equal(list->ai_addrlen, sizeof(struct sockaddr_in));
    const struct sockaddr_in *four = (const void *)list->ai_addr;
    assert_int_equal(ntohs(four->sin_port), 443);
    assert_string_equal(inet_ntop(AF_INET, &four->sin_addr, text, sizeof text), "127.0.0.1");
    const struct addrinfo *next = list->ai_next;
    assert_non_null(next);
    assert_null(next->ai_canonname);
    assert_null(next->ai_next);
    const struct sockaddr_in6 *six = (const void *)next->ai_addr;
    assert_string_equal(inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text), "::1");
    freeaddrinfo(list); /* libc's own must be able to */
}

static void malformed_answers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
    } rows[] = {
        {"", EAI_NONAME},
        {"=name", EAI_NONAME},
        {"\n", EAI_FAIL},
        {FOUR "x", EAI_FAIL},
        {FOUR "=late\n", EAI_FAIL},
        {"2 1 6 020001bb7f000001000000000000000", EAI_FAIL},
        {"2 1 6 020001bb7f00000100000000000000001", EAI_FAIL},
        {"2 1 6 020001bb7f0000010000000000000000 ", EAI_FAIL},
        {"2 1 6 020001BB7f0000010000000000000000", EAI_FAIL},
        {"2 1 6 0a0001bb7f0000010000000000000000", EAI_FAIL},
        {"10 1 6 020001bb7f0000010000000000000000", EAI_FAIL},
        {"1 1 0 0100", EAI_FAIL},
        {"-2 1 6 020001bb7f0000010000000000000000", EAI_FAIL},
        {"2  1 6 020001bb7f0000010000000000000000", EAI_FAIL},
        {"99999999999999999999 1 6 0200", EAI_FAIL},
        {"2 1", EAI_FAIL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct addrinfo *list = (struct addrinfo *)16;
        assert_int_equal(hg_addrinfo_parse(rows[i].text, &list), rows[i].code);
        assert_ptr_equal(list, (struct addrinfo *)16);
    }
}

static void host_entries(void **state)
{
    (void)state;
    struct addrinfo *list;
    struct hostent host;
    assert_int_equal(hg_addrinfo_parse("=own\n" FOUR SIX "\n" FOUR, &list), 0);
    char *exact = NULL;
    for (size_t size = 0; size < 256; size++) {
        exact = malloc(size + 1);
        assert_non_null(exact);
        int code = hg_hostent_build(list, AF_INET, "asked", &host, exact + 1, size); /* misaligned */
        if (code == 0)
            break;
        assert_int_equal(code, -ERANGE);
        free(exact);
        exact = NULL;
    }
    assert_non_null(exact);
    assert_string_equal(host.h_name, "own");
    assert_null(host.h_aliases[0]);
    assert_int_equal(host.h_addrtype, AF_INET);
    assert_int_equal(host.h_length, 4);
    assert_memory_equal(host.h_addr_list[0], "\x7f\0\0\1", 4);
    assert_memory_equal(host.h_addr_list[1], "\x7f\0\0\1", 4);
    assert_null(host.h_addr_list[2]);
    free(exact);
    freeaddrinfo(list);

    char room[256];
    assert_int_equal(hg_addrinfo_parse(SIX, &list), 0);
    assert_int_equal(hg_hostent_build(list, AF_INET, "asked", &host, room, sizeof room), HOST_NOT_FOUND);
    assert_int_equal(hg_hostent_build(list, AF_INET6, "asked", &host, room, sizeof room), 0);
    assert_string_equal(host.h_name, "asked");
    assert_int_equal(host.h_length, 16);
    freeaddrinfo(list);
}

static void places(void **state)
{
    (void)state;
    static const char text[] = "D/home/u/.ssh\nW/tmp\nW/work/dir/\n\nX/other\nWrelative\nW";
    static const struct {
        char kind;
        const char *path;
        bool holds;
    } rows[] = {
        {'W', "/tmp", true},
        {'W', "/tmp/x/y", true},
        {'W', "/tmpx", false},
        {'W', "/", false},
        {'W', "/work/dir", true},
        {'W', "/work/dir/a", true},
        {'W', "/work", false},
        {'W', "/home/u/.ssh/id", false},
        {'D', "/home/u/.ssh/id", true},
        {'D', "/home/u/.sshd", false},
        {'D', "/tmp/x", false},
        {'W', "relative", false},
        {'W', "", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(hg_place_holds(text, rows[i].kind, rows[i].path), rows[i].holds);
    assert_true(hg_place_holds("W/", 'W', "/any/thing"));
    assert_false(hg_place_holds("", 'W', "/any/thing"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex),          cmocka_unit_test(numeric_hosts),
        cmocka_unit_test(answers),      cmocka_unit_test(malformed_answers),
        cmocka_unit_test(host_entries), cmocka_unit_test(places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
