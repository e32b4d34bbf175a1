/* SPDX-License-Identifier: Apache-2.0 */
/* What shim and guard say to each other. Unix SOCK_SEQPACKET; one connection carries one request and its one
 * reply, so forks and threads never mix replies and nothing needs to stay open. Both run on one machine from
 * one build: native byte order, and a version that must match exactly.
 *
 * A request is one packet: struct hg_request, then the strings it announces, without NULs, in order.
 * Unless HG_REQ_NO_BYTES is set it carries one descriptor (SCM_RIGHTS): a memfd sealed with
 * F_SEAL_SEAL|SHRINK|GROW|WRITE holding exactly the bytes that the caller is going to use.
 * A reply is one packet: struct hg_reply, then `text`. */
#ifndef HUBGUARD_SHIM_WIRE_H
#define HUBGUARD_SHIM_WIRE_H

#include <stdint.h>

#define HG_WIRE_MAGIC      0x47425548u /* "HUBG" */
#define HG_WIRE_VERSION    2u
#define HG_WIRE_PACKET_MAX 32768u /* no packet is longer; longer strings are cut by the sender */
#define HG_WIRE_TEXT_MAX   4096u

enum hg_req_kind {
    HG_REQ_HELLO = 0, /* no file: is the guard there; reply.max_size and so on are filled */
    HG_REQ_SOURCE,    /* a Python source file is being read or imported */
    HG_REQ_CODE,      /* a file of any other name is opened as code (open_code hook, run_file) */
    HG_REQ_BYTECODE,  /* a bare .pyc, or marshal data loaded by remote code */
    HG_REQ_NATIVE,    /* dlopen of a shared object */
    HG_REQ_COMPILE,   /* compile() of bytes whose file name lies under a guarded root */
    HG_REQ_DYNAMIC,   /* compile() of text built under a remote frame */
    HG_REQ_UNGATED,   /* a code object from a guarded root whose source this process never passed through the
                         gate is about to run: always a block in enforce mode; HG_REQ_NO_BYTES */

    /* The cage. `frame` and `line` name the remote frame whose act it is, where there is one. */

    /* The first remote statement is about to run. `path`: its file. HG_REQ_NO_BYTES. An allowed reply carries
       descriptors (HG_CAGE_FDS) and as its text the places, a line each: 'W' and a path that may be written,
       'D' and one that may not be read. */
    HG_REQ_CAGE,
    /* With the descriptor that seccomp(2) returned for the last program, on a connection opened before it was
       installed; or HG_REQ_NO_BYTES and `error`, the errno with which the cage could not be closed. An
       allowed reply: the cage is in force and supervised. */
    HG_REQ_LISTENER,
    /* With a socket. `path`: struct sockaddr in hex. The guard connects the shared socket to its own copy of
       the address. reply.error is connect(2)'s errno, EACCES when refused. */
    HG_REQ_CONNECT,
    /* `path`: node ("" for none), `resolved`: service, `root`: "FLAGS FAMILY SOCKTYPE PROTOCOL" of the hints
       in decimal. HG_REQ_NO_BYTES. reply.error is the EAI_ code (0 for success); the text has a line
       "FAMILY SOCKTYPE PROTOCOL SOCKADDR-IN-HEX" for each answer, after a line "=CANONNAME" when there is
       one.
     */
    HG_REQ_RESOLVE,
    /* With a descriptor of the file (O_PATH will do). `path`: its name as the caller wrote it; `resolved`:
       "chmod MODE" (octal), "chown UID GID" (decimal, -1 for none), "setxattr FLAGS NAME VALUE-IN-HEX" or
       "removexattr NAME". reply.error is the errno. */
    HG_REQ_ATTR,
    /* May this be done? HG_REQ_NO_BYTES. `resolved`: one of "exec", "connect", "resolve", "write", "read";
       `path`: program, HOST:PORT, name or file. Layer AUDIT: not done yet, asked for the sake of the message;
       layer LIBC: the kernel has refused it (an event, nothing to decide). A refusal's text is the
       exception's.
     */
    HG_REQ_ACT,
    /* A signal that Landlock's scope kept from a process that the sender started before its cage closed.
       `path`: "PID SIGNAL" as for kill(2), in decimal. HG_REQ_NO_BYTES. reply.error is the errno. */
    HG_REQ_SIGNAL,
    /* Memory for a copy, where the kernel knows none that cannot be run (MFD_NOEXEC_SEAL, Linux 6.3).
       HG_REQ_NO_BYTES. An allowed reply carries one descriptor: an empty memfd that may be sealed, which
       nobody may execute, and whose mode nobody in a cage can change. */
    HG_REQ_MEMFD
};

