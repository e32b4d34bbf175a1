/* SPDX-License-Identifier: Apache-2.0 */
/* Where connections may go: [net] allow, and the addresses that the guard itself handed out for allowed
 * names. */
#ifndef HUBGUARD_POLICY_NET_H
#define HUBGUARD_POLICY_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "policy/policy.h"
#include "shim/roots.h"

struct hg_net;

/* `hub` becomes the endpoints in force: a table of variables, defaults and content hosts with their sources
 * (HF_ENDPOINT and the hub's CDN and xet hosts, GitHub for torch.hub, MODELSCOPE_ENDPOINT, ...). A variable
 * that names an endpoint with a port allows that port only; defaults allow 443 and 80. 0, -ENOMEM, -EINVAL
 * with *err. */
int hg_net_new(const struct hg_policy *policy, hg_getenv_fn *env, void *ctx, struct hg_net **out,
               struct hg_error *err);
void hg_net_free(struct hg_net *net);

/* May this name be resolved (case-insensitive, a trailing dot ignored; a numeric address is judged as an
 * address)? */
bool hg_net_may_resolve(const struct hg_net *net, const char *host);
/* The guard resolved `host` to this address: connections to it are now allowed at the ports of the rules that
 * `host` matches. Bounded (least recently handed out is dropped). */
int hg_net_handed_out(struct hg_net *net, const char *host, const struct sockaddr *address, socklen_t size);
/* AF_INET, AF_INET6 (IPv4-mapped judged as IPv4) only. */
bool hg_net_may_connect(const struct hg_net *net, const struct sockaddr *address, socklen_t size);
/* As the policy says it, for messages: "hub" or the list. Borrowed. */
const char *hg_net_text(const struct hg_net *net);
/* The rules that `hub` stands for, one `HOST:PORT` a line with the source behind `#`, for `policy show`. */
size_t hg_net_count(const struct hg_net *net);
const char *hg_net_rule(const struct hg_net *net, size_t i);

#endif
