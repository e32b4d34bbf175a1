/* SPDX-License-Identifier: Apache-2.0 */
/* One message for one failure: what happened, where, what to do next. */
#ifndef HUBGUARD_SCANNER_ERROR_H
#define HUBGUARD_SCANNER_ERROR_H

#define HG_ERROR_MAX 512

/* Filled by a function that fails; untouched when it succeeds. Caller owns it, usually on the stack.
 * `text` is one line, NUL-terminated, without a newline and without the "hubguard: " prefix. */
struct hg_error {
    char text[HG_ERROR_MAX];
};

/* Format into err->text (truncating) and return `code`, so that a caller can write
 * `return hg_error_set(err, -EINVAL, "...")`. err may be NULL. */
int hg_error_set(struct hg_error *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
