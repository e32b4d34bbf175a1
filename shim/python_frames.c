/* SPDX-License-Identifier: Apache-2.0 */
/* Whose doing an event is: the walk up the frames of the interpreter. */
#include "shim/python_api.h"
#include "shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Deeper than a program that is not made for it goes; whoever does is taken for remote. */
#define FRAMES_MAX 20000

static bool is_ascii(const char *s)
{
    for (; *s != '\0'; s++)
        if ((*s & 0x80) != 0)
            return false;
    return true;
}

const char *hg_py_text(PyObject *o, char *room)
{
    const char *s = NULL;
    PyObject *encoded = NULL;
    if (o == NULL)
        return NULL;
    if (hg_py.IsInstance(o, hg_py.BytesType) == 1) {
        s = hg_py.BytesAsString(o);
    } else if (hg_py.IsInstance(o, hg_py.UnicodeType) == 1) {
        s = hg_py.AsUTF8(o); /* no copy: the object keeps it */
        if (s != NULL && is_ascii(s))
            return s;
        hg_py.ErrClear();
        /* Not UTF-8, or the file system's encoding may be another one. */
        encoded = hg_py.EncodeFSDefault(o);
        s = encoded == NULL ? NULL : hg_py.BytesAsString(encoded);
        if (s != NULL) {
            (void)snprintf(room, PATH_MAX, "%s", s);
            s = room;
        }
        hg_py.DecRef(encoded);
    }
    hg_py.ErrClear();
    return s;
}

/* What a frame is, as far as the walk cares. */
enum frame_is { FRAME_OTHER, FRAME_MODULE, FRAME_REMOTE, FRAME_IMPORTER };

static bool is_importer(const char *file)
{
    return strncmp(file, "<frozen importlib", 17) == 0 || strncmp(file, "<frozen zipimport", 17) == 0;
}

static enum frame_is look_at_frame(PyObject *frame, hg_is_remote_fn *is_remote, struct hg_remote *out)
{
    char room[PATH_MAX];
    enum frame_is is = FRAME_OTHER;
    PyObject *code = hg_py.GetAttr(frame, "f_code");
    PyObject *name = code == NULL ? NULL : hg_py.GetAttr(code, "co_filename");
    PyObject *function = code == NULL ? NULL : hg_py.GetAttr(code, "co_name");
    const char *file = hg_py_text(name, room);
    if (file != NULL && is_importer(file)) {
        is = FRAME_IMPORTER;
    } else if (file != NULL && is_remote(file)) {
        is = FRAME_REMOTE;
        (void)snprintf(out->file, sizeof out->file, "%s", file);
        PyObject *line = hg_py.GetAttr(frame, "f_lineno");
        long n = line == NULL ? 0 : hg_py.AsLong(line);
        out->line = n > 0 ? (unsigned)n : 0;
        hg_py.DecRef(line);
    } else {
        const char *what = hg_py_text(function, room);
        if (what != NULL && strcmp(what, "<module>") == 0)
            is = FRAME_MODULE;
    }
    hg_py.DecRef(function);
    hg_py.DecRef(name);
    hg_py.DecRef(code);
    hg_py.ErrClear();
    return is;
}

/* What an installed module does while it is imported is not the doing of the remote code that asked for it:
 * the walk ends where an importer runs a module. Where the importer was made to run anything else, it goes
 * on. */
bool hg_py_remote_frame(hg_is_remote_fn *is_remote, struct hg_remote *out)
{
    PyObject *frame = hg_py.EvalGetFrame(); /* borrowed */
    enum frame_is before = FRAME_OTHER;
    bool found = false;
    out->imported = false;
    hg_py.IncRef(frame);
    for (int depth = 0; frame != NULL; depth++) {
        enum frame_is is = look_at_frame(frame, is_remote, out);
        if (is == FRAME_IMPORTER)
            out->imported = true;
        if (depth == FRAMES_MAX) {
            (void)snprintf(out->file, sizeof out->file, "<more than %d frames>", FRAMES_MAX);
            out->line = 0;
        }
        found = is == FRAME_REMOTE || depth == FRAMES_MAX;
        if (found || (is == FRAME_IMPORTER && before == FRAME_MODULE))
            break;
        before = is;
        PyObject *back = hg_py.GetAttr(frame, "f_back");
        if (back == NULL || back == hg_py.None) {
            hg_py.DecRef(back);
            break;
        }
        hg_py.DecRef(frame);
        frame = back;
    }
    hg_py.DecRef(frame);
    hg_py.ErrClear();
    return found;
}

bool hg_py_importer_calls(void)
{
    char room[PATH_MAX];
    PyObject *frame = hg_py.EvalGetFrame(); /* borrowed */
    PyObject *code = frame == NULL ? NULL : hg_py.GetAttr(frame, "f_code");
    PyObject *name = code == NULL ? NULL : hg_py.GetAttr(code, "co_filename");
    const char *file = hg_py_text(name, room);
    bool is = file != NULL && strncmp(file, "<frozen importlib", 17) == 0;
    hg_py.DecRef(name);
    hg_py.DecRef(code);
    hg_py.ErrClear();
    return is;
}

/* _compile_bytecode(data, name, bytecode_path, source_path) of importlib, the caller of marshal.loads. */
const char *hg_py_bytecode_path(char *room)
{
    PyObject *frame = hg_py.EvalGetFrame(); /* borrowed */
    PyObject *locals = frame == NULL ? NULL : hg_py.GetAttr(frame, "f_locals");
    PyObject *path = locals == NULL ? NULL : hg_py.CallMethod(locals, "get", "s", "bytecode_path");
    const char *text = hg_py_text(path, room);
    if (text != NULL && text != room) {
        (void)snprintf(room, PATH_MAX, "%s", text);
        text = room;
    }
    hg_py.DecRef(path);
    hg_py.DecRef(locals);
    hg_py.ErrClear();
    return text;
}

bool hg_py_bytes_of_file(const char *path, unsigned skip, const char *bytes, size_t size)
{
    char clean[PATH_MAX], buffer[8192];
    struct stat st;
    size_t done = 0;
    if (hg_guarded(path, clean) != NULL)
        return false;
    int fd = hg_sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
    bool same = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size == size + skip;
    while (same && done < size) {
        size_t want = size - done < sizeof buffer ? size - done : sizeof buffer;
        ssize_t n = pread(fd, buffer, want, (off_t)(done + skip));
        if (n < 0 && errno == EINTR)
            continue;
        same = n > 0 && memcmp(buffer, bytes + done, (size_t)n) == 0;
        done += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0)
        hg_sys_close(fd);
    return same;
}
