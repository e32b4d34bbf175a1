/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/reply.h"

#include <errno.h>
#include <string.h>

int hg_reply_parse(const void *packet, size_t size, struct hg_reply *out, char *text)
{
    struct hg_reply reply;
    if (size < sizeof reply)
        return -EPROTO;
    memcpy(&reply, packet, sizeof reply);
    if (reply.magic != HG_WIRE_MAGIC || reply.version != HG_WIRE_VERSION ||
        reply.text_len >= HG_WIRE_TEXT_MAX || size != sizeof reply + reply.text_len)
        return -EPROTO;
    memcpy(text, (const char *)packet + sizeof reply, reply.text_len);
    text[reply.text_len] = '\0';
    *out = reply;
    return 0;
}
