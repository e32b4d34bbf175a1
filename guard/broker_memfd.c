/* SPDX-License-Identifier: Apache-2.0 */
/* HG_REQ_MEMFD: memory for a sealed copy, on a kernel that knows none which cannot be run (Linux before 6.3).
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/caged.h"

/* Mode 0600: not even root executes it, and chmod(2) is refused inside. */
void hg_broker_memfd(struct hg_caged *caged, struct hg_inquiry *q)
{
    (void)caged;
    int fd = memfd_create("hubguard", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0 && fchmod(fd, 0600) == 0)
        hg_cage_answer_fd(q, fd);
    else
        hg_cage_answer(q, HG_VERDICT_BLOCK, errno, "hubguard: the guard has no memory for a copy");
    if (fd >= 0)
        close(fd);
}
