/* SPDX-License-Identifier: Apache-2.0 */
/* old_kernel COMMAND...: runs it as on a Linux before 6.3, which knows no MFD_NOEXEC_SEAL (EINVAL). */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MFD_NOEXEC_SEAL_BIT 0x8u

int main(int argc, char **argv)
{
    scmp_filter_ctx ctx = argc < 2 ? NULL : seccomp_init(SCMP_ACT_ALLOW);
    int rc = ctx == NULL
                 ? -EINVAL
                 : seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(memfd_create), 1,
                                    SCMP_A1(SCMP_CMP_MASKED_EQ, MFD_NOEXEC_SEAL_BIT, MFD_NOEXEC_SEAL_BIT));
    if (rc == 0)
        rc = seccomp_load(ctx);
    if (rc == 0) {
        execvp(argv[1], argv + 1);
        rc = -errno;
    }
    (void)fprintf(stderr, "old_kernel: %s\n", strerror(-rc));
    return 127;
}
