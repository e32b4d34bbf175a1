/* SPDX-License-Identifier: Apache-2.0 */
/* A text being put together from known and unknown parts, at the arena's top. Internal to smell_fold.c and
 * smell_method.c. */
#ifndef HUBGUARD_SCANNER_SMELL_BUILD_H
#define HUBGUARD_SCANNER_SMELL_BUILD_H

#include "scanner/smell_impl.h"

#define SM_UNKNOWN_PART "\x01" /* stands in a partial text for what is not known */

struct sm_builder { /* zeroed but for s */
    struct sm_scan *s;
    char *text;
    size_t len, room;
    bool bad;
};

/* Room for `more` bytes behind those there are; false, and bad from then on, when a cap is reached. */
bool sm_build_room(struct sm_builder *b, size_t more);
void sm_build_add(struct sm_builder *b, const char *text, size_t len);
void sm_build_code_point(struct sm_builder *b, unsigned long c); /* as UTF-8 */
/* The text as a value with the marks of `like`; what could not be built is unknown, with its taint. */
sm_val sm_build_end(struct sm_builder *b, const struct sm_text *like);

/* What a value looks like as text in a format; false: unknown. `number` is room for 24 bytes. */
bool sm_build_part(const struct sm_scan *s, sm_val v, char *number, struct sm_text *out);
/* Give `like` the marks of a part as well. */
void sm_build_absorb(struct sm_text *like, const struct sm_text *part);

#endif
