// SPDX-License-Identifier: Apache-2.0
// Machine code, processes and files that are two things at once.

rule memfd_exec
{
    meta:
        id = "HG-YARA-080"
        title = "a program is run from memory without a file"
        cwe = "CWE-506"
        severity = "critical"
        confidence = "high"
        description = "An anonymous memory file is created and executed through /proc/self/fd."
        reference = "https://attack.mitre.org/techniques/T1620/"
        remedy = "Do not load this repository; report it to the hub."
        example = "fd = os.memfd_create('x')\nos.write(fd, elf)\nos.execv('/proc/self/fd/%d' % fd, ['x'])\n"
        counterexample = "fd = os.memfd_create('shared')\nos.ftruncate(fd, 4096)\n"
    strings:
        $a = "memfd_create("
        $b = /syscall\( ?(319|279) ?,/
        $ctx_fd = /\/proc\/(self|%d|\{[^\n}]{1,24}\}|['" +]{1,4}str\([^\n)]{1,24}\))[^\n]{0,8}\/fd\//
        $ctx_exec1 = "os.exec"
        $ctx_exec2 = "fexecve"
        $ctx_exec3 = "subprocess."
        $ctx_exec4 = "os.posix_spawn"
        $ctx_exec5 = "os.system("
        $ctx_exec6 = ".execve("
    condition:
        any of ($a, $b) and $ctx_fd and any of ($ctx_exec*)
}

rule process_injection_linux
{
    meta:
        id = "HG-YARA-081"
        title = "another process's memory is written"
        cwe = "CWE-506, CWE-94"
        severity = "high"
        confidence = "medium"
        description = "ctypes reaches ptrace or process_vm_writev, or /proc/PID/mem is opened for writing."
        reference = "https://attack.mitre.org/techniques/T1055/008/"
        remedy = "Do not load this repository; report it to the hub."
        example = "libc = ctypes.CDLL(None)\nlibc.ptrace(PTRACE_POKETEXT, pid, addr, word)\n"
        counterexample = "# gdb uses PTRACE_POKETEXT\n"
    strings:
        $a = "process_vm_writev"
        $b = "PTRACE_POKETEXT"
        $c = "PTRACE_POKEDATA"
        $d = "PTRACE_SETREGS"
        $e = /op[e]n\( ?f?['"][\/]proc\/[^\n'"]{1,24}\/mem['"][^\n]{0,24}, ?['"](wb|r\+b|rb\+|r\+|w)/
        $ctx_1 = "ctypes.CDLL("
        $ctx_2 = "CDLL("
        $ctx_3 = "find_library("
    condition:
        $e or (any of ($a, $b, $c, $d) and any of ($ctx_*))
}

rule process_injection_windows
{
    meta:
        id = "HG-YARA-082"
        title = "code is injected into another Windows process"
        cwe = "CWE-506, CWE-94"
        severity = "critical"
        confidence = "high"
        description = "The calls that allocate, write and start code in a foreign process stand together."
        reference = "https://attack.mitre.org/techniques/T1055/"
        remedy = "Do not load this repository; report it to the hub."
        example = "k = ctypes.windll.kernel32\na = k.VirtualAllocEx(p, 0, n, 0x3000, 0x40)\nk.WriteProcessMemory(p, a, b, n, 0)\nk.CreateRemoteThread(p, 0, 0, a, 0, 0, 0)\n"
        counterexample = "k = ctypes.windll.kernel32\nk.WriteProcessMemory(p, a, b, n, 0)\n"
    strings:
        $a = "VirtualAllocEx"
        $b = "WriteProcessMemory"
        $c = "CreateRemoteThread"
        $d = "NtCreateThreadEx"
        $e = "QueueUserAPC"
        $f = "NtUnmapViewOfSection"
    condition:
        3 of them
}

rule shellcode_runner
{
    meta:
        id = "HG-YARA-083"
        title = "bytes are made executable and called"
        cwe = "CWE-506, CWE-94"
        severity = "high"
        confidence = "high"
        description = "Memory with the right to execute is filled with bytes and called through ctypes."
        reference = "https://attack.mitre.org/techniques/T1620/"
        remedy = "Do not load this repository; report it to the hub."
        example = "m = mmap.mmap(-1, 4096, prot=mmap.PROT_READ|mmap.PROT_WRITE|mmap.PROT_EXEC)\nm.write(sc)\nctypes.CFUNCTYPE(ctypes.c_int)(addr)()\n"
        counterexample = "m = mmap.mmap(-1, 4096, prot=mmap.PROT_READ)\ncb = ctypes.CFUNCTYPE(ctypes.c_int)(handler)\n"
    strings:
        $mem1 = "mmap.PROT_EXEC"
        $mem2 = /VirtualAlloc\([^\n]{1,80}0x40/
        $mem3 = /mp[r]otect[\(][^\n]{1,60}, ?(7|0x7|5)\)/
        $ctx_1 = "CFUNCTYPE("
        $ctx_2 = "RtlMoveMemory"
        $ctx_3 = "CreateThread("
        $ctx_4 = "ctypes.cast("
    condition:
        any of ($mem*) and any of ($ctx_*)
}

rule upx_packed
{
    meta:
        id = "HG-YARA-084"
        title = "a compiled file packed with UPX"
        cwe = "CWE-506"
        severity = "critical"
        confidence = "high"
        description = "The code of the program or library is compressed, so that nobody can read it before it runs."
        reference = "https://attack.mitre.org/techniques/T1027/002/"
        remedy = "Ask for the unpacked file and its source."
        example = "\x7fELF\x02\x01\x01 UPX!\x0d\x0c $Info: This file is packed with the UPX executable packer http://upx.sf.net $\n"
        counterexample = "This file is packed with the UPX executable packer, UPX! said the manual\n"
    strings:
        $a = "This file is packed with the UPX executable packer"
        $b = { 55 50 58 21 0? 0? }
        $c = { 55 50 58 30 00 00 00 00 }
        $d = { 55 50 58 31 00 00 00 00 }
    condition:
        (uint32be(0) == 0x7f454c46 and ($a or #b >= 2)) or (uint16be(0) == 0x4d5a and $c and $d)
}

rule pyinstaller
{
    meta:
        id = "HG-YARA-085"
        title = "a frozen Python program"
        cwe = "CWE-506"
        severity = "high"
        confidence = "high"
        description = "A PyInstaller archive: a whole program with bytecode that no rule reads."
        reference = "https://attack.mitre.org/techniques/T1027/009/"
        remedy = "Ask for the source; do not run frozen programs from a model repository."
        example = "\x7fELF PYZ-00.pyz MEI\x0c\x0b\x0a\x0b\x0e pyi-runtime-tmpdir\n"
        counterexample = "spec = 'PYZ-00.pyz'  # name that pyi-makespec uses\n"
    strings:
        $cookie = { 4D 45 49 0C 0B 0A 0B 0E }
        $ctx_1 = "PYZ-00.pyz"
        $ctx_2 = "pyi-runtime-tmpdir"
        $ctx_3 = "_MEIPASS"
        $ctx_4 = "pyiboot01_bootstrap"
    condition:
        $cookie and any of ($ctx_*)
}

rule elf_zip_polyglot
{
    meta:
        id = "HG-YARA-086"
        title = "a file that is a program or an image, and an archive"
        cwe = "CWE-506, CWE-436"
        severity = "high"
        confidence = "high"
        description = "The file starts as ELF, PE, PNG, JPEG, GIF or PDF and ends as a zip archive that Python would import from."
        reference = "https://attack.mitre.org/techniques/T1036/008/"
        remedy = "Ask for two separate files; find out which of the two your loader reads."
        example = "GIF89a---- PK\x03\x04abcdefghijklmnopqrstuvwxyz PK\x01\x02abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz PK\x05\x06abcdefghijklmnopqr\n"
        counterexample = "GIF89a PK\x03\x04 in a comment of the picture\n"
    strings:
        $local = { 50 4B 03 04 }
        $central = { 50 4B 01 02 }
        $end = { 50 4B 05 06 }
    condition:
        (uint32be(0) == 0x7f454c46 or uint16be(0) == 0x4d5a or uint32be(0) == 0x89504e47 or uint32be(0) == 0x47494638 or
         uint32be(0) == 0x25504446 or uint16be(0) == 0xffd8) and
        $local and $central and $end in (filesize - 1024 .. filesize) and @local[1] < @central[1] and @central[1] < @end[#end]
}

rule sandbox_detection
{
    meta:
        id = "HG-YARA-087"
        title = "the code looks for virtual machines, sandboxes or debuggers"
        cwe = "CWE-506"
        severity = "medium"
        confidence = "medium"
        description = "Several marks of analysis machines stand in one file, as in programs that behave when they are watched."
        reference = "https://attack.mitre.org/techniques/T1497/"
        remedy = "Find out what happens on machines that are not watched."
        example = "BAD = ['VBoxService', 'vmtoolsd', 'SbieDll.dll']\nif any(b in ps for b in BAD): sys.exit()\n"
        counterexample = "print('tested in VirtualBox and VMware')\n"
    strings:
        $a = "VBoxService" nocase
        $b = "VBoxGuest" nocase
        $c = "vmtoolsd"
        $d = "SbieDll"
        $e = "IsDebuggerPresent"
        $f = "CheckRemoteDebuggerPresent"
        $g = "vmwareuser" nocase
        $h = "qemu-ga"
        $i = "TracerPid"
        $j = "wireshark" nocase
        $k = "ollydbg" nocase
        $l = "processhacker" nocase
        $m = "joeboxserver"
    condition:
        3 of them
}
