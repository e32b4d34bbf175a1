#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a built shim must be: libc only, and every function of the families it wraps that the libc at hand exports.
# usage: check_symbols.sh LIBRARY
set -euo pipefail
lib=$1
fail=0
say() { echo "check_symbols: $*" >&2; fail=1; }

needed=$(readelf -d "$lib" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p')
for n in $needed; do
    case $n in libc.so.6 | ld-linux*) ;; *) say "the shim needs $n" ;; esac
done

libc=$(ldd "$lib" | sed -n 's/.*libc\.so\.6 => \([^ ]*\).*/\1/p')
exported() { readelf --dyn-syms -W "$1" | awk '$5 == "GLOBAL" || $5 == "WEAK" {if ($7 != "UND" && $4 == "FUNC") {sub(/@.*/, "", $8); print $8}}' | sort -u; }

# Names in the libc that open a file by path for reading or start a program by path; that connect or resolve; that change
# what Landlock does not know.
family='^(__)?(open|open64|openat|openat64)(_2)?$|^(fopen|fopen64|freopen|freopen64|dlopen|dlmopen)$|^(execve|execv|execvp|execvpe|execl|execlp|execle|fexecve|execveat|posix_spawn|posix_spawnp|system|popen|fork)$|^(setenv|unsetenv|putenv)$|^_?IO_(fopen|popen|freopen)[0-9]*$|^openat2$'
family+='|^(__)?connect$|^(getaddrinfo|getnameinfo)$|^gethostby(name|name2|addr)(_r)?$'
family+='|^[lf]?ch(mod|own)(at[0-9]*)?$|^[lf]?(set|remove)xattr(at)?$|^kill(pg)?$'
ours=$(exported "$lib")
while read -r name; do
    [[ $name =~ $family ]] || continue
    grep -qx -- "$name" <<<"$ours" || say "$libc exports $name, which the shim does not wrap"
done < <(exported "$libc")
while read -r name; do
    [[ $name =~ $family ]] || say "the shim exports $name, which it does not wrap"
done <<<"$ours"
exit $fail
