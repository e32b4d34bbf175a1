/* SPDX-License-Identifier: Apache-2.0 */
/* A process of the same user outside the guarded tree. Prints the address of a text in its memory, keeps descriptor 9 open on
 * argv[1] for writing, and counts SIGURG in its memory. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static struct {
    char text[64];
    volatile sig_atomic_t signals;
} state;

static void count(int number)
{
    (void)number;
    state.signals++;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    strncpy(state.text, argv[2], sizeof state.text - 1);
    memset(argv[2], '-', strlen(argv[2]));
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); /* where Yama restricts: any process may trace this one */
    signal(SIGURG, count);
    if (dup2(open(argv[1], O_RDWR), 9) != 9)
        return 2;
    printf("%lu %lu\n", (unsigned long)state.text, (unsigned long)&state.signals);
    fflush(stdout);
    for (char byte; read(0, &byte, 1) != 0;)
        ; /* to the end of the test */
    return 0;
}
