/* SPDX-License-Identifier: Apache-2.0 */
/* Names to addresses. Under the cage the guard resolves: the process needs no datagram socket, and a name
 * that the policy does not know is asked of nobody. Numeric addresses need no guard. Addresses are not
 * resolved to names. */
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "shim/addresses.h"
#include "shim/cage.h"
#include "shim/shim.h"

#define REAL(name, type)                                                                                     \
    static type *real;                                                                                       \
    if (__builtin_expect(real == NULL, 0))                                                                   \
    real = (type *)hg_real(#name)

typedef int getaddrinfo_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);
typedef int getnameinfo_fn(const struct sockaddr *, socklen_t, char *, socklen_t, char *, socklen_t, int);
typedef struct hostent *byname_fn(const char *);
typedef struct hostent *byname2_fn(const char *, int);
typedef struct hostent *byaddr_fn(const void *, socklen_t, int);
typedef int byname_r_fn(const char *, struct hostent *, char *, size_t, struct hostent **, int *);
typedef int byname2_r_fn(const char *, int, struct hostent *, char *, size_t, struct hostent **, int *);
typedef int byaddr_r_fn(const void *, socklen_t, int, struct hostent *, char *, size_t, struct hostent **,
                        int *);

static bool is_port(const char *service)
{
    return service[0] != '\0' && strspn(service, "0123456789") == strlen(service);
}

/* The guard's answer. 0 or the EAI_ code. */
static int ask_names(const char *node, const char *service, const struct addrinfo *hints,
                     struct addrinfo **out)
{
    char how[64];
    struct hg_reply reply;
    (void)snprintf(how, sizeof how, "%d %d %d %d", hints->ai_flags, hints->ai_family, hints->ai_socktype,
                   hints->ai_protocol);
    if (node != NULL && strlen(node) >= NI_MAXHOST)
        return EAI_NONAME;
    struct hg_ask ask = {
        .request = {.kind = HG_REQ_RESOLVE, .flags = HG_REQ_NO_BYTES, .layer = HG_LAYER_LIBC},
        .path = node,
        .resolved = service,
        .root = how,
        .fd = -1,
        .patient = true};
    int code;
    do {
        code = hg_ask_act(&ask, &reply);
    } while (code == -EINTR); /* libc's own waits on through signals, too */
    if (reply.error != 0)
        return reply.error;
    return code != 0 ? EAI_FAIL : hg_addrinfo_parse(hg_thread.message, out);
}

/* No name in it: libc does that without a look at the network, if it need not sort what it finds. */
static int numeric(getaddrinfo_fn *real, const char *node, const char *service, struct addrinfo hints,
                   struct addrinfo **out)
{
    hints.ai_flags &= ~AI_ADDRCONFIG; /* would ask by netlink */
    if (node != NULL || hints.ai_family != AF_UNSPEC) {
        hints.ai_flags |= node != NULL ? AI_NUMERICHOST : 0;
        return real(node, service, &hints, out);
    }
    /* Any or loopback address of both families, in the order in which libc sorts them. */
    bool passive = (hints.ai_flags & AI_PASSIVE) != 0;
    hints.ai_family = passive ? AF_INET : AF_INET6;
    int code = real(node, service, &hints, out);
    if (code != 0)
        return code;
    struct addrinfo *last = *out;
    while (last->ai_next != NULL)
        last = last->ai_next;
    hints.ai_family = passive ? AF_INET6 : AF_INET;
    (void)real(node, service, &hints, &last->ai_next);
    return 0;
}

HG_EXPORT int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                          struct addrinfo **out)
{
    static const struct addrinfo usual = {.ai_flags = AI_V4MAPPED | AI_ADDRCONFIG};
    REAL(getaddrinfo, getaddrinfo_fn);
    if (!hg_caged() || (node == NULL && service == NULL))
        return real(node, service, hints, out);
    if (hints == NULL)
        hints = &usual;
    if ((node == NULL || hg_is_numeric_host(node)) && (service == NULL || is_port(service)))
        return numeric(real, node, service, *hints, out);
    int saved = errno;
    int code = ask_names(node, service, hints, out);
    errno = saved;
    return code;
}

