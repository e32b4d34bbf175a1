/* SPDX-License-Identifier: Apache-2.0 */
/* A shared object that acts as soon as it is mapped: by a constructor, as an auditor of the dynamic loader, or both. It starts a
 * program and writes outside, by raw system calls. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void act(void)
{
    const char *outside = getenv("STRIKE_OUTSIDE");
    char *mark = getenv("STRIKE_MARK");
    if (outside) {
        long fd = syscall(SYS_openat, AT_FDCWD, outside, O_WRONLY | O_CREAT, 0600);
        if (fd >= 0)
            close((int)fd);
    }
    pid_t pid = mark ? fork() : -1;
    if (pid == 0) {
        char *argv[] = {(char *)"sh", (char *)"-c", (char *)"echo struck >> \"$0\"", mark, NULL};
        char *envp[] = {NULL};
        syscall(SYS_execve, "/bin/sh", argv, envp);
        _exit(1);
    }
    if (pid > 0)
        waitpid(pid, NULL, 0);
}

__attribute__((constructor)) static void constructor(void)
{
    act();
}

unsigned int la_version(unsigned int version)
{
    act();
    return version;
}
