/* SPDX-License-Identifier: Apache-2.0 */
/* Start the guard from inside a process that did not ask for it. It must never be a child that the program
 * could meet in wait(2), and the program's fork handlers must not run: two clones that share memory until
 * exec, the first of which has no exit signal (so that only __WCLONE sees it) and ends at once, which makes
 * the second an orphan. */
#include "shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_MS   10000
#define STACK_SIZE (64 * 1024)

struct launch {
    const char *program;
    char *const *argv;
    char **envp;
    int ready;
    char *stack; /* of the second clone */
};

/* Runs in a clone that shares our memory: system calls only. */
static int guard_exec(void *arg)
{
    struct launch *l = arg;
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(l->ready, 3) < 0)
        _exit(127);
    if (l->ready == 3)
        (void)fcntl(3, F_SETFD, 0);
    (void)syscall(SYS_close_range, 4u, ~0u, 0u);
    int null = hg_sys_openat(AT_FDCWD, "/dev/null", O_RDWR, 0);
    for (int fd = 0; null >= 0 && fd < 3; fd++)
        (void)dup2(null, fd);
    (void)syscall(SYS_execve, l->program, l->argv, l->envp);
    _exit(127);
}

static int orphan_maker(void *arg)
{
    struct launch *l = arg;
    int pid = clone(guard_exec, l->stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD, l);
    _exit(pid < 0 ? 1 : 0);
}

/* The guard lies beside the library in a build tree, and in ../../bin of it when installed. */
static bool find_program(char *out, size_t size)
{
    static const char *const places[] = {"/hubguard", "/../../bin/hubguard", "/../bin/hubguard"};
    char dir[PATH_MAX];
    memcpy(dir, hg_state.library, sizeof dir);
    char *slash = strrchr(dir, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        int n = snprintf(out, size, "%s%s", dir, places[i]);
        if (n > 0 && (size_t)n < size && access(out, X_OK) == 0)
            return true;
    }
    return false;
}

/* The environment of the guard: ours, without the preload and with the settings this process started with. */
static void guard_environment(char **envp, size_t room)
{
    extern char **environ;
    size_t n = 0;
    for (char **e = environ; e != NULL && *e != NULL && n + HG_KEEP_COUNT + 2 < room; e++)
        if (strncmp(*e, "LD_PRELOAD=", 11) != 0 && strncmp(*e, "HUBGUARD_", 9) != 0)
            envp[n++] = *e;
    for (int i = 0; i < HG_KEEP_COUNT; i++)
        if (hg_state.keep[i][0] != '\0')
            envp[n++] = hg_state.keep[i];
    envp[n++] = hg_state.roots_env;
    envp[n] = NULL;
}

static int launch(struct launch *l, char *stack)
{
    sigset_t all, old;
    sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, &old);
    int pid = clone(orphan_maker, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK, l);
    int status = 1;
    if (pid > 0)
        while (waitpid(pid, &status, (int)__WCLONE) < 0 && errno == EINTR)
            ;
    (void)sigprocmask(SIG_SETMASK, &old, NULL);
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* "OK PATH:PID" or "ERR why" from the guard. */
static int read_ready(int fd, char *out, size_t size)
{
    size_t n = 0;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int r = poll(&p, 1, READY_MS);
        if (r < 0 && errno == EINTR)
            continue;
        ssize_t got = r > 0 ? read(fd, out + n, size - 1 - n) : -1;
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        n += (size_t)got;
        if (n == size - 1 || out[n - 1] == '\n')
            break;
    }
    while (n != 0 && out[n - 1] == '\n')
        n--;
    out[n] = '\0';
    if (strncmp(out, "OK ", 3) == 0) {
        memmove(out, out + 3, n - 2);
        return 0;
    }
    if (strncmp(out, "ERR ", 4) == 0)
        memmove(out, out + 4, n - 3);
    else
        (void)snprintf(out, size, "it ended or hung before it was ready");
    return -1;
}

int hg_spawn_guard(char *where, size_t size)
{
    enum { ENV_ROOM = 2048 };
    static char stacks[2][STACK_SIZE] __attribute__((aligned(64)));
    static char *envp[ENV_ROOM]; /* one thread at a time starts a guard (client.c) */
    char program[PATH_MAX], client[16];
    int ready[2];
    if (!find_program(program, sizeof program)) {
        (void)snprintf(where, size, "no hubguard program beside %.200s", hg_state.library);
        return -1;
    }
    if (pipe2(ready, O_CLOEXEC) != 0) {
        (void)snprintf(where, size, "no pipe: %s", strerror(errno));
        return -1;
    }
    (void)snprintf(client, sizeof client, "%d", (int)getpid());
    char *const argv[] = {program,
                          (char *)(uintptr_t) "serve",
                          (char *)(uintptr_t) "--ready-fd",
                          (char *)(uintptr_t) "3",
                          (char *)(uintptr_t) "--client",
                          client,
                          NULL};
    guard_environment(envp, ENV_ROOM);
    struct launch l = {program, argv, envp, ready[1], stacks[1]};
    int code = launch(&l, stacks[0]);
    hg_sys_close(ready[1]);
    if (code == 0)
        code = read_ready(ready[0], where, size);
    else
        (void)snprintf(where, size, "%.300s cannot be started", program);
    hg_sys_close(ready[0]);
    return code;
}
