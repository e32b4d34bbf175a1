/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/sockaddr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

void hg_hex_write(const void *bytes, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = bytes;
    for (size_t i = 0; i < size; i++) {
        *out++ = digits[p[i] >> 4];
        *out++ = digits[p[i] & 15];
    }
    *out = '\0';
}

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

long hg_hex_read(const char *hex, void *out, size_t room)
{
    unsigned char *to = out;
    size_t n = 0;
    for (; *hex != '\0'; hex += 2) {
        int high = digit(hex[0]), low = high < 0 ? -1 : digit(hex[1]);
        if (low < 0 || n == room)
            return -EINVAL;
        to[n++] = (unsigned char)(high << 4 | low);
    }
    return (long)n;
}

/* What connect(2) of each family takes, and how much of it means anything. */
static const struct {
    sa_family_t family;
    size_t least, most;
} families[] = {
    {AF_UNSPEC, sizeof(sa_family_t), sizeof(struct sockaddr)},
    {AF_INET, sizeof(struct sockaddr_in), sizeof(struct sockaddr_in)},
    {AF_INET6, offsetof(struct sockaddr_in6, sin6_scope_id), sizeof(struct sockaddr_in6)},
    {AF_UNIX, offsetof(struct sockaddr_un, sun_path) + 1, sizeof(struct sockaddr_un)},
};

int hg_sockaddr_take(const void *bytes, size_t size, struct hg_sockaddr *out)
{
    sa_family_t family;
    memset(out, 0, sizeof *out);
    if (size < sizeof family || size > sizeof out->at)
        return -EINVAL;
    memcpy(&family, bytes, sizeof family);
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        if (families[i].family != family)
            continue;
        if (size < families[i].least || (family == AF_UNIX && size > families[i].most))
            return -EINVAL;
        size = size < families[i].most ? size : families[i].most;
        memcpy(&out->at, bytes, size);
        if (family == AF_INET6)
            size = sizeof(struct sockaddr_in6);
        out->size = (socklen_t)(family == AF_UNSPEC ? sizeof(struct sockaddr) : size);
        return 0;
    }
    return -EAFNOSUPPORT;
}

int hg_sockaddr_parse(const char *hex, struct hg_sockaddr *out)
{
    unsigned char bytes[sizeof(struct sockaddr_storage)];
    long n = hg_hex_read(hex, bytes, sizeof bytes);
    return n < 0 ? -EINVAL : hg_sockaddr_take(bytes, (size_t)n, out);
}

bool hg_sockaddr_numeric(const char *host, unsigned port, struct hg_sockaddr *out)
{
    char bare[INET6_ADDRSTRLEN + 2];
    size_t n = strlen(host);
    memset(out, 0, sizeof *out);
    if (n >= sizeof bare)
        return false;
    bool brackets = n > 2 && host[0] == '[' && host[n - 1] == ']';
    memcpy(bare, host + brackets, n - 2 * (size_t)brackets);
    bare[n - 2 * (size_t)brackets] = '\0';
    struct sockaddr_in *v4 = (struct sockaddr_in *)&out->at;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->at;
    if (!brackets && inet_pton(AF_INET, bare, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        out->size = sizeof *v4;
        return true;
    }
    if (inet_pton(AF_INET6, bare, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        out->size = sizeof *v6;
        return true;
    }
    return false;
}

const char *hg_sockaddr_text(const struct hg_sockaddr *a, char out[HG_SOCKADDR_TEXT])
{
    char ip[INET6_ADDRSTRLEN] = "";
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a->at;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a->at;
    const struct sockaddr_un *un = (const struct sockaddr_un *)&a->at;
    out[0] = '\0';
    if (a->at.ss_family == AF_INET && inet_ntop(AF_INET, &v4->sin_addr, ip, sizeof ip) != NULL) {
        (void)snprintf(out, HG_SOCKADDR_TEXT, "%s:%u", ip, ntohs(v4->sin_port));
    } else if (a->at.ss_family == AF_INET6 && inet_ntop(AF_INET6, &v6->sin6_addr, ip, sizeof ip) != NULL) {
        (void)snprintf(out, HG_SOCKADDR_TEXT, "[%s]:%u", ip, ntohs(v6->sin6_port));
    } else if (a->at.ss_family == AF_UNIX) {
        bool abstract = un->sun_path[0] == '\0';
        (void)snprintf(out, HG_SOCKADDR_TEXT, "%s%.*s", abstract ? "@" : "",
                       (int)(sizeof un->sun_path - abstract), un->sun_path + abstract);
    }
    return out;
}
