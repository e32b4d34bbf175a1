/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/net.h"
#include "policy/net_rules.h"

static struct hg_error err;

/* NAME=VALUE strings, NULL at the end. */
static const char *from_list(const char *name, void *ctx)
{
    size_t len = strlen(name);
    for (const char *const *item = ctx; item != NULL && *item != NULL; item++)
        if (strncmp(*item, name, len) == 0 && (*item)[len] == '=')
            return *item + len + 1;
    return NULL;
}

static struct hg_net *net_of(const char *allow, const char *const *env)
{
    struct hg_policy policy;
    struct hg_net *net = NULL;
    memset(&err, 0, sizeof err);
    assert_int_equal(hg_policy_default(&policy, &err), 0);
    if (hg_policy_set(&policy, "net", "allow", allow, "test", &err) < 0)
        fail_msg("%s: %s", allow, err.text);
    int rc = hg_net_new(&policy, from_list, (void *)(uintptr_t)env, &net, &err);
    hg_policy_free(&policy);
    assert_int_equal(rc, net != NULL ? 0 : -EINVAL);
    return net;
}

/* "1.2.3.4" or "::1", with the family that it is spelled in. */
static socklen_t address_of(const char *text, unsigned port, struct sockaddr_storage *out)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1) {
        memcpy(out, &four, sizeof four);
        return sizeof four;
    }
    six.sin6_scope_id = strchr(text, '%') != NULL ? 2 : 0;
    char plain[64];
    (void)snprintf(plain, sizeof plain, "%.*s", (int)strcspn(text, "%"), text);
    assert_int_equal(inet_pton(AF_INET6, plain, &six.sin6_addr), 1);
    memcpy(out, &six, sizeof six);
    return sizeof six;
}

static bool may(const struct hg_net *net, const char *address, unsigned port)
{
    struct sockaddr_storage a;
    socklen_t size = address_of(address, port, &a);
    return hg_net_may_connect(net, (const struct sockaddr *)&a, size);
}

static int give(struct hg_net *net, const char *host, const char *address)
{
    struct sockaddr_storage a;
    socklen_t size = address_of(address, 0, &a);
    return hg_net_handed_out(net, host, (const struct sockaddr *)&a, size);
}

static void resolve_names(void **state)
{
    (void)state;
    static const struct {
        const char *allow, *host;
        bool may;
    } cases[] = {
        {"example.org", "example.org", true},
        {"example.org", "EXAMPLE.org.", true},
        {"example.org:443", "example.org", true},
        {"example.org", "example.org..", false},
        {"example.org", "www.example.org", false},
        {"example.org", "notexample.org", false},
        {"example.org", "example.org\xc2\xa0", false},
        {"example.org", "", false},
        {"example.org", ".", false},
        {"*.example.org", "a.example.org", true},
        {"*.example.org", "a.b.Example.ORG", true},
        {"*.example.org", "example.org", false},
        {"*.example.org", ".example.org", false},
        {"*.example.org", "aexample.org", false},
        {"xn--bcher-kva.example", "xn--bcher-kva.example", true},
        {"xn--bcher-kva.example",
         "b\xc3\xbc"
         "cher.example",
         false},
        {"none", "example.org", false},
        {"any", "example.org", true},
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "127.1", true},
        {"127.0.0.1", "0x7f.1", true},
        {"127.0.0.1", "2130706433", true},
        {"127.0.0.1", "0177.0.0.01", true},
        {"127.0.0.1", "::ffff:127.0.0.1", true},
        {"127.0.0.1", "0.0.0.0", true},
        {"127.0.0.1", "127.0.0.2", false},
        {"127.0.0.1", "localhost", false},
        {"example.org", "2130706433", false},
        {"fe80::/10", "fe80::1%eth0", true},
        {"10.0.0.0/8", "10.1.2.3", true},
        {"10.0.0.0/8", "11.1.2.3", false},
        {"hub", "huggingface.co", true},
        {"hub", "cdn-lfs-us-1.hf.co", true},
        {"hub", "cas-bridge.xethub.hf.co", true},
        {"hub", "transfer.xethub.hf.co", true},
        {"hub", "codeload.github.com", true},
        {"hub", "huggingface.co.evil.example", false},
        {"hub", "evilhuggingface.co", false},
        {"hub", "gist.github.com", false},
        {"hub", "pypi.org", false},
        {"hub", "127.0.0.1", false},
        {"hub", "localhost", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hg_net *net = net_of(cases[i].allow, NULL);
        bool got = hg_net_may_resolve(net, cases[i].host);
        if (got != cases[i].may)
            print_error("%s: %s gave %d\n", cases[i].allow, cases[i].host, got);
        assert_int_equal(got, cases[i].may);
        hg_net_free(net);
    }
}

