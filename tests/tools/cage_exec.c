/* SPDX-License-Identifier: Apache-2.0 */
/* cage_exec POLICY-FILE LOG CMD...: runs CMD under the filter of the policy and nothing else of the cage.
 * What the guard would decide (connect, execve, start-up calls) goes on; what is refused gets EPERM and its
 * name is a line of LOG. Exit status: CMD's; 125 when the filter cannot be installed. */
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy/cage.h"

static int fail(const char *what)
{
    (void)fprintf(stderr, "cage_exec: %s: %s\n", what, strerror(errno));
    return 125;
}

static int install(const struct hg_program *program, unsigned flags)
{
    struct sock_fprog prog = {program->count, program->items};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

static int child(const struct hg_program *programs, int told, char **argv)
{
    unsigned flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || install(&programs[0], flags) < 0)
        return fail("first program");
    int listener = install(&programs[1], flags | SECCOMP_FILTER_FLAG_NEW_LISTENER);
    if (listener < 0 || write(told, &listener, sizeof listener) != sizeof listener)
        return fail("second program");
    /* Close-on-exec. The parent's copy is taken before the first execve is answered. */
    execvp(argv[0], argv);
    return fail(argv[0]);
}

static bool is_brokered(int nr)
{
    return nr == SCMP_SYS(connect) || nr == SCMP_SYS(execve) || nr == SCMP_SYS(set_tid_address) ||
           nr == SCMP_SYS(arch_prctl);
}

static void answer(int listener, FILE *log)
{
    struct seccomp_notif ask = {0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &ask) != 0)
        return;
    struct seccomp_notif_resp reply = {.id = ask.id, .error = -EPERM};
    if (is_brokered(ask.data.nr)) {
        reply.error = 0;
        reply.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    } else {
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, ask.data.nr);
        (void)fprintf(log, "%s %llx %llx %llx\n", name != NULL ? name : "?",
                      (unsigned long long)ask.data.args[0], (unsigned long long)ask.data.args[1],
                      (unsigned long long)ask.data.args[2]);
        free(name);
    }
    (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

int main(int argc, char **argv)
{
    struct hg_policy policy;
    struct hg_error err = {""};
    struct hg_program programs[HG_CAGE_PROGRAMS];
    int told[2], number, status;
    if (argc < 4)
        return 125;
    if (hg_policy_load(argv[1], &policy, &err) < 0 ||
        hg_filter_build(&(struct hg_filter_options){&policy, getpid(), 7, false}, programs, &err) < 0) {
        (void)fprintf(stderr, "cage_exec: %s\n", err.text);
        return 125;
    }
    FILE *log = fopen(argv[2], "w");
    if (log == NULL || pipe(told) != 0)
        return fail(argv[2]);
    pid_t pid = fork();
    if (pid == 0)
        _exit(child(programs, told[1], argv + 3));
    close(told[1]);
    hg_programs_free(programs);
    hg_policy_free(&policy);
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    int listener = read(told[0], &number, sizeof number) == sizeof number
                       ? (int)syscall(SYS_pidfd_getfd, pidfd, number, 0)
                       : -1;
    /* Hangs up when the last process under the filter is gone. */
    for (struct pollfd p = {listener, POLLIN, 0}; listener >= 0 && poll(&p, 1, -1) > 0;) {
        if ((p.revents & POLLIN) == 0)
            break;
        answer(listener, log);
    }
    if (waitpid(pid, &status, 0) != pid || fclose(log) != 0)
        return fail("wait");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
