/* SPDX-License-Identifier: Apache-2.0 */
#include "scanner/smell_build.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool sm_build_room(struct sm_builder *b, size_t more)
{
    if (b->bad || b->len + more > SM_TEXT_MAX) {
        b->bad = true;
        return false;
    }
    if (b->len + more <= b->room)
        return true;
    size_t room = (b->len + more) * 2 + 32;
    if (b->s->folded + room > SM_FOLD_MAX) {
        b->s->capped = true;
        b->bad = true;
        return false;
    }
    char *text = sm_alloc_text(&b->s->arena, room);
    if (text == NULL) {
        b->s->failed = -ENOMEM;
        b->bad = true;
        return false;
    }
    b->s->folded += (uint32_t)room;
    if (b->len > 0)
        memcpy(text, b->text, b->len);
    b->text = text;
    b->room = room;
    return true;
}

void sm_build_add(struct sm_builder *b, const char *text, size_t len)
{
    if (len == 0 || !sm_build_room(b, len))
        return;
    memcpy(b->text + b->len, text, len);
    b->len += len;
}

void sm_build_code_point(struct sm_builder *b, unsigned long c)
{
    char out[4];
    size_t n;
    if (c < 0x80) {
        out[0] = (char)c;
        n = 1;
    } else if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        n = 2;
    } else if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        n = 3;
    } else {
        out[0] = (char)(0xF0 | (c >> 18 & 7));
        out[1] = (char)(0x80 | (c >> 12 & 0x3F));
        out[2] = (char)(0x80 | (c >> 6 & 0x3F));
        out[3] = (char)(0x80 | (c & 0x3F));
        n = 4;
    }
    sm_build_add(b, out, n);
}

sm_val sm_build_end(struct sm_builder *b, const struct sm_text *like)
{
    if (b->bad)
        return like->taint == 0 ? SM_V_UNKNOWN : sm_make(SM_T_TAINT, like->taint);
    return sm_text_make(b->s, b->text == NULL ? "" : b->text, b->len, like);
}

bool sm_build_part(const struct sm_scan *s, sm_val v, char *number, struct sm_text *out)
{
    long long n;
    if (sm_text_get(s, v, out))
        return true;
    if (sm_tag(v) == SM_T_INT && sm_int_get(s, v, &n)) {
        int len = snprintf(number, 24, "%lld", n);
        *out = (struct sm_text){number, (uint32_t)len, false, false, 0, 0};
        return true;
    }
    *out = (struct sm_text){SM_UNKNOWN_PART, 1, false, true, sm_taint(s, v), 0};
    return false;
}

void sm_build_absorb(struct sm_text *like, const struct sm_text *part)
{
    like->partial = like->partial || part->partial;
    like->taint |= part->taint;
    like->layers = like->layers == 0 ? part->layers : like->layers;
}
