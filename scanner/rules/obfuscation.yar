// SPDX-License-Identifier: Apache-2.0
// Code that hides what it is. `example` must match, `counterexample` must not: the unit tests scan both.

rule import_chain_exec
{
    meta:
        id = "HG-YARA-040"
        title = "a compressed and Base64-encoded layer is executed in one expression"
        cwe = "CWE-94, CWE-506"
        severity = "critical"
        confidence = "high"
        description = "zlib, lzma, bz2, marshal and base64 are imported inside the expression that unpacks code and runs it."
        reference = "https://attack.mitre.org/techniques/T1027/"
        remedy = "Ask the author for plain source; do not load the repository before that."
        example = "exec(__import__('zlib').decompress(__import__('base64').b64decode('eJw=')))\n"
        counterexample = "data = zlib.decompress(base64.b64decode(blob))\n"
    strings:
        $a = /_[_]i[m]p[o]rt_[_]\(['"](zlib|lzma|bz2|gzip)['"]\)[.]decompress\(_[_]i[m]p[o]rt_[_]\(['"](base64|binascii|codecs)['"]\)\./
        $b = /_[_]i[m]p[o]rt_[_]\(['"]marshal['"]\)[.]l[o]a[d]s\(/
        $c = /exec\(__import__\(['"](zlib|base64|marshal|codecs|binascii|lzma|bz2)['"]\)/
    condition:
        any of them
}

rule lambda_unpacker
{
    meta:
        id = "HG-YARA-041"
        title = "a reversed, encoded layer is unpacked by a lambda and executed"
        cwe = "CWE-94, CWE-506"
        severity = "critical"
        confidence = "high"
        description = "The usual stub of Python obfuscators: a lambda that reverses, decodes and inflates its argument, and exec on its result."
        reference = "https://attack.mitre.org/techniques/T1027/"
        remedy = "Ask the author for plain source; do not load the repository before that."
        example = "_ = lambda __ : zlib.decompress(base64.b64decode(__[::-1]));exec((_)(b'=oJ'))\n"
        counterexample = "rev = lambda s: s[::-1]\nprint(rev('abc'))\n"
    strings:
        $unpack = "decompress("
        $ctx_a = /l[a]m[b]da \w{1,12} ?:[^\n]{0,80}d[e]c[o]mp[r]ess\([^\n]{0,60}dec[o]de\(\w{1,12}\[:[:]-1[\]]/
        $b = /exec\(\(_{1,8}\)\(b?['"]/
    condition:
        ($unpack and $ctx_a) or $b
}

rule exec_marshal
{
    meta:
        id = "HG-YARA-042"
        title = "bytecode is unpacked from data and executed"
        cwe = "CWE-94, CWE-502"
        severity = "critical"
        confidence = "high"
        description = "marshal turns bytes into a code object that exec runs: no source ever shows."
        reference = "https://docs.python.org/3/library/marshal.html"
        remedy = "Ask the author for plain source; do not load the repository before that."
        example = "exec(marshal.loads(b'\\xe3\\x00'))\n"
        counterexample = "meta = marshal.loads(fh.read())\n"
    strings:
        $a = /(exec|eval)\( ?marshal\.loads\( ?(b?['"]|zlib|base64|b64decode|bytes|lzma|bz2|gzip|binascii)/
        $b = /marshal\.loads\((zlib|lzma|bz2|gzip)\.decompress\( ?(base64\.b|b64decode|b['"])/
        $c = /marshal\.loads\((base64\.)?b(64|85|32)decode\(/
    condition:
        any of them
}

rule escaped_exec
{
    meta:
        id = "HG-YARA-043"
        title = "names of dangerous functions are spelled in escapes"
        cwe = "CWE-94, CWE-506"
        severity = "high"
        confidence = "high"
        description = "Words such as exec, import or subprocess are written letter by letter as hex or octal escapes."
        reference = "https://attack.mitre.org/techniques/T1027/"
        remedy = "Ask the author for plain source; do not load the repository before that."
        example = "getattr(b, '\\x65\\x78\\x65\\x63')('\\x69\\x6d\\x70\\x6f\\x72\\x74\\x20')\n"
        counterexample = "MAGIC = '\\x93NUMPY\\x01\\x00'\n"
    strings:
        $a = "\\x65\\x78\\x65\\x63" nocase
        $b = "\\x69\\x6d\\x70\\x6f\\x72\\x74" nocase
        $c = "\\x73\\x79\\x73\\x74\\x65\\x6d" nocase
        $d = "\\x65\\x76\\x61\\x6c" nocase
        $e = "\\x73\\x75\\x62\\x70\\x72\\x6f\\x63\\x65\\x73\\x73" nocase
        $f = "\\x5f\\x5f\\x69\\x6d\\x70\\x6f\\x72\\x74" nocase
        $g = "\\x62\\x36\\x34\\x64\\x65\\x63\\x6f\\x64\\x65" nocase
        $h = "\\145\\170\\145\\143"
        $i = "\\151\\155\\160\\157\\162\\164"
        $ctx_1 = "exec("
        $ctx_2 = "eval("
        $ctx_3 = "getattr("
        $ctx_4 = "__import__("
        $ctx_5 = "compile("
    condition:
        any of ($a, $b, $c, $d, $e, $f, $g, $h, $i) and any of ($ctx_*)
}

rule character_codes_exec
{
    meta:
        id = "HG-YARA-044"
        title = "code is assembled from character codes and executed"
        cwe = "CWE-94, CWE-506"
        severity = "high"
        confidence = "high"
        description = "exec or eval is given text that is joined from chr() calls or a list of numbers."
        reference = "https://attack.mitre.org/techniques/T1027/"
        remedy = "Ask the author for plain source; do not load the repository before that."
        example = "exec(''.join(map(chr,[105,109,112,111,114,116])))\n"
        counterexample = "alphabet = ''.join(map(chr, range(97, 123)))\n"
    strings:
        $a = /(ex[e]c|ev[a]l)\( ?['"]{2}[.]jo[i]n\( ?\[? ?(m[a]p\(chr|m[a]p\( chr|chr\()/
        $b = /(exec|eval)\( ?chr\([0-9]{1,3}\) ?\+ ?chr\(/
        $c = /(exec|eval)\( ?bytes\(\[ ?[0-9]{1,3} ?, ?[0-9]{1,3} ?,/
        $d = /chr\(101\) ?\+ ?chr\(120\) ?\+ ?chr\(101\) ?\+ ?chr\(99\)/
    condition:
        any of them
}

rule decoded_exec
{
    meta:
        id = "HG-YARA-045"
        title = "a decoded layer is executed"
        cwe = "CWE-94, CWE-506"
        severity = "high"
        confidence = "high"
        description = "The argument of exec or eval is decoded or inflated in place."
        reference = "https://attack.mitre.org/techniques/T1140/"
        remedy = "Ask the author for plain source; do not load the repository before that."
        example = "exec(base64.b64decode('cHJpbnQoMSk='))\n"
        counterexample = "exec(open('setup_version.py').read())\ncfg = base64.b64decode(text)\n"
    strings:
        $a = /(exec|eval)\( ?(compile\( ?)?(base64\.)?(b64d|b85d|b32d|b16d)[e]c[o]d[e]\(/
        $unpack1 = "zlib.decompress("
        $unpack2 = "lzma.decompress("
        $unpack3 = "bz2.decompress("
        $unpack4 = "gzip.decompress("
        $ctx_b = /(exec|eval)\( ?(compile\( ?)?(zlib|lzma|bz2|gzip)[.][d]ec[o]mp[r]ess\(/
        $c = /(exec|eval)\( ?(compile\( ?)?codecs\.decode\(/
        $d = /(exec|eval)\( ?(compile\( ?)?(bytes|bytearray)[.]fromhex\(/
        $e = /(exec|eval)\( ?(compile\( ?)?(binascii\.)?(unhexlify|a2b_base64|a2b_hex)\(/
    condition:
        any of ($a, $c, $d, $e) or (any of ($unpack*) and $ctx_b)
}

rule base64_python
{
    meta:
        id = "HG-YARA-046"
        title = "Python source is carried in Base64"
        cwe = "CWE-506"
        severity = "high"
        confidence = "medium"
        description = "The Base64 form of an import of process or network modules stands with a call that decodes."
        reference = "https://attack.mitre.org/techniques/T1027/"
        remedy = "Decode and read it; ask the author for plain source."
        example = "c = base64.b64decode('aW1wb3J0IHN1YnByb2Nlc3M7')\n"
        counterexample = "c = base64.b64decode('aGVsbG8gd29ybGQsIHRoaXMgaXMgdGV4dA==')\n"
    strings:
        $a = "import os" base64
        $b = "import socket" base64
        $c = "import subprocess" base64
        $d = "import urllib" base64
        $e = "import requests" base64
        $f = "import base64" base64
        $g = "__import__(" base64
        $h = "os.system(" base64
        $ctx_1 = "b64decode"
        $ctx_2 = "a2b_base64"
        $ctx_3 = "decodebytes("
        $ctx_4 = "decodestring("
    condition:
        any of ($a, $b, $c, $d, $e, $f, $g, $h) and any of ($ctx_*)
}

rule base64_elf
{
    meta:
        id = "HG-YARA-047"
        title = "an ELF program is carried in Base64 or hex"
        cwe = "CWE-506"
        severity = "critical"
        confidence = "high"
        description = "The encoded head of an ELF file stands with a call that decodes."
        reference = "https://attack.mitre.org/techniques/T1027/009/"
        remedy = "Do not load this repository; compiled code has to come as source or as a package."
        example = "b = base64.b64decode('f0VMRgIBAQAAAAAAAAAAAAMAPgAB')\n"
        counterexample = "ELF_MAGIC = b'\\x7fELF'\nb = base64.b64decode(x)\n"
    strings:
        $a = /f0VMRg[EI]BAQ[AMk]/
        $b = "7f454c46020101" nocase
        $c = "7f454c46010101" nocase
        $d = "\\x7fELF\\x02\\x01\\x01\\x00"
        $e = "\\x7f\\x45\\x4c\\x46\\x02\\x01\\x01" nocase
        $ctx_1 = "b64decode"
        $ctx_2 = "base64 -d"
        $ctx_3 = "fromhex("
        $ctx_4 = "unhexlify("
        $ctx_5 = ".write("
        $ctx_6 = "a2b_base64"
    condition:
        any of ($a, $b, $c, $d, $e) and any of ($ctx_*)
}

rule base64_pe
{
    meta:
        id = "HG-YARA-048"
        title = "a Windows program is carried in Base64 or hex"
        cwe = "CWE-506"
        severity = "critical"
        confidence = "high"
        description = "The encoded head of a PE file stands with a call that decodes."
        reference = "https://attack.mitre.org/techniques/T1027/009/"
        remedy = "Do not load this repository; compiled code has to come as source or as a package."
        example = "b = base64.b64decode('TVqQAAMAAAAEAAAA//8AALgAAAA')\n"
        counterexample = "MZ = b'MZ'\nb = base64.b64decode(x)\n"
    strings:
        $a = "TVqQAAMAAAAEAAAA"
        $b = "TVpQAAIAAAAEAA8A"
        $c = "4d5a90000300000004000000" nocase
        $ctx_1 = "b64decode"
        $ctx_2 = "FromBase64String"
        $ctx_3 = "fromhex("
        $ctx_4 = "unhexlify("
        $ctx_5 = "a2b_base64"
    condition:
        any of ($a, $b, $c) and any of ($ctx_*)
}

rule base64_shell_script
{
    meta:
        id = "HG-YARA-049"
        title = "a shell script is carried in Base64"
        cwe = "CWE-506, CWE-78"
        severity = "high"
        confidence = "high"
        description = "The encoded first line of a shell script stands with a call that decodes."
        reference = "https://attack.mitre.org/techniques/T1027/"
        remedy = "Decode and read it; do not load the repository before that."
        example = "os.system(base64.b64decode('IyEvYmluL2Jhc2gKcm0=').decode())\n"
        counterexample = "text = base64.b64decode('IyBSZWFkbWUK')\n"
    strings:
        $a = "IyEvYmluL3No"
        $b = "IyEvYmluL2Jhc2"
        $c = "IyEvdXNyL2Jpbi9lbnYg"
        $ctx_1 = "b64decode"
        $ctx_2 = "base64 -d"
        $ctx_3 = "base64 --decode"
        $ctx_4 = "a2b_base64"
    condition:
        any of ($a, $b, $c) and any of ($ctx_*)
}

rule embedded_bytecode
{
    meta:
        id = "HG-YARA-050"
        title = "a marshalled code object is embedded in source"
        cwe = "CWE-506, CWE-94"
        severity = "high"
        confidence = "high"
        description = "The head of a marshalled code object is written as an escaped or Base64 literal next to marshal."
        reference = "https://docs.python.org/3/library/marshal.html"
        remedy = "Ask the author for plain source; do not load the repository before that."
        example = "import marshal\nc = b'\\xe3\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00'\n"
        counterexample = "import marshal\nheader = b'\\xe3\\x0d\\x0d\\x0a'\n"
    strings:
        $a = "\\xe3\\x00\\x00\\x00\\x00\\x00\\x00\\x00" nocase
        $b = "c\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
        $c = /['"]4wAAAAAAAAAA/
        $d = /['"]YwAAAAAAAAAA/
        $ctx_m = "marshal"
    condition:
        any of ($a, $b, $c, $d) and $ctx_m
}

rule pyarmor
{
    meta:
        id = "HG-YARA-051"
        title = "source protected by PyArmor"
        cwe = "CWE-506"
        severity = "high"
        confidence = "high"
        description = "The file is a stub that hands an encrypted code object to the PyArmor runtime: no rule can read it."
        reference = "https://attack.mitre.org/techniques/T1027/002/"
        remedy = "Ask the author for plain source; encrypted code cannot be reviewed."
        example = "from pytransform import pyarmor_runtime\npyarmor_runtime()\n__pyarmor__(__name__, __file__, b'\\x50')\n"
        counterexample = "# pyarmor is not supported by this script\n"
    strings:
        $a = /__pyarmor__\(__name__, ?__file__, ?b?['"]/
        $b = /from pyarmor_runtime\w{0,12} import __pyarmor__/
        $c = /from \.{0,2}pytransform import pyarmor_runtime/
    condition:
        any of them
}

rule known_obfuscators
{
    meta:
        id = "HG-YARA-052"
        title = "the mark of a source obfuscator"
        cwe = "CWE-506"
        severity = "medium"
        confidence = "medium"
        description = "The file names the obfuscator that produced it, next to code that is executed from data."
        reference = "https://attack.mitre.org/techniques/T1027/"
        remedy = "Ask the author for plain source."
        example = "# Obfuscated by https://pyobfuscate.com\nexec(eval('x'))\n"
        counterexample = "# we do not use pyobfuscate.com\n"
    strings:
        $a = "pyobfuscate.com" nocase
        $b = "BlankOBF" nocase
        $c = "development-tools.net/python-obfuscator"
        $d = "freecodingtools.org/tools/obfuscator"
        $e = "Encrypted by: " nocase
        $ctx_1 = "exec("
        $ctx_2 = "eval("
        $ctx_3 = "getattr("
    condition:
        any of ($a, $b, $c, $d, $e) and any of ($ctx_*)
}

rule code_behind_blanks
{
    meta:
        id = "HG-YARA-053"
        title = "code is hidden far to the right of a line"
        cwe = "CWE-506, CWE-1007"
        severity = "high"
        confidence = "high"
        description = "A statement follows more blanks than any screen is wide, so that a reader does not see it."
        reference = "https://attack.mitre.org/techniques/T1027/"
        remedy = "Turn on line wrapping and read the line; do not load the repository before that."
        example = "x = 1                                                                                                                        ;import os;os.system('id')\n"
        counterexample = "x = 1          # import os;os.system('id')\n"
    strings:
        $a = / {61}   ;[ ]?(im[p]o[r]t|ex[e]c|ev[a]l|_[_]i[m]p[o]r[t]_[_]|fr[o]m|o[s]\.|s[u]b[p]r[o]c[e]s[s]\.)/
        $b1 = "                                                                exec("
        $b2 = "                                                                eval("
        $b3 = "                                                                __import__("
    condition:
        any of them
}

rule trojan_source
{
    meta:
        id = "HG-YARA-054"
        title = "bidirectional controls reorder what a reader sees"
        cwe = "CWE-1007, CWE-506"
        severity = "high"
        confidence = "high"
        description = "Unicode override or isolate characters in source make a reader see other code than Python runs."
        reference = "https://www.trojansource.codes/"
        remedy = "Remove the control characters; write such text with \\u escapes."
        example = "import os\ndef f(): \n    '''check \xe2\x80\xae\xe2\x81\xa6'''; return \xe2\x81\xa9\xe2\x81\xa6\n"
        counterexample = "import os\ndef f():\n    return '\\u202e text'\n"
    strings:
        $override = { (E2 80 AD | E2 80 AE) }
        $isolate = { (E2 81 A6 | E2 81 A7 | E2 81 A8) }
        $pop_override = { E2 80 AC }
        $pop_isolate = { E2 81 A9 }
        $ctx_1 = "\ndef "
        $ctx_2 = "\nimport "
        $ctx_3 = "\nclass "
    condition:
        any of ($ctx_*) and (
            for any i in (1..#override) : ( any of ($isolate, $pop_*) in (@override[i] .. @override[i] + 200) ) or
            for any i in (1..#isolate) : ( $override in (@isolate[i] .. @isolate[i] + 200) ) )
}
