/* SPDX-License-Identifier: Apache-2.0 */
/* The texts that a user reads when a file is blocked or let through with a warning. */
#ifndef HUBGUARD_GUARD_MESSAGE_H
#define HUBGUARD_GUARD_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guard/decide.h"
#include "policy/origin.h"

struct hg_message {
    const struct hg_origin *origin;
    const char *path;   /* that `hubguard approve` can take; "" when the bytes are in no file */
    const char *sha256; /* hex; "" when there are no bytes */
    const struct hg_decision *decision;
    const struct hg_findings *findings;
    const char *approve; /* how `hubguard approve` is called here: hg_library_approve() */
};

/* One block of at most eight lines, each ending in a newline: what was blocked, by which rule, and the
 * command that would allow exactly these bytes. Foreign text is escaped. Returns the length (< size). */
size_t hg_message_block(const struct hg_message *m, char *out, size_t size);
/* One line for what passes although something was found, or would be blocked if mode were enforce. */
size_t hg_message_warning(const struct hg_message *m, char *out, size_t size);

/* An act that the cage refuses. */
struct hg_act_message {
    const struct hg_origin *origin; /* of the remote frame; NULL: not known */
    uint32_t line;                  /* 0: not known */
    const char *verb, *object;      /* "run", "/bin/sh" */
    const char *reason;             /* the policy's line */
};

/* One line without a newline, the text of an exception. Returns the length (< size). */
size_t hg_message_act(const struct hg_act_message *m, char *out, size_t size);

#endif
