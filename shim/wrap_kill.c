/* SPDX-License-Identifier: Apache-2.0 */
/* kill(2) and killpg(3). Landlock's scope refuses a caged process every signal to the outside, children that
 * it started before among it: the guard knows those. Async-signal-safe, as the real ones are. */
#include "shim/cage.h"
#include "shim/shim.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

static int ask_signal(pid_t pid, int number)
{
    char what[48];
    struct hg_reply reply;
    int saved = errno;
    (void)snprintf(what, sizeof what, "%d %d", (int)pid, number);
    struct hg_ask ask = {.request = {.kind = HG_REQ_SIGNAL, .flags = HG_REQ_NO_BYTES, .layer = HG_LAYER_LIBC},
                         .path = what,
                         .fd = -1};
    int code = hg_ask_act(&ask, &reply);
    errno = saved;
    if (code == 0)
        return 0;
    errno = reply.error > 0 ? reply.error : EPERM;
    return -1;
}

HG_EXPORT int kill(pid_t pid, int number)
{
    int result = (int)syscall(SYS_kill, pid, number);
    if (result == 0 || errno != EPERM || pid == 0 || pid == -1 || !hg_caged())
        return result;
    return ask_signal(pid, number);
}

HG_EXPORT int killpg(pid_t group, int number)
{
    if (group >= 0)
        return kill(group == 0 ? 0 : -group, number);
    errno = EINVAL;
    return -1;
}
