/* SPDX-License-Identifier: Apache-2.0 */
/* probe_calls NUMBER[,ARGUMENT...]...: makes each system call as it stands there and prints its errno, 0 for
 * success, a line each. Static, to run in a container that has nothing else. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        long value[7] = {0};
        char *text = argv[i];
        for (int k = 0; k < 7 && *text != '\0'; k++) {
            value[k] = (long)strtoull(text, &text, 0);
            text += *text == ',';
        }
        long rc = syscall(value[0], value[1], value[2], value[3], value[4], value[5], value[6]);
        (void)printf("%d\n", rc == -1 ? errno : 0);
        (void)fflush(stdout);
    }
    return 0;
}
