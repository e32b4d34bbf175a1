/* SPDX-License-Identifier: Apache-2.0 */
/* Foreign strings made fit for a terminal and for JSON. */
#ifndef HUBGUARD_GUARD_TEXT_H
#define HUBGUARD_GUARD_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Copy `size` bytes of `text` to `out` (NUL-terminated, cut at a whole character when it does not fit). Bytes
 * that are no valid UTF-8 become \xNN. With `terminal` so do C0 and C1 controls, DEL and the characters that
 * reorder or hide text (bidirectional controls, zero-width, line separators). Returns the length written. */
size_t hg_text_escape(const char *text, size_t size, bool terminal, char *out, size_t out_size);
/* True when the text would come through hg_text_escape(..., true, ...) unchanged. */
bool hg_text_is_clean(const char *text, size_t size);
/* Quote for a POSIX shell, only where needed. Returns the length, or 0 when it does not fit. */
size_t hg_text_shell_quote(const char *text, char *out, size_t out_size);

#endif
