/* SPDX-License-Identifier: Apache-2.0 */
/* Any rules, endpoints, names and addresses. Input: NUL-separated HF_ENDPOINT, MODELSCOPE_DOMAIN, the rules
 * (separated by blanks), a name; the rest is a socket address. What is handed out may be connected to at some
 * port; no name and no spelling lets this host slip through unless a rule means it. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/net.h"
#include "policy/net_rules.h"
#include "policy/values.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fields {
    const char *endpoint, *domain, *rules, *name;
};

static const char *from_fields(const char *name, void *ctx)
{
    const struct fields *f = ctx;
    if (strcmp(name, "HF_ENDPOINT") == 0)
        return f->endpoint;
    return strcmp(name, "MODELSCOPE_DOMAIN") == 0 ? f->domain : NULL;
}

/* The same address as an IPv4 and an IPv4-mapped socket address is judged alike. */
static void check_mapped(const struct hg_net *net, const struct sockaddr_in *four)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = four->sin_port};
    six.sin6_addr.s6_addr[10] = six.sin6_addr.s6_addr[11] = 0xff;
    memcpy(six.sin6_addr.s6_addr + 12, &four->sin_addr, 4);
    if (hg_net_may_connect(net, (const struct sockaddr *)four, sizeof *four) !=
        hg_net_may_connect(net, (const struct sockaddr *)&six, sizeof six))
        abort();
}

static const void *raw_address(const struct sockaddr_storage *a)
{
    return a->ss_family == AF_INET ? (const void *)&((const struct sockaddr_in *)a)->sin_addr
                                   : (const void *)&((const struct sockaddr_in6 *)a)->sin6_addr;
}

static void use(struct hg_net *net, const struct fields *f, const uint8_t *address, size_t size)
{
    struct sockaddr_storage a = {0};
    struct hg_address parsed;
    char text[INET6_ADDRSTRLEN];
    size_t n = size < sizeof a ? size : sizeof a;
    memcpy(&a, address, n);
    for (int family = 0; family < 2; family++) {
        a.ss_family = family == 0 ? AF_INET : AF_INET6;
        const struct sockaddr *generic = (const struct sockaddr *)&a;
        bool before = hg_net_may_connect(net, generic, sizeof a);
        int rc = hg_net_handed_out(net, f->name, generic, sizeof a);
        if (rc < 0 && hg_net_may_connect(net, generic, sizeof a) != before)
            abort();
        if (rc == 0 &&
            hg_address_parse(inet_ntop(a.ss_family, raw_address(&a), text, sizeof text), &parsed) &&
            !hg_net_may_resolve(net, text))
            abort();
    }
    a.ss_family = AF_INET;
    check_mapped(net, (const struct sockaddr_in *)&a);
    if (hg_address_parse(f->name, &parsed))
        (void)hg_address_class_of(&parsed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hg_policy policy = {0};
    struct hg_error err = {""};
    struct hg_net *net = NULL;
    struct hg_net_rule rule;
    const char *parts[4] = {"", "", "", ""};
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    char *at = text;
    for (size_t i = 0; i < 4 && at < text + size; i++) {
        parts[i] = at;
        at += strlen(at) + 1;
    }
    if (at > text + size)
        at = text + size;
    struct fields f = {parts[0], parts[1], parts[2], parts[3]};
    if (hg_net_rule_parse(f.rules, &rule) == 0) /* also what the policy would not let through */
        hg_net_rule_free(&rule);
    if (hg_words_parse(&policy.net_allow, f.rules, ' ', hg_word_net, &err) == 0) {
        if (hg_net_new(&policy, from_fields, &f, &net, &err) == 0)
            use(net, &f, (const uint8_t *)at, (size_t)(text + size - at));
        else if (strstr(err.text, "unset it") == NULL)
            abort(); /* what the policy accepts is a rule; only an endpoint can be wrong */
    }
    hg_net_free(net);
    hg_words_free(&policy.net_allow);
    free(text);
    return 0;
}