static void connect_by_address(void **state)
{
    (void)state;
    static const struct {
        const char *allow, *address;
        unsigned port;
        bool may;
    } cases[] = {
        {"any", "169.254.169.254", 80, true},
        {"none", "8.8.8.8", 53, false},
        {"hub", "8.8.8.8", 443, false},
        {"10.0.0.0/8", "10.255.0.1", 1, true},
        {"10.0.0.0/8", "::ffff:10.0.0.1", 1, true},
        {"10.0.0.0/8:80", "10.0.0.1", 80, true},
        {"10.0.0.0/8:80", "10.0.0.1", 81, false},
        {"10.0.0.0/8", "9.255.255.255", 1, false},
        {"10.0.0.0/8", "::10.0.0.1", 1, false},
        {"10.0.0.4/30", "10.0.0.7", 1, true},
        {"10.0.0.4/30", "10.0.0.8", 1, false},
        {"127.0.0.1:80", "0.0.0.0", 80, true},
        {"10.0.0.1", "0.0.0.0", 80, false},
        {"0.0.0.0/8", "0.0.0.0", 80, false},
        {"::1", "::", 80, true},
        {"2001:db8::/32", "::", 80, false},
        {"[2001:db8::1]:443", "2001:db8::1", 443, true},
        {"[2001:db8::1]:443", "2001:db8::1", 80, false},
        {"::/0", "10.0.0.1", 80, false},
        {"::/0", "::ffff:10.0.0.1", 80, false},
        {"::/0", "2001:db8::1", 80, true},
        {"0.0.0.0/0", "10.0.0.1", 80, true},
        {"0.0.0.0/0", "2001:db8::1", 80, false},
        {"::ffff:10.0.0.0/104", "10.1.1.1", 80, true},
        {"::ffff:10.0.0.0/104", "11.1.1.1", 80, false},
        {"fe80::/10", "fe80::1%2", 80, true},
        {"example.org", "93.184.216.34", 443, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hg_net *net = net_of(cases[i].allow, NULL);
        bool got = may(net, cases[i].address, cases[i].port);
        if (got != cases[i].may)
            print_error("%s: %s:%u gave %d\n", cases[i].allow, cases[i].address, cases[i].port, got);
        assert_int_equal(got, cases[i].may);
        hg_net_free(net);
    }
}

/* What a name may resolve to, by who named it. */
static void handed_out(void **state)
{
    (void)state;
    static const char *const mirror[] = {"HF_ENDPOINT=http://mirror.corp:8080/hf", NULL};
    static const char *const local[] = {"HF_ENDPOINT=http://localhost:8000", NULL};
    static const struct {
        const char *allow;
        const char *const *env;
        const char *host, *address;
        unsigned port;
        bool may;
    } cases[] = {
        {"hub", NULL, "huggingface.co", "18.164.174.1", 443, true},
        {"hub", NULL, "huggingface.co", "18.164.174.1", 80, true},
        {"hub", NULL, "huggingface.co", "18.164.174.1", 22, false},
        {"hub", NULL, "huggingface.co.", "2600:9000::1", 443, true},
        {"hub", NULL, "huggingface.co", "10.0.0.1", 443, false},
        {"hub", NULL, "huggingface.co", "127.0.0.1", 443, false},
        {"hub", NULL, "huggingface.co", "0.0.0.0", 443, false},
        {"hub", NULL, "huggingface.co", "::", 443, false},
        {"hub", NULL, "huggingface.co", "::ffff:127.0.0.1", 443, false},
        {"hub", NULL, "huggingface.co", "64:ff9b::169.254.169.254", 443, false},
        {"hub", NULL, "huggingface.co", "64:ff9b::8.8.8.8", 443, true},
        {"hub", NULL, "huggingface.co", "2002:7f00:1::", 443, false},
        {"hub", NULL, "huggingface.co", "::127.0.0.1", 443, false},
        {"hub", NULL, "huggingface.co", "169.254.169.254", 80, false},
        {"hub", NULL, "huggingface.co", "fd00::1", 443, false},
        {"hub", NULL, "huggingface.co", "fe80::1", 443, false},
        {"hub", NULL, "huggingface.co", "198.18.0.7", 443, true},
        {"hub", NULL, "evil.example", "18.164.174.1", 443, false},
        {"hub", mirror, "mirror.corp", "10.0.0.1", 8080, true},
        {"hub", mirror, "mirror.corp", "10.0.0.1", 443, false},
        {"hub", mirror, "mirror.corp", "127.0.0.1", 8080, false},
        {"hub", mirror, "mirror.corp", "169.254.169.254", 8080, false},
        {"hub", mirror, "huggingface.co", "18.164.174.1", 443, false},
        {"hub", mirror, "github.com", "10.0.0.1", 443, false},
        {"hub", local, "localhost", "127.0.0.1", 8000, true},
        {"hub", local, "localhost", "::1", 8000, true},
        {"hub", local, "localhost", "127.0.0.1", 8001, false},
        {"hub", local, "localhost", "169.254.169.254", 8000, false},
        {"example.org", NULL, "example.org", "10.0.0.1", 5000, true},
        {"example.org", NULL, "example.org", "127.0.0.1", 5000, false},
        {"example.org 127.0.0.0/8:5000", NULL, "example.org", "127.0.0.1", 5000, true},
        {"example.org 127.0.0.0/8:5000", NULL, "example.org", "127.0.0.1", 5001, false},
        {"*.example.org", NULL, "a.example.org", "10.0.0.1", 443, false},
        {"*.example.org 10.0.0.0/8", NULL, "a.example.org", "10.0.0.1", 443, true},
        {"*.example.org:8443", NULL, "a.example.org", "93.184.216.34", 8443, true},
        {"*.example.org:8443", NULL, "a.example.org", "93.184.216.34", 443, false},
        {"any", NULL, "x.example", "127.0.0.1", 1, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hg_net *net = net_of(cases[i].allow, cases[i].env);
        (void)give(net, cases[i].host, cases[i].address);
        bool got = may(net, cases[i].address, cases[i].port);
        if (got != cases[i].may)
            print_error("%s: %s as %s:%u gave %d\n", cases[i].allow, cases[i].host, cases[i].address,
                        cases[i].port, got);
        assert_int_equal(got, cases[i].may);
        hg_net_free(net);
    }
}

static bool stands_for(const struct hg_net *net, const char *rule)
{
    for (size_t i = 0; i < hg_net_count(net); i++)
        if (strncmp(hg_net_rule(net, i), rule, strlen(rule)) == 0 &&
            strstr(hg_net_rule(net, i), "  # ") == hg_net_rule(net, i) + strlen(rule))
            return true;
    return false;
}

static void endpoints_from_the_environment(void **state)
{
    (void)state;
    static const struct {
        const char *env[3], *rule;
    } cases[] = {
        {{NULL}, "huggingface.co:443"},
        {{NULL}, "www.modelscope.cn:443"},
        {{"HF_ENDPOINT=https://hf-mirror.com"}, "hf-mirror.com:443"},
        {{"HF_ENDPOINT=http://127.0.0.1:8000/"}, "127.0.0.1:8000"},
        {{"HF_ENDPOINT=HTTP://user:p%40ss@Mirror.Corp/x?y"}, "Mirror.Corp:80"},
        {{"HF_ENDPOINT=https://[::1]:8443"}, "[::1]:8443"},
        {{"HF_ENDPOINT="}, "huggingface.co:443"},
        {{"MODELSCOPE_DOMAIN=www.modelscope.ai"}, "www.modelscope.ai:443"},
        {{"MODELSCOPE_ENDPOINT=http://ms.corp:81", "MODELSCOPE_DOMAIN=other"}, "ms.corp:81"},
        {{"CSGHUB_DOMAIN=https://csg.corp"}, "csg.corp:443"},
    };
    static const char *const bad[] = {"HF_ENDPOINT=ftp://x",      "HF_ENDPOINT=https://",
                                      "HF_ENDPOINT=https://x:y",  "HF_ENDPOINT=https://x:70000",
                                      "HF_ENDPOINT=https://*.co", "HF_ENDPOINT=https://a b",
                                      "HF_ENDPOINT=a:b:c",        "HF_ENDPOINT=https://10.0.0.0%2f8/"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hg_net *net = net_of("hub", cases[i].env);
        if (!stands_for(net, cases[i].rule))
            print_error("no %s\n", cases[i].rule);
        assert_true(stands_for(net, cases[i].rule));
        assert_string_equal(hg_net_text(net), "hub");
        assert_null(hg_net_rule(net, hg_net_count(net)));
        hg_net_free(net);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *env[] = {bad[i], NULL};
        assert_null(net_of("hub", env));
        assert_non_null(strstr(err.text, "HF_ENDPOINT: `"));
    }
}

/* The oldest is forgotten, the rest stays. */
static void bounded(void **state)
{
    (void)state;
    char address[32];
    struct hg_net *net = net_of("example.org", NULL);
    for (unsigned i = 0; i < 3000; i++) {
        (void)snprintf(address, sizeof address, "93.%u.%u.1", i / 250, i % 250);
        assert_int_equal(give(net, "example.org", address), 0);
        assert_int_equal(give(net, "example.org", "93.200.0.1"), 0);
    }
    assert_true(may(net, address, 443));
    assert_true(may(net, "93.200.0.1", 443));
    assert_false(may(net, "93.0.0.1", 443));
    hg_net_free(net);
}

static void foreign_shapes(void **state)
{
    (void)state;
    struct hg_net *net = net_of("127.0.0.1", NULL);
    struct sockaddr_storage a;
    socklen_t size = address_of("127.0.0.1", 80, &a);
    const struct sockaddr *generic = (const struct sockaddr *)&a;
    assert_true(hg_net_may_connect(net, generic, size));
    for (socklen_t shorter = 0; shorter < size; shorter++)
        assert_false(hg_net_may_connect(net, generic, shorter));
    size = address_of("::ffff:127.0.0.1", 80, &a);
    assert_true(hg_net_may_connect(net, generic, size));
    assert_true(hg_net_may_connect(net, generic, 24)); /* without sin6_scope_id, RFC 2133 */
    assert_false(hg_net_may_connect(net, generic, 23));
    a.ss_family = AF_UNIX;
    assert_false(hg_net_may_connect(net, generic, size));
    assert_int_equal(hg_net_handed_out(net, "x", generic, size), -EAFNOSUPPORT);
    hg_net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resolve_names), cmocka_unit_test(connect_by_address),
        cmocka_unit_test(handed_out),    cmocka_unit_test(endpoints_from_the_environment),
        cmocka_unit_test(bounded),       cmocka_unit_test(foreign_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
