# SPDX-License-Identifier: Apache-2.0
"""What the hostile modules share; it lies beside each of them in the repository, with target.py, which says what to aim at.

A technique tells what it met by got(): the driver compares that with the refusal that its header expects. What counts as an
effect is the driver's to see, from outside: a mark in the working directory, a listener that was reached, ...
"""
import ctypes
import errno
import os
import signal
import struct
import sys
import time

import target

libc = ctypes.CDLL(None, use_errno=True)

NUMBERS = dict(  # x86-64
    socket=41, connect=42, sendto=44, sendmsg=46, execve=59, kill=62, rename=82, mkdir=83, creat=85, link=86, unlink=87, symlink=88,
    chmod=90, fchmod=91, chown=92, ptrace=101, syslog=103, personality=135, modify_ldt=154, prctl=157, chroot=161, mount=165,
    sethostname=170, iopl=172, setxattr=188, tkill=200, tgkill=234, add_key=248, keyctl=250, openat=257, mknodat=259, unshare=272,
    perf_event_open=298, fanotify_init=300, prlimit64=302, open_by_handle_at=304, setns=308, sendmmsg=307,
    process_vm_readv=310, process_vm_writev=311, kcmp=312, renameat2=316, seccomp=317, memfd_create=319, bpf=321, execveat=322,
    userfaultfd=323, io_uring_setup=425, io_uring_enter=426, pidfd_send_signal=424, open_tree=428, fsopen=430,
    pidfd_open=434, clone3=435, openat2=437, pidfd_getfd=438, process_madvise=440, mount_setattr=442, fchmodat2=452, clone=56,
    rt_sigaction=13, rt_sigprocmask=14, symlinkat=266, linkat=265, utimensat=280, truncate=76, io_uring_register=427, tee=276,
)


class Skip(Exception):
    """This machine cannot show the technique; the text says why."""


def got(what):
    """Tell what was met: an exception, or words."""
    if isinstance(what, OSError) and what.errno:
        what = f"{type(what).__name__} {errno.errorcode.get(what.errno, what.errno)} {what.strerror}"
    elif isinstance(what, BaseException):
        what = f"{type(what).__name__} {what}"
    print("got:", what, flush=True)


def attempt(act, *arguments, **named):
    """Do it, and tell what came of it."""
    try:
        result = act(*arguments, **named)
    except OSError as error:
        got(error)
        return None
    got(f"done {result!r:.60}")
    return result


def mark(text="struck"):
    """Leave the mark for an act that has no effect of its own to show."""
    with open(target.MARK, "a") as f:
        f.write(f"{text}\n")


def shell():
    """The command that leaves the mark, when a program can be started."""
    return f"echo struck >> '{target.MARK}'"


def words(argument):
    if isinstance(argument, int):
        return ctypes.c_ulong(argument & 0xFFFFFFFFFFFFFFFF)
    return argument


def call(name, *arguments):
    """One system call through libc's syscall(2). OSError when it fails."""
    number = NUMBERS[name] if isinstance(name, str) else name
    libc.syscall.restype = ctypes.c_long
    result = libc.syscall(ctypes.c_long(number), *map(words, arguments))
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), name if isinstance(name, str) else None)
    return result


# mov rax,rdi; mov rdi,rsi; mov rsi,rdx; mov rdx,rcx; mov r10,r8; mov r8,r9; mov r9,[rsp+8]; syscall; ret
SYSCALL = bytes.fromhex("4889f84889f74889d64889ca4d89c24d89c84c8b4c24080f05c3")


def memory(size=4096, low=False):
    """Address of fresh memory that may be read, written and executed; below 2 GiB where asked."""
    libc.mmap.restype = ctypes.c_void_p
    address = libc.mmap(None, ctypes.c_size_t(size), 7, 0x22 | (0x40 if low else 0), -1, ctypes.c_long(0))
    if address in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "mmap")
    return address


def machine_code(code, result, *arguments, low=False):
    """A function made of these bytes."""
    address = memory(low=low)
    ctypes.memmove(address, code, len(code))
    return ctypes.PYFUNCTYPE(result, *arguments)(address)


def bare_call(name, *arguments):
    """One system call by machine code of one's own: no libc at all. OSError when it fails."""
    function = machine_code(SYSCALL, ctypes.c_long, *[ctypes.c_void_p] * 7)
    filled = [ctypes.cast(a, ctypes.c_void_p) if not isinstance(a, int) else a & 0xFFFFFFFFFFFFFFFF for a in arguments]
    result = function(NUMBERS[name] if isinstance(name, str) else name, *filled, *[0] * (6 - len(filled)))
    if -4096 < result < 0:
        raise OSError(-result, os.strerror(-result), name if isinstance(name, str) else None)
    return result


def strings(*texts):
    """char *const[] with a NULL at its end."""
    return (ctypes.c_char_p * (len(texts) + 1))(*[os.fsencode(text) for text in texts], None)


def address4(port, host="127.0.0.1"):
    """struct sockaddr_in."""
    return struct.pack("<H", 2) + struct.pack(">H", port) + bytes(map(int, host.split("."))) + bytes(8)


