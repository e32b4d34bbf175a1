/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as shim and guard write them to each other (wire.h), and as programs expect them of libc. */
#ifndef HUBGUARD_SHIM_ADDRESSES_H
#define HUBGUARD_SHIM_ADDRESSES_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>

/* `size` bytes in lower-case hex and a NUL: 2 * size + 1 bytes of `out`. */
void hg_hex(const void *bytes, size_t size, char *out);

/* An address, not a name: what inet_aton(3) takes, or IPv6 with or without a scope. */
bool hg_is_numeric_host(const char *host);

/* The guard's answer to HG_REQ_RESOLVE as getaddrinfo(3) returns it, for freeaddrinfo(3) of glibc: each entry
 * one block with its address, the name of its own in the first. 0, EAI_NONAME when there is no address,
 * EAI_MEMORY, EAI_FAIL when it is malformed. */
int hg_addrinfo_parse(const char *text, struct addrinfo **out);

/* The addresses of `family` in `list` as a struct hostent, everything in `buffer`. `name` stands in for a
 * canonical name. 0, HOST_NOT_FOUND when there is none; -ERANGE: the buffer is too small. */
int hg_hostent_build(const struct addrinfo *list, int family, const char *name, struct hostent *out,
                     char *buffer, size_t size);

#endif