/* Descriptors of an allowed HG_REQ_CAGE reply, in this order: the programs (memfds holding struct
 * sock_filter[]), to be installed in this order for all threads, the last one with a listener; then the
 * Landlock ruleset, if HG_REPLY_LANDLOCK is set. */
#define HG_CAGE_PROGRAM_FDS 2
#define HG_CAGE_FDS         3

/* Under the cage connect(2) of this process notifies the guard. This one asks for a connection to the guard
 * itself: the descriptor is -1, the length this number, and the guard answers with a connected descriptor
 * (SECCOMP_IOCTL_NOTIF_ADDFD) as the result. Nothing in memory is read, so no ptrace right is needed; it
 * gives nothing that connect(2) to the guard's socket did not give before. Outside of a cage it fails with
 * EBADF. */
#define HG_CHANNEL_MAGIC 0x48554247u

enum hg_req_flags {
    HG_REQ_NO_BYTES = 1, /* no descriptor comes along: see `trouble` */
    HG_REQ_TEXT = 2      /* the bytes are already decoded UTF-8 (compile() of a str) */
};

enum hg_req_trouble { /* why there are no bytes; every one is a block in enforce mode */
                      HG_TROUBLE_NONE = 0,
                      HG_TROUBLE_TOO_BIG, /* `size` says how big, larger than reply.max_size of the HELLO or
                                             the shim's own cap */
                      HG_TROUBLE_NOT_REGULAR, /* FIFO, device, directory, socket */
                      HG_TROUBLE_READ         /* read error; `error` is the errno */
};

enum hg_req_layer { HG_LAYER_LIBC = 1, HG_LAYER_OPEN_CODE, HG_LAYER_AUDIT, HG_LAYER_DLOPEN };

struct hg_request {
    uint32_t magic, version;
    uint32_t kind, flags, trouble, error, layer;
    int32_t pid, tid;  /* as the sender sees them; the guard takes the pid from SO_PEERCRED for decisions */
    uint32_t line;     /* HG_REQ_DYNAMIC: line of the remote frame, else 0 */
    uint64_t size;     /* of the file; with bytes: of the memfd */
    uint16_t path_len; /* path as the caller wrote it, made absolute */
    uint16_t resolved_len; /* path of the opened inode */
    uint16_t root_len;     /* the guarded root that matched */
    uint16_t frame_len;    /* HG_REQ_DYNAMIC: co_filename of the remote frame */
};

enum hg_verdict { HG_VERDICT_ALLOW = 1, HG_VERDICT_BLOCK };

enum hg_reply_flags {
    HG_REPLY_BANNER = 1,  /* print `text` on stderr: this is the first time for these bytes at this path */
    HG_REPLY_LANDLOCK = 2 /* HG_REQ_CAGE: a ruleset is among the descriptors, for every thread */
};

struct hg_reply {
    uint32_t magic, version;
    uint32_t verdict; /* enum hg_verdict; anything else is a block */
    uint32_t flags;
    uint64_t max_size; /* policy [scan] max_size in bytes */
    uint32_t bytecode; /* policy [scan] bytecode: 0 ignore, 1 block, 2 allow */
    int32_t error;     /* HG_REQ_CONNECT, RESOLVE, ATTR, SIGNAL: the result */
    uint32_t
        text_len; /* message for the exception (block) or the banner (warning); UTF-8, may hold newlines */
};

#endif
