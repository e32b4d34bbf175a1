/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HUBGUARD_SHIM_PLACES_H
#define HUBGUARD_SHIM_PLACES_H

#include <stdbool.h>

/* `text` has a line for each place: its kind, then an absolute path. Whether `path` (absolute, clean) is one
 * of that kind or lies below one. Other lines mean nothing. */
bool hg_place_holds(const char *text, char kind, const char *path);

#endif
