/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/net_rules.h"

#define NAME_MAX_BYTES 256
/* A CDN answers with a few addresses a name, and `hub` has two ports a name. */
#define GIVEN_MAX 2048

/* An address that was handed out, for one port (0: any). */
struct given {
    struct hg_address address;
    uint16_t port;
    uint64_t when;
};

struct hg_net {
    struct hg_net_rule *rules;
    size_t count, room;
    size_t *hub; /* indices of the rules that `hub` stands for */
    size_t hub_count;
    struct given *given;
    size_t given_count;
    uint64_t clock;
    char *text;
};

/* --- the rules --- */

static char *copy_name(const char *text)
{
    char clean[NAME_MAX_BYTES];
    return hg_host_clean(text, clean, sizeof clean) ? strdup(clean) : NULL;
}

/* Cut the port and the brackets of an IPv6 address off `text`, in place. NULL when the port is none. */
static char *cut_port(char *text, uint16_t *port)
{
    char *colon = strchr(text, ':');
    if (text[0] == '[') {
        char *end = strchr(text, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':'))
            return NULL;
        colon = end[1] == ':' ? end + 1 : NULL;
        *end = '\0';
        text++;
    } else if (colon != NULL && strchr(colon + 1, ':') != NULL) {
        colon = NULL; /* IPv6 without brackets */
    }
    if (colon != NULL) {
        char *end;
        unsigned long n = strtoul(colon + 1, &end, 10);
        if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || n == 0 || n > UINT16_MAX)
            return NULL;
        *port = (uint16_t)n;
        *colon = '\0';
    }
    return text;
}

/* The bits that count, of the 128: those of an IPv4 address are the last. */
static int cut_prefix(char *slash, const struct hg_address *address, bool v6_spelled)
{
    bool v4 = hg_address_is_v4(address) && !v6_spelled;
    if (slash == NULL)
        return 128;
    char *end;
    long bits = strtol(slash + 1, &end, 10);
    if (end == slash + 1 || *end != '\0' || bits < 0 || bits > (v4 ? 32 : 128))
        return -EINVAL;
    return (int)bits + (v4 ? 96 : 0);
}

static int parse_cidr(char *host, struct hg_net_rule *out)
{
    char *slash = strchr(host, '/');
    if (slash != NULL)
        *slash = '\0';
    if (slash != NULL ? !hg_address_parse_raw(host, &out->address) : !hg_address_parse(host, &out->address))
        return -EINVAL;
    int prefix = cut_prefix(slash, &out->address, strchr(host, ':') != NULL);
    if (prefix < 0)
        return prefix;
    out->prefix = (uint8_t)prefix;
    out->kind = HG_NET_CIDR;
    return 0;
}

static int parse_host(char *host, struct hg_net_rule *out)
{
    if (host == NULL)
        return -EINVAL;
    if (strchr(host, '/') != NULL || hg_address_parse(host, &out->address))
        return parse_cidr(host, out);
    bool wild = host[0] == '*' && host[1] == '.';
    out->kind = wild ? HG_NET_DOMAIN : HG_NET_HOST;
    out->trusted = !wild;
    out->name = copy_name(wild ? host + 2 : host);
    return out->name != NULL ? 0 : -EINVAL;
}

int hg_net_rule_parse(const char *word, struct hg_net_rule *out)
{
    memset(out, 0, sizeof *out);
    out->text = strdup(word);
    char *copy = strdup(word);
    int rc = out->text == NULL || copy == NULL ? -ENOMEM : 0;
    if (rc == 0 && strcmp(word, "any") == 0)
        out->kind = HG_NET_ANY;
    else if (rc == 0)
        rc = parse_host(cut_port(copy, &out->port), out);
    free(copy);
    if (rc < 0)
        hg_net_rule_free(out);
    return rc;
}

void hg_net_rule_free(struct hg_net_rule *rule)
{
    free(rule->name);
    free(rule->text);
    memset(rule, 0, sizeof *rule);
}

