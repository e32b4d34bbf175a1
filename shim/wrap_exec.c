/* SPDX-License-Identifier: Apache-2.0 */
/* Starting programs. Nothing is refused here (that is the cage's work); children stay guarded. libc calls its
 * own exec functions without a look at ours, so each entry point is wrapped by name. */
#include "shim/shim.h"

#include <alloca.h>
#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/cage.h"

extern char **environ;

#define MAX_POINTERS 262144u /* 2 MiB of stack; a larger environment cannot be passed on by exec anyway */

/* Declare `out`, the guarded form of `envp`, on this function's stack; `fail` is run when there are too many
 * entries. */
#define GUARDED_ENV(out, envp, fail)                                                                         \
    hg_init();                                                                                               \
    struct hg_env_need need_ = hg_child_env_need(envp);                                                      \
    if (need_.pointers > MAX_POINTERS) {                                                                     \
        fail;                                                                                                \
    }                                                                                                        \
    char **out = hg_state.library[0] == '\0'                                                                 \
                     ? (char **)(uintptr_t)(envp)                                                            \
                     : hg_child_env(envp, alloca(need_.pointers * sizeof(char *)), alloca(need_.bytes))

#define E2BIG_RETURN                                                                                         \
    do {                                                                                                     \
        errno = E2BIG;                                                                                       \
        return -1;                                                                                           \
    } while (0)

typedef pid_t fork_fn(void);
typedef int execve_fn(const char *, char *const[], char *const[]);
typedef int fexecve_fn(int, char *const[], char *const[]);
typedef int execveat_fn(int, const char *, char *const[], char *const[], int);
typedef int spawn_fn(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
                     char *const[], char *const[]);
typedef int system_fn(const char *);
typedef FILE *popen_fn(const char *, const char *);

static struct {
    fork_fn *fork;
    execve_fn *execve, *execvpe;
    fexecve_fn *fexecve;
    execveat_fn *execveat;
    spawn_fn *posix_spawn, *posix_spawnp;
    system_fn *system;
    popen_fn *popen;
    int (*setenv)(const char *, const char *, int);
    int (*unsetenv)(const char *);
} real;

/* Looked up before main(): dlsym(3) may allocate, which a vfork child must not do. */
__attribute__((constructor(102))) static void find_real(void)
{
    real.fork = (fork_fn *)hg_real("fork");
    real.execve = (execve_fn *)hg_real("execve");
    real.execvpe = (execve_fn *)hg_real("execvpe");
    real.fexecve = (fexecve_fn *)hg_real("fexecve");
    real.execveat = (execveat_fn *)hg_real("execveat");
    real.posix_spawn = (spawn_fn *)hg_real("posix_spawn");
    real.posix_spawnp = (spawn_fn *)hg_real("posix_spawnp");
    real.system = (system_fn *)hg_real("system");
    real.popen = (popen_fn *)hg_real("popen");
    real.setenv = (int (*)(const char *, const char *, int))hg_real("setenv");
    real.unsetenv = (int (*)(const char *))hg_real("unsetenv");
}

/* An exec function has come back: it failed. */
static int not_started(int result, const char *path)
{
    hg_refused_exec(path);
    return result;
}

static int not_spawned(int error, const char *path)
{
    int saved = errno;
    if (error != 0) {
        errno = error;
        hg_refused_exec(path);
    }
    errno = saved;
    return error;
}

#define FOUND()                                                                                              \
    if (__builtin_expect(real.execve == NULL, 0))                                                            \
    find_real()

HG_EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
    FOUND();
    GUARDED_ENV(env, envp, E2BIG_RETURN);
    return not_started(real.execve(path, argv, env), path);
}

HG_EXPORT int execv(const char *path, char *const argv[])
{
    FOUND();
    GUARDED_ENV(env, environ, E2BIG_RETURN);
    return not_started(real.execve(path, argv, env), path);
}

HG_EXPORT int execvp(const char *file, char *const argv[])
{
    FOUND();
    GUARDED_ENV(env, environ, E2BIG_RETURN);
    return not_started(real.execvpe(file, argv, env), file);
}

HG_EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
    FOUND();
    GUARDED_ENV(env, envp, E2BIG_RETURN);
    return not_started(real.execvpe(file, argv, env), file);
}

HG_EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
    FOUND();
    GUARDED_ENV(env, envp, E2BIG_RETURN);
    return not_started(real.fexecve(fd, argv, env), "a descriptor");
}

