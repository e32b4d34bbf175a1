/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/hub_findings.h"

#include <stdio.h>
#include <string.h>

#include "guard/text.h"
#include "scanner/auto_map.h"

static const struct hg_rule_info rules[] = {
    {.id = "HG-HUB-001",
     .title = "a cached file that is not the one the hub served",
     .kind = "gate",
     .description = "The hub's client names a cached file by the hash of its bytes (git's for small files, "
                    "SHA-256 for large ones). Here the two differ: somebody changed the file in the cache.",
     .remedy = "Delete the file from the cache and download it again.",
     .reference = "https://cwe.mitre.org/data/definitions/345.html",
     .example = "blobs/0123456789abcdef0123456789abcdef01234567 with other bytes than those of that hash",
     .counterexample = "a cache as the client wrote it",
     .cwe = {345},
     .severity = {HG_SEV_HIGH, HG_SEV_HIGH, HG_SEV_HIGH},
     .confidence = HG_CONF_HIGH},
    {.id = "HG-HUB-002",
     .title = "code at a revision that can move",
     .kind = "gate",
     .description = "Where the file lies does not name a commit, so the repository's owner can change what "
                    "runs the next time.",
     .remedy = "Pass revision=COMMIT, the full hash.",
     .reference = "https://cwe.mitre.org/data/definitions/494.html",
     .example = "modules/diffusers_modules/git/pipeline.py",
     .counterexample = "models--org--name/snapshots/0123456789abcdef0123456789abcdef01234567/modeling_x.py",
     .cwe = {494},
     .severity = {HG_SEV_LOW, HG_SEV_LOW, HG_SEV_LOW},
     .confidence = HG_CONF_HIGH},
};
enum { BLOB, UNPINNED };

const struct hg_rule_info *hg_hub_rules(size_t *count)
{
    *count = sizeof rules / sizeof *rules;
    return rules;
}

static int report(const struct hg_rule_info *r, const char *message, const char *evidence,
                  struct hg_findings *out)
{
    struct hg_finding f = {.rule = (char *)(uintptr_t)r->id, /* hg_findings_add() copies */
                           .message = (char *)(uintptr_t)message,
                           .evidence = (char *)(uintptr_t)evidence,
                           .severity = r->severity[HG_REACH_LOAD],
                           .confidence = r->confidence,
                           .reach = HG_REACH_LOAD};
    memcpy(f.cwe, r->cwe, sizeof f.cwe);
    int rc = hg_findings_add(out, &f);
    hg_findings_sort(out);
    return rc;
}

int hg_hub_findings(const struct hg_origin *origin, const char *resolved, const void *bytes, size_t size,
                    struct hg_findings *out)
{
    int rc = 0;
    if (hg_origin_blob_matches(resolved, bytes, size) == 0)
        rc = report(&rules[BLOB],
                    "the cached file is not the one that the hub served: its bytes do not match its name",
                    NULL, out);
    if (rc == 0 && strcmp(origin->platform, "huggingface") == 0 && origin->repository[0] != '\0' &&
        !origin->pinned)
        rc = report(&rules[UNPINNED],
                    "the revision is not pinned to a commit: the repository can change what runs", NULL, out);
    return rc;
}

int hg_hub_named(const struct hg_naming *naming, struct hg_findings *out)
{
    size_t count;
    char by[2 * HG_ORIGIN_NAME_MAX], message[2 * HG_ORIGIN_NAME_MAX + 160];
    (void)hg_text_escape(naming->by, strlen(naming->by), true, by, sizeof by);
    (void)snprintf(message, sizeof message,
                   naming->unread
                       ? "code from a main branch, and whether a configuration of %s names it is not known: "
                         "that file could not be scanned"
                       : "%s names this code, which `revision` does not pin: it is what the main branch "
                         "holds (code_revision=COMMIT pins it)",
                   by);
    return report(hg_auto_map_rules(&count), message, naming->evidence, out);
}
