/* SPDX-License-Identifier: Apache-2.0 */
/* Rules and addresses of [net]: what net.c decides with. Internal to policy/. */
#ifndef HUBGUARD_POLICY_NET_RULES_H
#define HUBGUARD_POLICY_NET_RULES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "scanner/error.h"
#include "shim/roots.h"

/* Both families in one form: an IPv4 address stands IPv4-mapped (::ffff:a.b.c.d), as IPv6 sockets spell it.
 */
struct hg_address {
    uint8_t bytes[16];
};

/* Who may hand out an address of this class: the network at large, a rule that the user wrote, or only a rule
 * that names the address itself. */
enum hg_address_class {
    HG_ADDRESS_PUBLIC = 0,
    HG_ADDRESS_PRIVATE, /* RFC 1918, RFC 6598, fc00::/7 */
    HG_ADDRESS_LOCAL    /* loopback, link-local (cloud metadata), multicast, reserved */
};

enum hg_net_kind { HG_NET_HOST, HG_NET_DOMAIN, HG_NET_CIDR, HG_NET_ANY };

struct hg_net_rule {
    enum hg_net_kind kind;
    char *name; /* HOST and DOMAIN: lower case, without `*.` and the trailing dot; malloc */
    struct hg_address address;
    uint8_t prefix; /* of the 128 bits */
    uint16_t port;  /* 0: any */
    bool trusted;   /* the user named this host, so it may lie in a private network */
    char *text;     /* as `policy show` has it; malloc */
};

/* "10.0.0.1", "0x7f.1", "2130706433", "fe80::1%eth0", "[::1]": everything that the resolver would take for an
 * address instead of a name. IPv4-mapped and unspecified addresses come out as what the kernel connects to.
 */
bool hg_address_parse(const char *text, struct hg_address *out);
/* The same as spelled: 0.0.0.0 in front of a /prefix is no host. */
bool hg_address_parse_raw(const char *text, struct hg_address *out);
/* -EAFNOSUPPORT: neither AF_INET nor AF_INET6; -EINVAL: too short for its family. */
int hg_address_from(const struct sockaddr *address, socklen_t size, struct hg_address *out, uint16_t *port);
bool hg_address_is_v4(const struct hg_address *address);
enum hg_address_class hg_address_class_of(const struct hg_address *address);
bool hg_address_below(const struct hg_address *address, const struct hg_address *net, uint8_t prefix);

/* Lower case, without a trailing dot. False when it is no name that a rule can mean (too long, empty, a byte
 * that is not ASCII: an internationalised name comes as its A-labels, xn--). */
bool hg_host_clean(const char *host, char *out, size_t size);

/* A word that hg_word_net has accepted, other than `hub`. 0, -EINVAL, -ENOMEM. */
int hg_net_rule_parse(const char *word, struct hg_net_rule *out);
void hg_net_rule_free(struct hg_net_rule *rule);

/* The rules that `hub` stands for, handed to `add` one by one; it owns each one from then on. */
typedef int hg_net_add_fn(void *ctx, struct hg_net_rule *rule);
int hg_net_hub(hg_getenv_fn *env, void *env_ctx, hg_net_add_fn *add, void *ctx, struct hg_error *err);

#endif