HG_EXPORT int execveat(int dirfd, const char *path, char *const argv[], char *const envp[], int flags)
{
    FOUND();
    GUARDED_ENV(env, envp, E2BIG_RETURN);
    return not_started(real.execveat(dirfd, path, argv, env, flags), path);
}

/* execl(3) and its kind: the arguments as an array on this stack, NULL-terminated. `ap` stands behind the
 * NULL after it. */
#define COLLECT(argv, first, last)                                                                           \
    va_list ap;                                                                                              \
    size_t argc_ = 1;                                                                                        \
    va_start(ap, last);                                                                                      \
    while (va_arg(ap, char *) != NULL)                                                                       \
        argc_++;                                                                                             \
    va_end(ap);                                                                                              \
    if (argc_ > MAX_POINTERS)                                                                                \
        E2BIG_RETURN;                                                                                        \
    char **argv = alloca((argc_ + 1) * sizeof(char *));                                                      \
    argv[0] = (char *)(uintptr_t)(first);                                                                    \
    va_start(ap, last);                                                                                      \
    for (size_t i_ = 1; i_ <= argc_; i_++)                                                                   \
        argv[i_] = va_arg(ap, char *);

HG_EXPORT int execl(const char *path, const char *arg, ...)
{
    COLLECT(argv, arg, arg)
    va_end(ap);
    return execv(path, argv);
}

HG_EXPORT int execlp(const char *file, const char *arg, ...)
{
    COLLECT(argv, arg, arg)
    va_end(ap);
    return execvp(file, argv);
}

HG_EXPORT int execle(const char *path, const char *arg, ...)
{
    COLLECT(argv, arg, arg)
    char *const *envp = va_arg(ap, char *const *);
    va_end(ap);
    return execve(path, argv, envp);
}

HG_EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                          const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
    FOUND();
    GUARDED_ENV(env, envp, return E2BIG);
    return not_spawned(real.posix_spawn(pid, path, actions, attributes, argv, env), path);
}

HG_EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                           const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
    FOUND();
    GUARDED_ENV(env, envp, return E2BIG);
    return not_spawned(real.posix_spawnp(pid, file, actions, attributes, argv, env), file);
}

static bool set_there(char *const env[], const char *name)
{
    size_t n = strlen(name);
    for (; *env != NULL; env++)
        if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
            return true;
    return false;
}

HG_EXPORT pid_t fork(void)
{
    FOUND();
    hg_cage_before_fork();
    pid_t pid = real.fork();
    if (pid == 0) {
        hg_cage_after_fork();
        hg_roots_after_fork();
        hg_guard_after_fork();
    }
    return pid;
}

/* system(3) and popen(3) pass `environ` on from inside libc: what is missing there is put back for good, what
 * somebody added about us is taken away. */
static void repair_environ(void)
{
    static const char *const ours[] = {"HUBGUARD_POLICY", "HUBGUARD_MODE",   "HUBGUARD_REPORT",
                                       "HUBGUARD_LOCK",   "HUBGUARD_SOCKET", "HUBGUARD_ROOTS",
                                       "HUBGUARD_CAGE"};
    hg_init();
    if (hg_state.library[0] == '\0')
        return;
    struct hg_env_need need = hg_child_env_need(environ);
    if (need.pointers > MAX_POINTERS)
        return;
    char **env = hg_child_env(environ, alloca(need.pointers * sizeof(char *)), alloca(need.bytes));
    for (char **e = env; *e != NULL; e++) {
        char name[32];
        const char *equals = strchr(*e, '=');
        size_t n = equals == NULL ? 0 : (size_t)(equals - *e);
        if (n == 0 || n >= sizeof name ||
            (strncmp(*e, "LD_PRELOAD=", 11) != 0 && strncmp(*e, "HUBGUARD_", 9) != 0))
            continue;
        memcpy(name, *e, n);
        name[n] = '\0';
        const char *now = getenv(name);
        if (now == NULL || strcmp(now, equals + 1) != 0)
            (void)real.setenv(name, equals + 1, 1);
    }
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (getenv(ours[i]) != NULL && !set_there(env, ours[i]))
            (void)real.unsetenv(ours[i]);
}

HG_EXPORT int system(const char *command)
{
    FOUND();
    repair_environ();
    return real.system(command);
}

HG_EXPORT FILE *popen(const char *command, const char *type)
{
    FOUND();
    repair_environ();
    return real.popen(command, type);
}

HG_EXPORT FILE *_IO_popen(const char *command, const char *type);
FILE *_IO_popen(const char *command, const char *type)
{
    return popen(command, type);
}