static int add_rule(void *ctx, struct hg_net_rule *rule)
{
    struct hg_net *net = ctx;
    if (net->count == net->room) {
        size_t room = net->room > 0 ? net->room * 2 : 64;
        struct hg_net_rule *more = realloc(net->rules, room * sizeof *more);
        if (more == NULL) {
            hg_net_rule_free(rule);
            return -ENOMEM;
        }
        net->rules = more;
        net->room = room;
    }
    net->rules[net->count++] = *rule;
    return 0;
}

static int add_hub_rule(void *ctx, struct hg_net_rule *rule)
{
    struct hg_net *net = ctx;
    size_t *more = realloc(net->hub, (net->hub_count + 1) * sizeof *more);
    if (more == NULL) {
        hg_net_rule_free(rule);
        return -ENOMEM;
    }
    net->hub = more;
    int rc = add_rule(net, rule);
    if (rc == 0)
        net->hub[net->hub_count++] = net->count - 1;
    return rc;
}

static int add_word(struct hg_net *net, const char *word, hg_getenv_fn *env, void *ctx, struct hg_error *err)
{
    struct hg_net_rule rule;
    if (strcmp(word, "none") == 0)
        return 0;
    if (strcmp(word, "hub") == 0)
        return hg_net_hub(env, ctx, add_hub_rule, net, err);
    int rc = hg_net_rule_parse(word, &rule);
    if (rc == -EINVAL)
        return hg_error_set(err, rc, "`allow` in [net]: `%.100s` is no rule", word);
    return rc < 0 ? rc : add_rule(net, &rule);
}

static char *join(const struct hg_words *words)
{
    size_t size = 1;
    for (size_t i = 0; i < words->count; i++)
        size += strlen(words->items[i]) + 1;
    char *text = malloc(size), *end = text;
    if (text == NULL)
        return NULL;
    *end = '\0';
    for (size_t i = 0; i < words->count; i++)
        end += sprintf(end, "%s%s", i > 0 ? " " : "", words->items[i]);
    return text;
}

int hg_net_new(const struct hg_policy *policy, hg_getenv_fn *env, void *ctx, struct hg_net **out,
               struct hg_error *err)
{
    struct hg_net *net = calloc(1, sizeof *net);
    *out = NULL;
    int rc = net != NULL ? 0 : -ENOMEM;
    if (rc == 0) {
        net->text = join(&policy->net_allow);
        net->given = calloc(GIVEN_MAX, sizeof *net->given);
        rc = net->text != NULL && net->given != NULL ? 0 : -ENOMEM;
    }
    for (size_t i = 0; rc == 0 && i < policy->net_allow.count; i++)
        rc = add_word(net, policy->net_allow.items[i], env, ctx, err);
    if (rc == -ENOMEM)
        (void)hg_error_set(err, rc, "out of memory");
    if (rc < 0)
        hg_net_free(net);
    else
        *out = net;
    return rc;
}

void hg_net_free(struct hg_net *net)
{
    if (net == NULL)
        return;
    for (size_t i = 0; i < net->count; i++)
        hg_net_rule_free(&net->rules[i]);
    free(net->rules);
    free(net->hub);
    free(net->given);
    free(net->text);
    free(net);
}

/* --- decisions --- */

static bool names(const struct hg_net_rule *rule, const char *host)
{
    if (rule->kind == HG_NET_ANY)
        return true;
    if (rule->kind == HG_NET_HOST)
        return strcmp(rule->name, host) == 0;
    if (rule->kind != HG_NET_DOMAIN)
        return false;
    size_t len = strlen(host), tail = strlen(rule->name);
    return len > tail + 1 && host[len - tail - 1] == '.' && strcmp(host + len - tail, rule->name) == 0;
}

