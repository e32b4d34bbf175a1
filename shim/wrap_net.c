/* SPDX-License-Identifier: Apache-2.0 */
/* connect(2). Under the cage the guard connects the socket, which both then share, to its own copy of the
 * address: nothing can be changed between the look at it and its use. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shim/addresses.h"
#include "shim/cage.h"
#include "shim/shim.h"

typedef int connect_fn(int, const struct sockaddr *, socklen_t);

/* The guard has another working directory. 0 or the errno. */
static int make_absolute(struct sockaddr_un *to, socklen_t *size)
{
    char path[PATH_MAX], name[sizeof to->sun_path + 1];
    const size_t head = offsetof(struct sockaddr_un, sun_path);
    if (to->sun_family != AF_UNIX || *size <= head || to->sun_path[0] == '\0' || to->sun_path[0] == '/')
        return 0;
    size_t n = strnlen(to->sun_path, *size - head);
    memcpy(name, to->sun_path, n);
    name[n] = '\0';
    int length = hg_path_clean(name, NULL, path, sizeof path);
    if (length < 0 || (size_t)length >= sizeof to->sun_path)
        return length < 0 ? -length : ENAMETOOLONG;
    memcpy(to->sun_path, path, (size_t)length + 1);
    *size = (socklen_t)(head + (size_t)length + 1);
    return 0;
}

/* connect(2) by the guard: 0 or the errno. */
static int broker(int fd, const struct sockaddr *address, socklen_t size)
{
    union {
        struct sockaddr_storage any;
        struct sockaddr_un unix_path;
    } to;
    char hex[2 * sizeof to + 1];
    struct hg_reply reply;
    if (fcntl(fd, F_GETFD) < 0)
        return EBADF;
    if (address == NULL)
        return EFAULT;
    if (size > sizeof to)
        return EINVAL;
    memset(&to, 0, sizeof to);
    memcpy(&to, address, size);
    int code = size < sizeof to.any.ss_family ? EINVAL : make_absolute(&to.unix_path, &size);
    if (code != 0)
        return code;
    hg_hex(&to, size, hex);
    struct hg_ask ask = {
        .request = {.kind = HG_REQ_CONNECT, .layer = HG_LAYER_LIBC}, .path = hex, .fd = fd, .patient = true};
    code = hg_ask_act(&ask, &reply);
    if (code == -EINTR)
        return EINTR; /* the guard goes on connecting, as the kernel would */
    return code == 0 || reply.error > 0 ? reply.error : EACCES;
}

static int connect_as(connect_fn *real, int fd, const struct sockaddr *address, socklen_t size)
{
    int saved = errno;
    if (!hg_caged()) {
        int r = real(fd, address, size);
        /* A process that does not know yet that it was born into a cage. */
        if (__builtin_expect(r == 0 || (errno != EACCES && errno != ENOSYS) || !hg_cage_probe(), 1))
            return r;
    }
    int code = broker(fd, address, size);
    errno = code != 0 ? code : saved;
    return code != 0 ? -1 : 0;
}

#define WRAP_CONNECT(name)                                                                                   \
    HG_EXPORT int name(int fd, const struct sockaddr *address, socklen_t size);                              \
    int name(int fd, const struct sockaddr *address, socklen_t size)                                         \
    {                                                                                                        \
        static connect_fn *real;                                                                             \
        if (__builtin_expect(real == NULL, 0))                                                               \
            real = (connect_fn *)hg_real(#name);                                                             \
        return connect_as(real, fd, address, size);                                                          \
    }

WRAP_CONNECT(connect)
WRAP_CONNECT(__connect)
