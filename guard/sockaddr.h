/* SPDX-License-Identifier: Apache-2.0 */
/* Socket addresses as the wire and messages write them. */
#ifndef HUBGUARD_GUARD_SOCKADDR_H
#define HUBGUARD_GUARD_SOCKADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define HG_SOCKADDR_TEXT 160

struct hg_sockaddr {
    struct sockaddr_storage at; /* zero beyond `size` */
    socklen_t size;
};

/* Bytes as a caller of connect(2) passed them, checked by family: AF_UNSPEC, AF_INET, AF_INET6 and AF_UNIX
 * only, sizes as the kernel wants them, surplus cut off. 0, -EINVAL, -EAFNOSUPPORT (as connect(2) would say).
 */
int hg_sockaddr_take(const void *bytes, size_t size, struct hg_sockaddr *out);
/* The same from hexadecimal text. */
int hg_sockaddr_parse(const char *hex, struct hg_sockaddr *out);
/* An IPv4 or IPv6 address in text with a port, as "192.0.2.1", "[2001:db8::1]" (the brackets may be missing).
 * False: it is a name. */
bool hg_sockaddr_numeric(const char *host, unsigned port, struct hg_sockaddr *out);
/* "192.0.2.1:443", "[2001:db8::1]:443", the path, "@name" for an abstract socket. Returns out. */
const char *hg_sockaddr_text(const struct hg_sockaddr *address, char out[HG_SOCKADDR_TEXT]);
/* Upper bound of `out`: 2 * size + 1. */
void hg_hex_write(const void *bytes, size_t size, char *out);
/* Number of bytes, or -EINVAL when it is no hexadecimal text or has more than `room` bytes. */
long hg_hex_read(const char *hex, void *out, size_t room);

#endif
