/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "guard/codec.h"

#define SCHEMA      1
#define BUSY_MS     20
#define PAGES_MAX   16384 /* of 4 KiB */
#define PRUNE_EVERY 512

struct hg_cache {
    sqlite3 *db;
    sqlite3_stmt *find, *store;
    char ruleset[65];
    char path[PATH_MAX];
    unsigned stores;
};

static int sqlite_error(const struct hg_cache *cache, struct hg_error *err)
{
    int code = sqlite3_errcode(cache->db) & 0xff;
    const char *hint = code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? "; it can be deleted" : "";
    return hg_error_set(err, -EIO, "%s: %s%s", cache->path, sqlite3_errmsg(cache->db), hint);
}

/* A file of ours, or none yet: not a link or another user's. */
static int check_file(const char *path, struct hg_error *err)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return errno == ENOENT ? 0 : hg_error_set(err, -errno, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != geteuid() ||
        (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return hg_error_set(err, -EPERM, "%s: must be a plain file that only you can write", path);
    return 0;
}

static int prepare(struct hg_cache *c, const char *sql, sqlite3_stmt **out)
{
    return sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
}

static int user_version(struct hg_cache *c, int *version)
{
    sqlite3_stmt *s;
    int rc = prepare(c, "PRAGMA user_version", &s);
    if (rc != SQLITE_OK)
        return rc;
    rc = sqlite3_step(s);
    *version = rc == SQLITE_ROW ? sqlite3_column_int(s, 0) : -1;
    sqlite3_finalize(s);
    return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static int set_up(struct hg_cache *c, struct hg_error *err)
{
    /* No fsync: a file that a power failure damaged is found out and dropped, and somebody is waiting. */
    static const char pragmas[] =
        "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA synchronous=OFF;"
        "PRAGMA journal_mode=WAL; PRAGMA cache_size=-1024;";
    static const char schema[] =
        "BEGIN IMMEDIATE;"
        "CREATE TABLE IF NOT EXISTS verdicts(sha256 BLOB NOT NULL, kind INTEGER NOT NULL, ruleset TEXT NOT "
        "NULL,"
        " findings BLOB NOT NULL, stored INTEGER NOT NULL, PRIMARY KEY(sha256, kind, ruleset)) WITHOUT ROWID;"
        "CREATE INDEX IF NOT EXISTS by_age ON verdicts(stored);"
        "PRAGMA user_version=1; COMMIT;";
    int version = -1;
    (void)sqlite3_busy_timeout(c->db, BUSY_MS);
    (void)sqlite3_limit(c->db, SQLITE_LIMIT_LENGTH, (int)(2 * HG_CODEC_MAX));
    (void)sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (sqlite3_exec(c->db, pragmas, NULL, NULL, NULL) != SQLITE_OK || user_version(c, &version) != SQLITE_OK)
        return sqlite_error(c, err);
    if (version != 0 && version != SCHEMA)
        return hg_error_set(err, -EPROTO, "%s: schema %d is of another version of hubguard", c->path,
                            version);
    char limit[64];
    (void)snprintf(limit, sizeof limit, "PRAGMA max_page_count=%d", PAGES_MAX);
    if ((version == 0 && sqlite3_exec(c->db, schema, NULL, NULL, NULL) != SQLITE_OK) ||
        sqlite3_exec(c->db, limit, NULL, NULL, NULL) != SQLITE_OK ||
        prepare(c, "SELECT findings FROM verdicts WHERE sha256=?1 AND kind=?2 AND ruleset=?3", &c->find) !=
            SQLITE_OK ||
        prepare(c, "INSERT OR REPLACE INTO verdicts VALUES(?1, ?2, ?3, ?4, ?5)", &c->store) != SQLITE_OK)
        return sqlite_error(c, err);
    return sqlite3_db_readonly(c->db, "main") == 1
               ? hg_error_set(err, -EROFS, "%s: cannot be written", c->path)
               : 0;
}

int hg_cache_open(const char *dir, const char *ruleset, struct hg_cache **out, struct hg_error *err)
{
    struct hg_cache *c = calloc(1, sizeof *c);
    if (c == NULL)
        return hg_error_set(err, -ENOMEM, "out of memory");
    (void)snprintf(c->ruleset, sizeof c->ruleset, "%s", ruleset);
    int n = snprintf(c->path, sizeof c->path, "%s/verdicts.db", dir);
    int rc = n < 0 || (size_t)n >= sizeof c->path ? hg_error_set(err, -ENAMETOOLONG, "%s: name too long", dir)
                                                  : check_file(c->path, err);
    if (rc == 0) {
        mode_t old = umask(077);
        int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
        if (sqlite3_open_v2(c->path, &c->db, flags, NULL) != SQLITE_OK)
            rc = c->db == NULL ? hg_error_set(err, -ENOMEM, "out of memory") : sqlite_error(c, err);
        else
            rc = set_up(c, err); /* creates the -wal and -shm files */
        (void)umask(old);
    }
    if (rc != 0) {
        hg_cache_close(c);
        return rc;
    }
    *out = c;
    return 0;
}

void hg_cache_close(struct hg_cache *c)
{
    if (c == NULL)
        return;
    sqlite3_finalize(c->find);
    sqlite3_finalize(c->store);
    sqlite3_close(c->db);
    free(c);
}

static void bind_key(struct hg_cache *c, sqlite3_stmt *s, const uint8_t sha256[32], uint32_t kind)
{
    (void)sqlite3_bind_blob(s, 1, sha256, 32, SQLITE_STATIC);
    (void)sqlite3_bind_int64(s, 2, kind);
    (void)sqlite3_bind_text(s, 3, c->ruleset, -1, SQLITE_STATIC);
}

int hg_cache_find(struct hg_cache *c, const uint8_t sha256[32], uint32_t kind, uint8_t **encoded,
                  size_t *size, struct hg_error *err)
{
    int rc = 0;
    bind_key(c, c->find, sha256, kind);
    int step = sqlite3_step(c->find);
    if (step == SQLITE_ROW) {
        const void *blob = sqlite3_column_blob(c->find, 0);
        int bytes = sqlite3_column_bytes(c->find, 0);
        if (blob != NULL && bytes > 0 && (*encoded = malloc((size_t)bytes)) != NULL) {
            memcpy(*encoded, blob, (size_t)bytes);
            *size = (size_t)bytes;
            rc = 1;
        }
    } else if (step != SQLITE_DONE) {
        rc = sqlite_error(c, err);
    }
    (void)sqlite3_reset(c->find);
    (void)sqlite3_clear_bindings(c->find);
    return rc;
}

static int prune(struct hg_cache *c)
{
    char sql[200];
    (void)snprintf(
        sql, sizeof sql,
        "DELETE FROM verdicts WHERE (sha256, kind, ruleset) IN (SELECT sha256, kind, ruleset FROM verdicts"
        " ORDER BY stored DESC LIMIT -1 OFFSET %d)",
        HG_CACHE_ENTRIES);
    return sqlite3_exec(c->db, sql, NULL, NULL, NULL);
}

int hg_cache_store(struct hg_cache *c, const uint8_t sha256[32], uint32_t kind, const uint8_t *encoded,
                   size_t size, struct hg_error *err)
{
    bind_key(c, c->store, sha256, kind);
    (void)sqlite3_bind_blob(c->store, 4, encoded, (int)size, SQLITE_STATIC);
    (void)sqlite3_bind_int64(c->store, 5, (sqlite3_int64)time(NULL));
    int step = sqlite3_step(c->store);
    int rc = step == SQLITE_DONE || step == SQLITE_BUSY ? 0 : sqlite_error(c, err);
    (void)sqlite3_reset(c->store);
    (void)sqlite3_clear_bindings(c->store);
    /* By the process id as well, so that many short guards prune as often as one long one. */
    if (rc == 0 && (++c->stores + (unsigned)getpid()) % PRUNE_EVERY == 0) {
        int code = prune(c);
        if (code != SQLITE_OK && code != SQLITE_BUSY)
            rc = sqlite_error(c, err);
    }
    return rc;
}