HG_EXPORT int getnameinfo(const struct sockaddr *address, socklen_t size, char *host, socklen_t host_size,
                          char *service, socklen_t service_size, int flags)
{
    REAL(getnameinfo, getnameinfo_fn);
    if (!hg_caged() || (address != NULL && address->sa_family == AF_UNIX))
        return real(address, size, host, host_size, service, service_size, flags);
    if ((flags & NI_NAMEREQD) != 0)
        return EAI_NONAME;
    return real(address, size, host, host_size, service, service_size,
                flags | NI_NUMERICHOST | NI_NUMERICSERV);
}

/* --- struct hostent --- */

static int host_error(int eai)
{
    return eai == EAI_NONAME || eai == EAI_NODATA ? HOST_NOT_FOUND
           : eai == EAI_AGAIN                     ? TRY_AGAIN
                                                  : NO_RECOVERY;
}

/* As gethostbyname2_r(3) returns. */
static int by_name(const char *name, int family, struct hostent *room, char *buffer, size_t size,
                   struct hostent **result, int *why)
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME};
    struct addrinfo *list;
    int saved = errno;
    *result = NULL;
    int code = ask_names(name, NULL, &hints, &list);
    if (code == 0) {
        code = hg_hostent_build(list, family, name, room, buffer, size);
        freeaddrinfo(list);
        if (code == 0)
            *result = room;
    } else {
        code = host_error(code);
    }
    errno = saved;
    if (code == -ERANGE) {
        h_errno = *why = NETDB_INTERNAL;
        return errno = ERANGE;
    }
    h_errno = *why = code;
    return code == TRY_AGAIN ? EAGAIN : 0;
}

/* The functions that return memory of the library; not for threads, as everywhere. */
static struct hostent *by_name_static(const char *name, int family)
{
    static struct hostent room;
    static char buffer[8192];
    struct hostent *result;
    int why;
    (void)by_name(name, family, &room, buffer, sizeof buffer, &result, &why);
    return result;
}

HG_EXPORT struct hostent *gethostbyname(const char *name)
{
    REAL(gethostbyname, byname_fn);
    return !hg_caged() || hg_is_numeric_host(name) ? real(name) : by_name_static(name, AF_INET);
}

HG_EXPORT struct hostent *gethostbyname2(const char *name, int family)
{
    REAL(gethostbyname2, byname2_fn);
    return !hg_caged() || hg_is_numeric_host(name) ? real(name, family) : by_name_static(name, family);
}

HG_EXPORT int gethostbyname_r(const char *name, struct hostent *room, char *buffer, size_t size,
                              struct hostent **result, int *why)
{
    REAL(gethostbyname_r, byname_r_fn);
    if (!hg_caged() || hg_is_numeric_host(name))
        return real(name, room, buffer, size, result, why);
    return by_name(name, AF_INET, room, buffer, size, result, why);
}

HG_EXPORT int gethostbyname2_r(const char *name, int family, struct hostent *room, char *buffer, size_t size,
                               struct hostent **result, int *why)
{
    REAL(gethostbyname2_r, byname2_r_fn);
    if (!hg_caged() || hg_is_numeric_host(name))
        return real(name, family, room, buffer, size, result, why);
    return by_name(name, family, room, buffer, size, result, why);
}

HG_EXPORT struct hostent *gethostbyaddr(const void *address, socklen_t size, int family)
{
    REAL(gethostbyaddr, byaddr_fn);
    if (!hg_caged())
        return real(address, size, family);
    h_errno = HOST_NOT_FOUND;
    return NULL;
}

HG_EXPORT int gethostbyaddr_r(const void *address, socklen_t size, int family, struct hostent *room,
                              char *buffer, size_t room_size, struct hostent **result, int *why)
{
    REAL(gethostbyaddr_r, byaddr_r_fn);
    if (!hg_caged())
        return real(address, size, family, room, buffer, room_size, result, why);
    *result = NULL;
    h_errno = *why = HOST_NOT_FOUND;
    return 0;
}
