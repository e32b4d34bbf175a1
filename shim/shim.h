/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of libhubguard.so. libc only; nothing here allocates, so that a hook may run in a vfork child,
 * under a caller's lock, or before the allocator is ready. */
#ifndef HUBGUARD_SHIM_SHIM_H
#define HUBGUARD_SHIM_SHIM_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "shim/roots.h"
#include "shim/wire.h"

#define HG_EXPORT __attribute__((visibility("default")))

/* --- state of this process (init.c) --- */

/* Variables that children must get exactly as this process got them: remote code could otherwise start a
 * child with a policy or a mode of its own. Order of the array in state.keep. */
enum hg_keep { HG_KEEP_POLICY, HG_KEEP_MODE, HG_KEEP_REPORT, HG_KEEP_LOCK, HG_KEEP_COUNT };

struct hg_state {
    bool python;            /* an interpreter lives here: opens are gated */
    bool audited;           /* and its audit hook is ours */
    bool broken;            /* the shim could not set itself up; every guarded file is blocked */
    char library[PATH_MAX]; /* this file, absolute */
    char keep[HG_KEEP_COUNT][PATH_MAX + 32]; /* "NAME=value", or "" when it was not set */
    char library_path[4096];                 /* LD_LIBRARY_PATH at the start */
    char roots_env[16384];                   /* "HUBGUARD_ROOTS=..." with every root of this process */
};
extern struct hg_state hg_state;

/* The roots as they are now. A later change makes a new table; this one stays as it is. */
const struct hg_roots *hg_roots_now(void);
void hg_roots_after_fork(void); /* in the child */

/* Set up once; every hook calls it, because other constructors may run before ours. */
void hg_init(void);
extern atomic_int hg_initialised; /* what hg_init() looks at first */
/* Work out roots again after this variable changed (NULL: after anything did). */
void hg_roots_refresh(const char *variable);
/* A name that RTLD_NEXT does not have is a bug of the build: the process ends with a message. */
void *hg_real(const char *name);
/* A libpython may have come with a dlopen: look for it again. */
void hg_python_look(void *handle);

/* Per thread. */
struct hg_thread {
    int code_open; /* inside the open-code hook: every name is code */
    int run_file;  /* the interpreter is about to open its main script */
    int code_next; /* the importer is about to open a file by its own means: the next open is of code */
    int in_hook;   /* inside the audit hook: our own calls raise events too */
    int blocked;   /* the last gated open was a block; `message` says why */
    unsigned act_line;
    char act_file[1024]; /* the remote frame whose act is under way in this thread; "" for none */
    char message[HG_WIRE_TEXT_MAX];
};
extern __thread struct hg_thread hg_thread __attribute__((tls_model("initial-exec")));

/* --- small helpers without libc state (sys.c) --- */

int hg_sys_openat(int dirfd, const char *path, int flags,
                  unsigned mode); /* -errno on failure, like the next */
int hg_sys_close(int fd);
/* Path of an open descriptor from /proc/self/fd; length, or -errno. */
int hg_fd_path(int fd, char *out, size_t size);
void hg_say(const char *text); /* one write(2) to stderr */
/* Of `size` bytes and `count` numbers, under a key that only this process knows; never 0 (hash.c). */
uint64_t hg_hash(const char *text, size_t size, const uint64_t *more, size_t count);

/* --- gate (gate.c) --- */

/* The root that holds this path, by spelling, by what it resolves to, or by an ancestor that is the same
 * directory as a root (bind mount). NULL when none does. `clean` gets the absolute spelling (PATH_MAX bytes).
 */
const struct hg_root *hg_guarded(const char *path, char *clean);
/* The same for an open file, whose path is resolved already. */
const struct hg_root *hg_guarded_resolved(const char *resolved);

/* hg_guarded() for the name that an audit event reports: while no remote code can have run, a file that is no
 * link, in a directory that was found free and has not changed since, is free without another look at it. */
const struct hg_root *hg_guarded_event(const char *path, char *clean);
/* hg_guarded() where the answer decides nothing but how a refusal is worded: a directory that was found free
 * is taken to be free still. */
const struct hg_root *hg_guarded_hint(const char *path, char *clean);

