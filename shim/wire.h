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
#define HG_WIRE_VERSION    1u
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
    HG_REQ_UNGATED    /* a code object from a guarded root whose source this process never passed through the
                         gate is about to run: always a block in enforce mode; HG_REQ_NO_BYTES */
};

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
    HG_REPLY_BANNER = 1 /* print `text` on stderr: this is the first time for these bytes at this path */
};

struct hg_reply {
    uint32_t magic, version;
    uint32_t verdict; /* enum hg_verdict; anything else is a block */
    uint32_t flags;
    uint64_t max_size; /* policy [scan] max_size in bytes */
    uint32_t bytecode; /* policy [scan] bytecode: 0 ignore, 1 block, 2 allow */
    uint32_t
        text_len; /* message for the exception (block) or the banner (warning); UTF-8, may hold newlines */
};

#endif
