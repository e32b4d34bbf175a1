/* SPDX-License-Identifier: Apache-2.0 */
/* Any text that something on the guard's socket can answer to a question for addresses or for a cage. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shim/addresses.h"
#include "shim/places.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void build(const struct addrinfo *list, int family, size_t size)
{
    struct hostent host;
    char *buffer = malloc(size + 1);
    if (buffer == NULL)
        return;
    if (hg_hostent_build(list, family, "asked", &host, buffer + 1, size) == 0) {
        size_t n = strlen(host.h_name);
        for (char **a = host.h_addr_list; *a != NULL; a++)
            n += (unsigned char)(*a)[host.h_length - 1];
        if (n == SIZE_MAX)
            abort();
    }
    free(buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct addrinfo *list;
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (hg_place_holds(text, 'W', "/tmp/x") && memchr(text, 'W', size) == NULL)
        abort();
    (void)hg_is_numeric_host(text);
    if (hg_addrinfo_parse(text, &list) == 0) {
        for (size_t room = 0; room < 512; room += 37) {
            build(list, AF_INET, room);
            build(list, AF_INET6, room);
        }
        freeaddrinfo(list);
    }
    free(text);
    return 0;
}
