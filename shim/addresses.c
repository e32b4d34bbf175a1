/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/addresses.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void hg_hex(const void *bytes, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *b = bytes;
    for (size_t i = 0; i < size; i++) {
        *out++ = digits[b[i] >> 4];
        *out++ = digits[b[i] & 15];
    }
    *out = '\0';
}

bool hg_is_numeric_host(const char *host)
{
    struct in6_addr six;
    struct in_addr four;
    char head[INET6_ADDRSTRLEN];
    size_t n = strcspn(host, "%"); /* a scope */
    if (n >= sizeof head)
        return false;
    memcpy(head, host, n);
    head[n] = '\0';
    return inet_pton(AF_INET6, head, &six) == 1 || inet_aton(host, &four) != 0;
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A decimal number and the blank behind it. */
static bool number(const char **at, int *out)
{
    long n = 0;
    const char *c = *at;
    for (; *c >= '0' && *c <= '9' && n <= INT_MAX; c++)
        n = n * 10 + (*c - '0');
    if (c == *at || n > INT_MAX || *c != ' ')
        return false;
    *at = c + 1;
    *out = (int)n;
    return true;
}

/* Hex up to the end of the line. Bytes written, or 0. */
static size_t unhex(const char **at, unsigned char *out, size_t room)
{
    size_t n = 0;
    for (; **at != '\n' && **at != '\0'; *at += 2, n++) {
        int high = nibble((*at)[0]), low = high < 0 ? -1 : nibble((*at)[1]);
        if (low < 0 || n == room)
            return 0;
        out[n] = (unsigned char)(high << 4 | low);
    }
    return n;
}

static size_t size_of_family(int family)
{
    return family == AF_INET    ? sizeof(struct sockaddr_in)
           : family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                : 0;
}

static int parse_line(const char **at, struct addrinfo **out)
{
    int family, type, protocol;
    union {
        struct sockaddr head;
        unsigned char bytes[sizeof(struct sockaddr_in6)];
    } address;
    if (!number(at, &family) || !number(at, &type) || !number(at, &protocol))
        return EAI_FAIL;
    size_t size = unhex(at, address.bytes, sizeof address.bytes);
    if (size == 0 || size != size_of_family(family) || address.head.sa_family != family)
        return EAI_FAIL;
    struct addrinfo *a = malloc(sizeof *a + size);
    if (a == NULL)
        return EAI_MEMORY;
    *a = (struct addrinfo){.ai_family = family,
                           .ai_socktype = type,
                           .ai_protocol = protocol,
                           .ai_addrlen = (socklen_t)size,
                           .ai_addr = (struct sockaddr *)(a + 1)};
    memcpy(a + 1, address.bytes, size);
    *out = a;
    return 0;
}

static int parse_lines(const char *text, struct addrinfo **list, char **name)
{
    struct addrinfo **last = list;
    for (; *text != '\0'; text += *text == '\n') {
        size_t n = strcspn(text, "\n");
        if (text[0] == '=' && *name == NULL && *list == NULL) {
            if ((*name = strndup(text + 1, n - 1)) == NULL)
                return EAI_MEMORY;
            text += n;
            continue;
        }
        int code = parse_line(&text, last);
        if (code != 0)
            return code;
        last = &(*last)->ai_next;
    }
    return *list == NULL ? EAI_NONAME : 0;
}

int hg_addrinfo_parse(const char *text, struct addrinfo **out)
{
    struct addrinfo *list = NULL;
    char *name = NULL;
    int code = parse_lines(text, &list, &name);
    if (code != 0) {
        free(name);
        while (list != NULL) {
            struct addrinfo *next = list->ai_next;
            free(list);
            list = next;
        }
        return code;
    }
    list->ai_canonname = name;
    *out = list;
    return 0;
}

static const void *raw_address(const struct addrinfo *a, size_t *size)
{
    if (a->ai_family == AF_INET) {
        *size = sizeof(struct in_addr);
        return &((const struct sockaddr_in *)(const void *)a->ai_addr)->sin_addr;
    }
    *size = sizeof(struct in6_addr);
    return &((const struct sockaddr_in6 *)(const void *)a->ai_addr)->sin6_addr;
}

int hg_hostent_build(const struct addrinfo *list, int family, const char *name, struct hostent *out,
                     char *buffer, size_t size)
{
    size_t count = 0, length = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next)
        count += a->ai_family == family;
    if (count == 0)
        return HOST_NOT_FOUND;
    const char *own = list->ai_canonname != NULL ? list->ai_canonname : name;
    size_t name_size = strlen(own) + 1, skew = -(uintptr_t)buffer % sizeof(char *);
    size_t pointers = (count + 2) * sizeof(char *); /* of the addresses, and an empty list of aliases */
    if (size < skew || size - skew < pointers + count * length + name_size)
        return -ERANGE;
    char **addresses = (char **)(void *)(buffer + skew);
    char *at = buffer + skew + pointers;
    size_t i = 0;
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        size_t n;
        if (a->ai_family != family)
            continue;
        memcpy(at, raw_address(a, &n), length);
        addresses[i++] = at;
        at += length;
    }
    addresses[i] = NULL;
    addresses[i + 1] = NULL;
    memcpy(at, own, name_size);
    *out = (struct hostent){.h_name = at,
                            .h_aliases = addresses + i + 1,
                            .h_addrtype = family,
                            .h_length = (int)length,
                            .h_addr_list = addresses};
    return 0;
}
