/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "shim/roots.h"

#define CHUNK 256 /* a string's end may be the end of its mapping */

/* The words after "\nNAME:", or NULL. */
static const char *field(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at == NULL ? NULL : at + strlen(name);
}

/* What one read(2) of /proc/PID/NAME gives, as a string. 0 or -errno. */
static int read_entry(pid_t pid, const char *name, char *text, size_t size)
{
    char path[48];
    (void)snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
    int fd = pid <= 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return pid <= 0 ? -ESRCH : -errno;
    ssize_t n = read(fd, text, size - 1);
    int code = n < 0 ? -errno : 0;
    close(fd);
    text[n < 0 ? 0 : n] = '\0';
    return code;
}

int hg_process_read(pid_t pid, struct hg_process *out)
{
    char text[4096];
    int code = read_entry(pid, "status", text, sizeof text);
    if (code != 0)
        return code;
    /* The first line is the name, in which the kernel escapes newlines: no process can forge the others. */
    const char *group = field(text, "\nTgid:"), *parent = field(text, "\nPPid:"),
               *uid = field(text, "\nUid:"), *capabilities = field(text, "\nCapEff:");
    unsigned ids[4];
    if (group == NULL || parent == NULL || uid == NULL || capabilities == NULL)
        return -EIO;
    char *end = (char *)(uintptr_t)uid; /* real, effective, saved, file system */
    for (size_t i = 0; i < 4; i++)
        ids[i] = (unsigned)strtoul(end, &end, 10);
    *out = (struct hg_process){.group = (pid_t)strtol(group, NULL, 10),
                               .parent = (pid_t)strtol(parent, NULL, 10),
                               .uid = ids[3],
                               .capabilities = strtoull(capabilities, NULL, 16)};
    return 0;
}

/* proc(5): field 22 of /proc/PID/stat, counted behind the name, which may hold anything. */
int hg_process_started(pid_t pid, uint64_t *ticks)
{
    char text[1024];
    int code = read_entry(pid, "stat", text, sizeof text);
    if (code != 0)
        return code;
    const char *at = strrchr(text, ')');
    for (int i = 2; at != NULL && i < 22; i++)
        at = strchr(at + 1, ' ');
    if (at == NULL)
        return -EIO;
    *ticks = strtoull(at, NULL, 10);
    return 0;
}

uint64_t hg_process_clock(void)
{
    struct timespec now;
    uint64_t second = (uint64_t)sysconf(_SC_CLK_TCK);
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * second + (uint64_t)now.tv_nsec * second / 1000000000u;
}

int hg_process_link(pid_t pid, const char *name, char *out, size_t size)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
    ssize_t n = readlink(path, out, size);
    if (n < 0)
        return -errno;
    if ((size_t)n >= size)
        return -ENAMETOOLONG;
    out[n] = '\0';
    return (int)n;
}

/* Names that mean something else to each process, and what they mean to that one. */
static const struct {
    const char *name, *below; /* of /proc/PID */
} own_names[] = {{"/proc/self", ""}, {"/proc/thread-self", ""}, {"/dev/fd", "/fd"}};

/* The same path as this process would write it, or false when it is too long. */
static bool translate(pid_t pid, const char *clean, char *out, size_t size)
{
    for (size_t i = 0; i < sizeof own_names / sizeof own_names[0]; i++) {
        size_t n = strlen(own_names[i].name);
        if (strncmp(clean, own_names[i].name, n) == 0 && (clean[n] == '/' || clean[n] == '\0'))
            return snprintf(out, size, "/proc/%ld%s%s", (long)pid, own_names[i].below, clean + n) < (int)size;
    }
    return false;
}

bool hg_process_path(pid_t pid, const char *path, char *out, size_t size)
{
    char cwd[PATH_MAX], clean[PATH_MAX], whole[2 * PATH_MAX];
    if (path[0] != '/' && hg_process_link(pid, "cwd", cwd, sizeof cwd) < 0)
        return false;
    if (hg_path_clean(path, path[0] == '/' ? NULL : cwd, clean, sizeof clean) < 0)
        return false;
    /* Mostly not what hg_path_clean() made of it: `..` after a link goes up from where the link leads. */
    if (!translate(pid, clean, whole, sizeof whole))
        (void)snprintf(whole, sizeof whole, "%s/%s", path[0] == '/' ? "" : cwd, path);
    return strncmp(clean, "/dev/std", 8) != 0 && hg_path_resolve(whole, out, size) >= 0 &&
           strncmp(out, "/proc/", 6) != 0;
}

int hg_process_memory(pid_t pid, uint64_t address, void *out, size_t size)
{
    struct iovec here = {out, size}, there = {(void *)(uintptr_t)address, size};
    ssize_t n = process_vm_readv(pid, &here, 1, &there, 1, 0);
    return n < 0 ? -errno : (size_t)n == size ? 0 : -EFAULT;
}

int hg_process_string(pid_t pid, uint64_t address, char *out, size_t size)
{
    size_t at = 0;
    while (at + 1 < size) {
        size_t want = CHUNK - (address + at) % CHUNK; /* never across a page that may not be there */
        want = want < size - 1 - at ? want : size - 1 - at;
        int rc = hg_process_memory(pid, address + at, out + at, want);
        if (rc != 0)
            return rc;
        const char *end = memchr(out + at, '\0', want);
        if (end != NULL)
            return (int)(end - out);
        at += want;
    }
    return -ENAMETOOLONG;
}
