/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are code and not Python source: what the engine hands over by kind. */
#ifndef HUBGUARD_SCANNER_FORMATS_H
#define HUBGUARD_SCANNER_FORMATS_H

#include "scanner/engine.h"

/* All three append to *out (which they neither sort nor clear) and return 0, or -ENOMEM. Hostile bytes never
 * make them fail: what cannot be read is a finding. They make no system call but those for memory. `in->kind`
 * is not looked at; `in->name` may be NULL. */

/* A zip that Python may import from. Source members are scanned through hg_engine_scan() as HG_KIND_SOURCE
 * under the name "ARCHIVE/MEMBER"; their findings come back with that member named in the message. Never
 * nests: an archive in an archive is a finding. `engine` may be NULL: members are then listed, not scanned
 * (for the fuzzer). */
int hg_archive_scan(struct hg_engine *engine, const struct hg_scan_input *in, struct hg_findings *out);
/* Compiled code: rules cannot read it, so it is always a finding, with what its ELF headers say. */
int hg_native_scan(const struct hg_scan_input *in, struct hg_findings *out);
/* A .pyc or marshal data: always a finding. */
int hg_bytecode_scan(const struct hg_scan_input *in, struct hg_findings *out);

/* By content alone (magic numbers), for HG_KIND_AUTO. */
int hg_archive_is(const uint8_t *bytes,
                  size_t size); /* a zip, or bytes that end as one (zipimport reads the end) */
int hg_native_is(const uint8_t *bytes, size_t size); /* ELF, PE or Mach-O */
int hg_bytecode_is(const uint8_t *bytes,
                   size_t size); /* the magic of any CPython .pyc: two bytes, then \r\n */

/* The catalogue entries of the rules that these functions report: static tables, kind "engine". */
const struct hg_rule_info *hg_archive_rules(size_t *count);
const struct hg_rule_info *hg_native_rules(size_t *count); /* HG-NATIVE-*, HG-BYTECODE-* */

#endif