/* What hg_guarded() gives for a file that is there but cannot be placed: to be refused. */
extern const struct hg_root hg_root_unknown;
/* The refusal: -EACCES, and hg_thread.message says why. */
int hg_gate_unknown(const char *path);

/* Whether a read-only open of this name has to go through hg_gate_open(). */
bool hg_gate_wants(const char *path);
/* Open for reading through the gate: a descriptor of the file when it is not guarded, of a sealed copy of the
 * scanned bytes when it is and may pass; -errno otherwise (-EACCES: blocked, see hg_thread.message; -ENOENT:
 * bytecode). */
int hg_gate_open(int dirfd, const char *path, int flags, unsigned mode);
/* The gate for standard input from which the interpreter is about to read its program: a guarded file there
 * is replaced by its sealed copy. 0 or -EACCES. */
int hg_gate_stdin(void);
/* The gate for bytes in memory. Returns 0 (may run) or -EACCES (blocked, see hg_thread.message). */
int hg_gate_bytes(enum hg_req_kind kind, const void *bytes, size_t size, unsigned flags, const char *path,
                  const struct hg_root *root, const char *frame, unsigned line);
/* The gate for a shared object under a guarded root. On success *fd_out is a sealed copy (close-on-exec;
 * owned by the caller). Returns 1 guarded and allowed, 0 not guarded, -EACCES blocked, other -errno. */
int hg_gate_native(const char *path, int *fd_out);

/* --- guard (client.c, spawn.c) --- */

struct hg_ask {
    struct hg_request request; /* kind, flags, trouble, error, layer, line, size filled by the caller */
    const char *path, *resolved, *root, *frame; /* NULL for none */
    int fd;                                     /* sealed memfd (or what the kind says), or -1 */
    int *fds; /* room for descriptors of the reply, close-on-exec, the caller's; or NULL */
    unsigned fds_room, fds_got;
    bool patient; /* an answer may take as long as a network does; a signal handler ends the wait */
};
/* One round trip. Fills hg_thread.message on a block and prints the banner when asked. Never fails open: no
 * guard, a bad reply or a timeout is a block. Returns 0 or -EACCES, or -EINTR for a patient one. *reply (may
 * be NULL) is filled when 0 or when one came. */
int hg_ask_guard(struct hg_ask *ask, struct hg_reply *reply);
/* The same for an act under the cage: with the remote frame of this thread, which is forgotten thereafter. */
int hg_ask_act(struct hg_ask *ask, struct hg_reply *reply);
/* A connection for one later hg_ask_over(), owned by the caller, or -errno. */
int hg_guard_connect(void);
int hg_ask_over(int sock, struct hg_ask *ask, struct hg_reply *reply);
/* A connection by the channel (wire.h): what connect(2) gives under the cage only. Descriptor or -errno. */
int hg_channel(void);
pid_t hg_guard_pid(void); /* 0 while none is known */
/* Whether the guard has let any remote bytes pass, to this process or to one that it was forked from. */
bool hg_remote_may_run(void);
/* Limits and bytecode mode of the policy, asked once. -EACCES when there is no guard. */
int hg_guard_limits(uint64_t *max_size, uint32_t *bytecode);
/* "HUBGUARD_SOCKET=..." for children, or NULL while no guard is known. */
const char *hg_guard_env(void);
void hg_guard_init(const char *socket_variable);
/* In the child of a fork: make a guard that a shim started know this process, so that it outlives the parent.
 */
void hg_guard_after_fork(void);

/* Start the detached guard; on success `where` holds "PATH:PID". 0 or -1 with the reason in `where`. */
int hg_spawn_guard(char *where, size_t size);

/* --- children (wrap_exec.c) --- */

/* How many pointers hg_child_env() needs, and room for the LD_PRELOAD string it may have to build. */
struct hg_env_need {
    size_t pointers, bytes;
};
struct hg_env_need hg_child_env_need(char *const envp[]);
/* The environment with which a child stays guarded: `envp`, less what it says about us, plus what is true. */
char **hg_child_env(char *const envp[], char **pointers, char *bytes);

/* --- Python (python.c) --- */

/* Register the audit hook and the open-code hook if `handle` (RTLD_DEFAULT or a dlopen handle) has an
 * interpreter that has not started yet. True when there is one. */
bool hg_python_attach(void *handle);

#endif