def in_child(act, *arguments, seconds=20):
    """Do it in a forked child, since it replaces or ends its process. Tells how the child ended, when by a signal."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        code = 0
        try:
            act(*arguments)
        except OSError as error:
            got(error)
        except Skip as error:
            print("skip:", error, flush=True)
        except BaseException as error:
            got(error)
            code = 1
        os._exit(code)
    until = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            got("pending")
            return None
        time.sleep(0.002)
    if os.WIFSIGNALED(status):
        got(signal.Signals(os.WTERMSIG(status)).name)
    return status


def knock(sock):
    """Say something on a connected socket, so that the listener knows."""
    sock.sendall(b"GET /struck HTTP/1.0\r\n\r\n")
    sock.close()


def loot(data):
    """Keep what was read where the driver looks for it."""
    with open(target.LOOT, "ab") as f:
        f.write(data if isinstance(data, bytes) else data.encode())


def free():
    """No filter is on this process: what is refused now, the machine refuses."""
    with open("/proc/self/status") as f:
        return "\nSeccomp:\t0" in f.read()


def disks():
    """Names of the machine's disks that its modes let this user open."""
    return [f"/dev/{name}" for name in os.listdir("/sys/block") if os.access(f"/dev/{name}", os.R_OK)]


class Ring:
    """An io_uring with one entry, enough to do one thing."""

    def __init__(self):
        self.parameters = ctypes.create_string_buffer(120)
        self.fd = call("io_uring_setup", 2, self.parameters)
        word = struct.unpack("<30I", self.parameters.raw)
        sq_offset, cq_offset = word[10:20], word[20:30]
        import mmap

        self.sq = mmap.mmap(self.fd, sq_offset[6] + 4 * word[0] + 4096, offset=0)
        self.cq = mmap.mmap(self.fd, cq_offset[5] + 16 * word[1] + 4096, offset=0x8000000)
        self.entries = mmap.mmap(self.fd, 64 * word[0], offset=0x10000000)
        self.tail, self.array, self.results = sq_offset[1], sq_offset[6], cq_offset[5]

    def submit(self, opcode, fd, address, length=0, offset=0, flags=0):
        """Result of the operation; OSError when it fails."""
        entry = struct.pack("<BBHiQQIIQ", opcode, 0, 0, fd, offset, address, length, flags, 1)
        self.entries[0 : len(entry)] = entry
        self.sq[self.array : self.array + 4] = struct.pack("<I", 0)
        self.sq[self.tail : self.tail + 4] = struct.pack("<I", 1)
        call("io_uring_enter", self.fd, 1, 1, 1, 0, 0)
        _, result = struct.unpack("<Qi", self.cq[self.results : self.results + 12])
        if result < 0:
            raise OSError(-result, os.strerror(-result))
        return result


def victims():
    """A process of the user outside the tree, and the guard with its helpers where there is one."""
    found, families = [target.VICTIM], {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as f:
                head, _, rest = f.read().rpartition(") ")
        except OSError:
            continue
        families[int(name)] = head.partition(" (")[2], int(rest.split()[1])
    guard = os.getppid()
    while guard in families and families[guard][0] != "hubguard":
        guard = families[guard][1]
    if guard in families:
        found.append(guard)
        found += [pid for pid, (name, parent) in families.items() if parent == guard and name == "hubguard"]
    return found


def mappings(part):
    """(start, end) of what may be written of a mapped file, and of the anonymous memory that follows it."""
    found, last = [], None
    with open("/proc/self/maps") as f:
        for line in f:
            span, rights, _, _, _, *name = line.split()
            start, end = (int(word, 16) for word in span.split("-"))
            if name and part in name[0]:
                last = end
                if "w" in rights:
                    found.append((start, end))
            elif last == start and not name and "w" in rights:
                found.append((start, end))
                last = None
    return found


def overwrite_shim(byte):
    """Every byte of the shim's memory that may be written."""
    for start, end in mappings("libhubguard.so"):
        ctypes.memset(start, byte[0], end - start)


def unlink_audit_hooks():
    """Forget the interpreter's C audit hooks: each node {next, function, data} whose function lies in the shim."""
    with open("/proc/self/maps") as f:
        code = [line.split() for line in f if "libhubguard.so" in line]
    if not code:
        return
    low, high = int(code[0][0].split("-")[0], 16), int(code[-1][0].split("-")[1], 16)
    runtime = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime"))
    with open("/proc/self/maps") as f:
        readable = [tuple(int(x, 16) for x in line.split()[0].split("-")) for line in f if " r" in line and "[v" not in line]
    unlinked = 0
    for at in range(runtime, runtime + 0x4000, 8):
        node = ctypes.c_uint64.from_address(at).value
        if node % 8 or not any(start <= node and node + 24 <= end for start, end in readable):
            continue
        if low <= ctypes.c_uint64.from_address(node + 8).value < high:
            ctypes.c_uint64.from_address(at).value = ctypes.c_uint64.from_address(node).value
            unlinked += 1
    got(f"audit hooks unlinked: {unlinked}")


def channel():
    """A connection to the guard, as the shim gets it; OSError where no guard listens."""
    import socket

    found = socket.socket(fileno=call("connect", -1, 0, target.CHANNEL))
    found.settimeout(10)
    return found


def ask(kind, path="", resolved="", fd=None, line=0, frame="", layer=3):
    """A request of one's own making. (verdict, error) of the reply."""
    import socket

    parts = [text.encode() for text in (path, resolved, "", frame)]
    flags = 1 if fd is None else 0
    head = struct.pack("<7I2iIQ4H", 0x47425548, target.WIRE, target.KINDS[kind], flags, 0, 0, layer, os.getpid(), os.getpid(),
                       line, 0, *map(len, parts))
    with channel() as connection:
        socket.send_fds(connection, [head + b"".join(parts)], [] if fd is None else [fd])
        reply = connection.recv(65536)
    return struct.unpack("<I", reply[8:12])[0], struct.unpack("<i", reply[28:32])[0]
