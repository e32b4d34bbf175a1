// SPDX-License-Identifier: Apache-2.0
// Ways to stay on a machine after the process has ended.

rule cron_job
{
    meta:
        id = "HG-YARA-060"
        title = "a cron job is installed"
        cwe = "CWE-506"
        severity = "high"
        confidence = "medium"
        description = "A crontab entry is written by code or by a command that the code runs."
        reference = "https://attack.mitre.org/techniques/T1053/003/"
        remedy = "Do not load this repository; check `crontab -l` of whoever loaded it."
        example = "os.system('(crontab -l; echo \"* * * * * /tmp/.x\") | crontab -')\n"
        counterexample = "# to run it daily put this into your crontab: 0 3 * * * train.sh\n"
    strings:
        $put1 = /\| ?crontab -['"; )]/
        $put2 = /op[e]n\([^\n]{0,16}\/(etc\/cron|var\/spool\/cron)[^\n]{1,60}, ?['"][wa]/
        $put3 = />{1,2} ?\/(etc\/cron|var\/spool\/cron)/
        $ctx_1 = "* * * *"
        $ctx_2 = "@reboot"
        $ctx_3 = "@hourly"
        $ctx_4 = "@daily"
    condition:
        any of ($put*) and any of ($ctx_*)
}

rule systemd_unit
{
    meta:
        id = "HG-YARA-061"
        title = "a systemd service is installed"
        cwe = "CWE-506"
        severity = "high"
        confidence = "medium"
        description = "The text of a unit file stands with its folder or with the command that enables it."
        reference = "https://attack.mitre.org/techniques/T1543/002/"
        remedy = "Do not load this repository; check the units of whoever loaded it."
        example = "U='[Service]\\nExecStart=/tmp/.x\\n[Install]\\nWantedBy=default.target'\nopen('/etc/systemd/system/x.service','w').write(U)\n"
        counterexample = "U='[Service]\\nExecStart=/usr/bin/server'\nprint(U)\n"
    strings:
        $unit = "ExecStart="
        $ctx_section = "[Service]"
        $ctx_1 = "systemctl enable"
        $ctx_2 = "systemctl --user enable"
        $ctx_3 = ".config/systemd/user"
        $ctx_4 = "/etc/systemd/system/"
        $ctx_w1 = ".write("
        $ctx_w2 = "write_text("
        $ctx_w3 = "os.system("
    condition:
        $unit and $ctx_section and any of ($ctx_1, $ctx_2, $ctx_3, $ctx_4) and any of ($ctx_w*)
}

rule authorized_keys
{
    meta:
        id = "HG-YARA-062"
        title = "a key is added to authorized_keys"
        cwe = "CWE-506, CWE-732"
        severity = "critical"
        confidence = "high"
        description = "A public key stands with the file that lets its owner log in."
        reference = "https://attack.mitre.org/techniques/T1098/004/"
        remedy = "Do not load this repository; check ~/.ssh/authorized_keys of whoever loaded it."
        example = "open(os.path.expanduser('~/.ssh/authorized_keys'),'a').write('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA x')\n"
        counterexample = "# add your key to ~/.ssh/authorized_keys\n"
    strings:
        $file = "authorized_keys"
        $ctx_key1 = "ssh-rsa AAAA"
        $ctx_key2 = "ssh-ed25519 AAAA"
        $ctx_key3 = "ecdsa-sha2-nistp256 AAAA"
        $ctx_w1 = ".write("
        $ctx_w2 = "write_text("
        $ctx_w3 = "os.system("
        $ctx_w4 = "subprocess."
    condition:
        $file and any of ($ctx_key*) and any of ($ctx_w*)
}

rule shell_startup
{
    meta:
        id = "HG-YARA-063"
        title = "a shell start-up file is appended to"
        cwe = "CWE-506"
        severity = "high"
        confidence = "high"
        description = "Code opens .bashrc, .profile or .zshrc for writing, or runs a command that appends to it."
        reference = "https://attack.mitre.org/techniques/T1546/004/"
        remedy = "Do not load this repository; check the start-up files of whoever loaded it."
        example = "with open(os.path.expanduser('~/.bashrc'), 'a') as f:\n    f.write('/tmp/.x &')\n"
        counterexample = "with open(os.path.expanduser('~/.bashrc')) as f:\n    f.read()\n# echo 'export A=1' >> ~/.bashrc\n"
    strings:
        $file1 = ".bashrc"
        $file2 = ".zshrc"
        $file3 = ".bash_profile"
        $file4 = ".bash_login"
        $file5 = ".profile"
        $file6 = ".zprofile"
        $ctx_open = /op[e]n\([^\n]{0,30}(~|home|HOME|\/root)[^\n]{0,30}(\.b[a]shrc|\.zshrc|\.b[a]sh_profile|\.[p]rofi[l]e|\.zprofile|\.b[a]sh_login)['"]\)?\)?, ?(mode ?= ?)?['"][aw]/
        $ctx_sh = />> ?[^\n ]{0,24}(\.b[a]shrc|\.zshrc|\.b[a]sh_profile|\.[p]rofi[l]e)/
        $ctx_run1 = "os.system("
        $ctx_run2 = "subprocess."
        $ctx_run3 = "os.popen("
    condition:
        any of ($file*) and
        ($ctx_open or for any i in (1..#ctx_sh) : ( any of ($ctx_run*) in (@ctx_sh[i] - 120 .. @ctx_sh[i]) ))
}

rule python_startup
{
    meta:
        id = "HG-YARA-064"
        title = "code is planted where every Python start runs it"
        cwe = "CWE-506, CWE-94"
        severity = "high"
        confidence = "medium"
        description = "The site-packages folder is looked up and a sitecustomize, usercustomize or .pth file is written."
        reference = "https://attack.mitre.org/techniques/T1546/018/"
        remedy = "Do not load this repository; look for unknown .pth and sitecustomize files in site-packages."
        example = "p = site.getsitepackages()[0] + '/x.pth'\nopen(p, 'w').write('import os;os.system(\"id\")')\n"
        counterexample = "print(site.getsitepackages())\ntorch.save(m, 'model.pth')\n"
    strings:
        $where1 = "getsitepackages("
        $where2 = "getusersitepackages("
        $where3 = "get_path('purelib')"
        $where4 = "get_path(\"purelib\")"
        $ctx_lookup = /(g[e]tsitep[a]ck[a]g[e]s\(|g[e]tus[e]rsitep[a]ck[a]g[e]s\(|g[e]t_p[a]th\(['"]purelib['"]\))/
        $ctx_file1 = "sitecustomize.py"
        $ctx_file2 = "usercustomize.py"
        $ctx_file3 = /['"\/][\w-]{1,40}\.pth['"]/
        $ctx_w1 = ", 'w')"
        $ctx_w2 = ", \"w\")"
        $ctx_w3 = ",'w')"
        $ctx_w4 = ", 'a')"
        $ctx_w5 = ", \"a\")"
        $ctx_w6 = "write_text("
    condition:
        any of ($where*) and for any i in (1..#ctx_lookup) : (
            any of ($ctx_file*) in (@ctx_lookup[i] - 200 .. @ctx_lookup[i] + 300) and any of ($ctx_w*) in (@ctx_lookup[i] - 200 .. @ctx_lookup[i] + 600) )
}

rule pth_exec
{
    meta:
        id = "HG-YARA-065"
        title = "a .pth line that executes code"
        cwe = "CWE-506, CWE-94"
        severity = "high"
        confidence = "medium"
        description = "A small file that starts with an import statement followed by exec or a process start on the same line: the form in which site runs code from .pth files."
        reference = "https://docs.python.org/3/library/site.html"
        remedy = "Do not install this file; report it to the hub."
        example = "import os, sys; exec('x=1')\n"
        counterexample = "import os\nimport sys\n"
    strings:
        $a = /^[i]m[p]o[r]t [a-z_, .0-9]{2,60}(;exec|; ex[e]c|;eval|; ev[a]l|;__import__|; __i[m]p[o]r[t]_[_])\(/
        $b = /^[i]m[p]o[r]t [a-z_, .0-9]{2,60}(;os\.|; os\.)(s[y]s[t]em|p[o]p[e]n)\(/
        $c = /^[i]m[p]o[r]t [a-z_, .0-9]{2,60}(;su|; su)b[p]r[o]c[e]s[s]\.\w{3,12}\(/
    condition:
        filesize < 4096 and ($a at 0 or $b at 0 or $c at 0)
}

rule ld_so_preload
{
    meta:
        id = "HG-YARA-066"
        title = "a library is preloaded into every program"
        cwe = "CWE-506, CWE-426"
        severity = "high"
        confidence = "high"
        description = "/etc/ld.so.preload is written, or LD_PRELOAD is set to a library under a temporary or hidden folder."
        reference = "https://attack.mitre.org/techniques/T1574/006/"
        remedy = "Do not load this repository; check /etc/ld.so.preload."
        example = "os.environ['LD_PRELOAD'] = '/tmp/.x.so'\n"
        counterexample = "# LD_PRELOAD=libjemalloc.so python run.py reads /etc/ld.so.preload too\n"
    strings:
        $a = /open\( ?['"]\/etc\/ld\.so\.preload['"], ?['"][wa]/
        $b = />{1,2} ?\/etc\/ld\.so\.preload/
        $c = /LD_PRELOAD['"]?\]? ?[=:] ?['"]?(\/tmp\/|\/dev\/shm\/|\/var\/tmp\/|~\/\.|[^\n'"]{0,60}\/\.[a-z])/
    condition:
        any of them
}

rule ld_preload_environment
{
    meta:
        id = "HG-YARA-067"
        title = "LD_PRELOAD or LD_AUDIT is set for child processes"
        cwe = "CWE-426"
        severity = "medium"
        confidence = "medium"
        description = "The loader variable is assigned in the environment that children inherit."
        reference = "https://attack.mitre.org/techniques/T1574/006/"
        remedy = "See which library is loaded and why; launchers do this, models do not."
        example = "os.environ['LD_PRELOAD'] = 'libx.so'\n"
        counterexample = "old = os.environ.get('LD_PRELOAD', '')\n"
    strings:
        $a = /environ\[ ?['"]LD_(PRELOAD|AUDIT)['"] ?\] ?\+?= /
        $b = /putenv\( ?['"]LD_(PRELOAD|AUDIT)['"] ?,/
        $c = /environ\.(setdefault|update)\([^\n]{0,16}LD_(PRELOAD|AUDIT)/
    condition:
        any of them
}

rule windows_run_key
{
    meta:
        id = "HG-YARA-068"
        title = "a program is started at every Windows log-on"
        cwe = "CWE-506"
        severity = "high"
        confidence = "high"
        description = "The Run key of the registry is written, or a log-on task is created."
        reference = "https://attack.mitre.org/techniques/T1547/001/"
        remedy = "Do not load this repository; check the Run keys of whoever loaded it."
        example = "k = winreg.OpenKey(H, r'Software\\Microsoft\\Windows\\CurrentVersion\\Run', 0, A)\nwinreg.SetValueEx(k, 'x', 0, 1, p)\n"
        counterexample = "k = winreg.OpenKey(H, r'Software\\Microsoft\\Windows NT\\CurrentVersion')\n"
    strings:
        $a = /CurrentVersion\\{1,2}Run/
        $task = /schtasks(\.exe)? [^\n]{0,20}\/create [^\n]{0,80}\/sc (onlogon|minute|onstart)/ nocase
        $ctx_1 = "SetValueEx("
        $ctx_2 = "reg add " nocase
        $ctx_3 = "New-ItemProperty"
    condition:
        ($a and any of ($ctx_*)) or $task
}

rule launch_agent
{
    meta:
        id = "HG-YARA-069"
        title = "a macOS launch agent is installed"
        cwe = "CWE-506"
        severity = "high"
        confidence = "high"
        description = "The property list of a launch agent stands with the folder that launchd reads."
        reference = "https://attack.mitre.org/techniques/T1543/001/"
        remedy = "Do not load this repository; check ~/Library/LaunchAgents."
        example = "P='<key>ProgramArguments</key><key>RunAtLoad</key><true/>'\nopen(h+'/Library/LaunchAgents/x.plist','w').write(P)\n"
        counterexample = "# see ~/Library/LaunchAgents for services\n"
    strings:
        $dir1 = "Library/LaunchAgents"
        $dir2 = "Library/LaunchDaemons"
        $ctx_1 = "RunAtLoad"
        $ctx_2 = "ProgramArguments"
        $ctx_3 = "launchctl load"
    condition:
        any of ($dir*) and 2 of ($ctx_*)
}

rule sudoers_change
{
    meta:
        id = "HG-YARA-070"
        title = "rights are raised through sudoers or a set-uid shell"
        cwe = "CWE-269, CWE-506"
        severity = "high"
        confidence = "high"
        description = "A NOPASSWD line is written to sudoers, or a shell is made set-uid."
        reference = "https://attack.mitre.org/techniques/T1548/"
        remedy = "Do not load this repository; check /etc/sudoers.d and set-uid files."
        example = "os.system('echo \"x ALL=(ALL) NOPASSWD: ALL\" >> /etc/sudoers')\n"
        counterexample = "# needs NOPASSWD in sudoers\n"
    strings:
        $a = /NOPASSWD[^\n]{0,40}>{1,2} ?\/etc\/sudoers/
        $b = /op[e]n\( ?['"]\/etc\/sudoers[^\n'"]{0,40}['"], ?['"][wa]/
        $c = /chmod (u\+s|[42]755|\+s) \/(bin|tmp|usr\/bin)\/(\.?[a-z]{0,12})/
        $d = /cp \/bin\/(ba)?sh \/tmp\/[^\n;&]{1,40}[;&]{1,2} ?chmod [46u]/
    condition:
        any of them
}
