# SPDX-License-Identifier: Apache-2.0
"""The version of a file's inode, by ioctl on a descriptor that was opened for reading

family: write
effect: mark
refusal: PermissionError EPERM
"""
import fcntl
import os
import struct

import kit
import target

FS_IOC_GETVERSION, FS_IOC_SETVERSION = 0x80087601, 0x40087602
fd = os.open(target.VICTIM_FILE, os.O_RDONLY)


def act():
    """The version that it has, plus one."""
    (now,) = struct.unpack("<i4x", fcntl.ioctl(fd, FS_IOC_GETVERSION, bytes(8)))
    fcntl.ioctl(fd, FS_IOC_SETVERSION, struct.pack("<q", (now + 1) & 0x7FFFFFFF))
    kit.mark()


try:
    act()
except OSError as error:
    if kit.free():
        raise kit.Skip("this file system has no such versions") from None
    kit.got(error)