static bool covers(const struct hg_net_rule *rule, const struct hg_address *address)
{
    return rule->kind == HG_NET_ANY ||
           (rule->kind == HG_NET_CIDR && hg_address_below(address, &rule->address, rule->prefix));
}

static bool allowed(const struct hg_net *net, const struct hg_address *address, const uint16_t *port)
{
    for (size_t i = 0; i < net->count; i++)
        if (covers(&net->rules[i], address) &&
            (port == NULL || net->rules[i].port == 0 || net->rules[i].port == *port))
            return true;
    for (size_t i = 0; i < net->given_count; i++) {
        const struct given *g = &net->given[i];
        if (memcmp(&g->address, address, sizeof *address) == 0 &&
            (port == NULL || g->port == 0 || g->port == *port))
            return true;
    }
    return false;
}

bool hg_net_may_resolve(const struct hg_net *net, const char *host)
{
    struct hg_address address;
    char clean[NAME_MAX_BYTES];
    if (!hg_host_clean(host, clean, sizeof clean))
        return false;
    if (hg_address_parse(clean, &address))
        return allowed(net, &address, NULL);
    for (size_t i = 0; i < net->count; i++)
        if (names(&net->rules[i], clean))
            return true;
    return false;
}

/* The one name that means this host by its definition (RFC 6761). */
static bool is_this_host(const char *host, const struct hg_address *address)
{
    static const struct hg_address four = {{[10] = 0xff, [11] = 0xff, [12] = 127}}, six = {{[15] = 1}};
    return strcmp(host, "localhost") == 0 &&
           (hg_address_below(address, &four, 96 + 8) || hg_address_below(address, &six, 128));
}

static bool may_give(const struct hg_net_rule *rule, const char *host, const struct hg_address *address)
{
    enum hg_address_class class = hg_address_class_of(address);
    if (rule->kind == HG_NET_ANY || class == HG_ADDRESS_PUBLIC)
        return true;
    return rule->trusted && (class == HG_ADDRESS_PRIVATE || is_this_host(host, address));
}

static void give(struct hg_net *net, const struct hg_address *address, uint16_t port)
{
    size_t at = 0;
    for (; at < net->given_count; at++)
        if (net->given[at].port == port && memcmp(&net->given[at].address, address, sizeof *address) == 0)
            break;
    if (at == net->given_count && at < GIVEN_MAX) {
        net->given_count++;
    } else if (at == net->given_count) {
        at = 0;
        for (size_t i = 1; i < net->given_count; i++)
            if (net->given[i].when < net->given[at].when)
                at = i;
    }
    net->given[at] = (struct given){*address, port, ++net->clock};
}

int hg_net_handed_out(struct hg_net *net, const char *host, const struct sockaddr *address, socklen_t size)
{
    struct hg_address a;
    uint16_t ignored;
    char clean[NAME_MAX_BYTES];
    bool given = false;
    int rc = hg_address_from(address, size, &a, &ignored);
    if (rc < 0)
        return rc;
    if (allowed(net, &a, NULL))
        given = true; /* by a rule that names the address, or a second time */
    if (!hg_host_clean(host, clean, sizeof clean))
        return -EACCES;
    for (size_t i = 0; i < net->count; i++)
        if (names(&net->rules[i], clean) && may_give(&net->rules[i], clean, &a)) {
            give(net, &a, net->rules[i].port);
            given = true;
        }
    return given ? 0 : -EACCES;
}

bool hg_net_may_connect(const struct hg_net *net, const struct sockaddr *address, socklen_t size)
{
    struct hg_address a;
    uint16_t port;
    return hg_address_from(address, size, &a, &port) == 0 && allowed(net, &a, &port);
}

const char *hg_net_text(const struct hg_net *net)
{
    return net->text;
}

size_t hg_net_count(const struct hg_net *net)
{
    return net->hub_count;
}

const char *hg_net_rule(const struct hg_net *net, size_t i)
{
    return i < net->hub_count ? net->rules[net->hub[i]].text : NULL;
}
