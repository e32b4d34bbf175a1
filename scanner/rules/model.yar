// SPDX-License-Identifier: Apache-2.0
// Payloads in the files that models are made of: pickles, Keras configurations, chat templates.

rule pickle_global_process
{
    meta:
        id = "HG-YARA-090"
        title = "a pickle calls a function that runs commands or code"
        cwe = "CWE-502, CWE-78"
        severity = "critical"
        confidence = "high"
        description = "A GLOBAL opcode names os.system, exec, eval, subprocess or their kin: unpickling runs it."
        reference = "https://docs.python.org/3/library/pickle.html"
        remedy = "Do not unpickle this file. Use safetensors, or torch.load with weights_only=True."
        example = "cposix\nsystem\n(S'id'\ntR."
        counterexample = "ctorch._utils\n_rebuild_tensor_v2\n(S'cposix system'\ntR."
    strings:
        $a = /c(os|posix|nt)(\nsystem|\npopen|\nspawn[lv]p?e?|\nexec[lv]p?e?|\nstartfile|\nposix_spawnp?)\n/
        $b = /csubprocess\n(Popen|run|call|check_call|check_output|getoutput|getstatusoutput)\n/
        $c = /c(_[_]bu[i]lt[i]n_[_]|bu[i]lt[i]ns)(\nexec|\neval|\ncompile|\n__import__|\nexecfile|\nbreakpoint)\n/
        $d = /c(runpy|pty|commands|platform|cPickle|code)(\n_run_code|\nrun_path|\nrun_module|\nspawn|\ngetoutput|\npopen|\nInteractiveInterpreter)\n/
        $e = /cmarshal\nloads\n/
    condition:
        any of them
}

rule pickle_stack_global_process
{
    meta:
        id = "HG-YARA-091"
        title = "a pickle calls a function that runs commands or code"
        cwe = "CWE-502, CWE-78"
        severity = "critical"
        confidence = "high"
        description = "A STACK_GLOBAL opcode (protocol 4 and later) names os.system, exec, eval, subprocess or their kin."
        reference = "https://docs.python.org/3/library/pickle.html"
        remedy = "Do not unpickle this file. Use safetensors, or torch.load with weights_only=True."
        example = "\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94."
        counterexample = "\x80\x04\x8c\x0ccollections\x94\x8c\x0bOrderedDict\x94\x93\x94)R\x94."
    strings:
        $a = /\x8c\x02os\x94?\x8c(\x06system|\x05popen|\x05execl|\x05execv|\x06execvp|\x06spawnl)\x94?\x93/
        $b = /\x8c\x05posix\x94?\x8c(\x06system|\x05popen|\x05execv|\x06execve|\x0bposix_spawn)\x94?\x93/
        $c = /\x8c\x02nt\x94?\x8c(\x06system|\x05popen|\x09startfile)\x94?\x93/
        $d = /\x8c\x0asubprocess\x94?\x8c(\x05Popen|\x03run|\x04call|\x0acheck_call|\x0ccheck_output|\x09getoutput)\x94?\x93/
        $e = /\x8c\x08builtins\x94?\x8c(\x04exec|\x04eval|\x07compile|\x0a__import__)\x94?\x93/
        $f = /\x8c\x0b__builtin__\x94?\x8c(\x04exec|\x04eval|\x07compile|\x0a__import__)\x94?\x93/
        $g = /\x8c\x05runpy\x94?\x8c(\x09_run_code|\x08run_path|\x0arun_module)\x94?\x93/
    condition:
        any of them
}

rule pickle_gadget
{
    meta:
        id = "HG-YARA-092"
        title = "a pickle reaches for a known gadget"
        cwe = "CWE-502"
        severity = "high"
        confidence = "high"
        description = "An opcode names a function with which scanners are got round: pip, pdb, timeit, getattr chains, network fetches, native loading."
        reference = "https://docs.python.org/3/library/pickle.html"
        remedy = "Do not unpickle this file. Use safetensors, or torch.load with weights_only=True."
        example = "ctimeit\ntimeit\n(S'print(1)'\ntR."
        counterexample = "cnumpy.core.multiarray\n_reconstruct\n(S'timeit'\ntR."
    strings:
        $module1 = "ctimeit\n"
        $module2 = "cpip\n"
        $module3 = "cpip._internal\n"
        $module4 = "cpdb\n"
        $module5 = "cbdb\n"
        $module6 = "cprofile\n"
        $module7 = "ccProfile\n"
        $module8 = "ctrace\n"
        $module9 = "cdoctest\n"
        $module10 = "cwebbrowser\n"
        $module11 = "cidlelib.pyshell\n"
        $module12 = "crequests.api\n"
        $module13 = "curllib.request\n"
        $module14 = "csocket\n"
        $module15 = "chttplib\n"
        $module16 = "chttp.client\n"
        $module17 = "cctypes\n"
        $module18 = "c_ctypes\n"
        $module19 = "cimportlib\n"
        $module20 = "cimp\n"
        $module21 = "cnumpy.testing._private.utils\n"
        $module22 = "ctorch.utils.collect_env\n"
        $module23 = "ctorch.jit.unsupported_tensor_ops\n"
        $ctx_a = /c(timeit|pip|pip\._internal|pdb|bdb|profile|cProfile|trace|doctest|webbrowser|idlelib\.pyshell)\n(timeit|main|run|runctx|Bdb|open|runeval|ModifiedInterpreter\.runcode)\n/
        $ctx_b = /c(requests\.api|urllib\.request|socket|httplib|http\.client)\n(get|post|urlopen|urlretrieve|socket|create_connection|HTTPSConnection|HTTPConnection)\n/
        $ctx_c = /c(ctypes|_ctypes|importlib|imp)\n(CDLL|dlopen|import_module|load_source|load_dynamic)\n/
        $ctx_d = /c(numpy\.testing\._private\.utils|torch\.utils\.collect_env|torch\.jit\.unsupported_tensor_ops)\n(runstring|run|execWrapper)\n/
        $e = /\x8c(\x06timeit|\x03pip|\x03pdb|\x07profile|\x08cProfile|\x0awebbrowser|\x0eurllib\.request|\x0crequests\.api|\x06ctypes|\x09importlib)\x94?\x8c(\x06timeit|\x04main|\x03run|\x06runctx|\x04open|\x07urlopen|\x0burlretrieve|\x03get|\x04post|\x04CDLL|\x0dimport_module)\x94?\x93/
    condition:
        $e or (any of ($module*) and any of ($ctx_*))
}

rule pickle_in_source
{
    meta:
        id = "HG-YARA-093"
        title = "a pickle that runs code is written as a literal"
        cwe = "CWE-502, CWE-94"
        severity = "critical"
        confidence = "high"
        description = "pickle.loads is given a literal whose opcodes name a function that runs commands or code."
        reference = "https://docs.python.org/3/library/pickle.html"
        remedy = "Do not load this repository; report it to the hub."
        example = "pickle.loads(b\"cos\\nsystem\\n(S'id'\\ntR.\")\n"
        counterexample = "pickle.loads(b\"ccollections\\nOrderedDict\\n)R.\")\n"
    strings:
        $literal1 = "loads(b'"
        $literal2 = "loads(b\""
        $literal3 = "loads( b"
        $literal4 = "loads('"
        $literal5 = "loads(\""
        $literal6 = "loads( '"
        $literal7 = "loads( \""
        $ctx_a = /loads\( ?b?['"]{1,3}(\\x80\\x0[0-5])?c(os|posix|nt|subprocess|builtins|__builtin__)\\n(system|popen|Popen|exec|eval|call|run|check_output|__import__)\\n/
        $b = /loads\( ?b?['"]{1,3}\\x80\\x0[45][^\n]{0,80}(posix|subprocess|builtins)\\x94\\x8c\\x[0-9a-f]{2}(system|popen|Popen|exec|eval|run)/
    condition:
        (any of ($literal*) and $ctx_a) or $b
}

rule keras_lambda_code
{
    meta:
        id = "HG-YARA-094"
        title = "a Keras Lambda layer carries bytecode"
        cwe = "CWE-502, CWE-94"
        severity = "high"
        confidence = "high"
        description = "A layer configuration holds a marshalled function that loading the model turns into code and calls."
        reference = "https://keras.io/api/layers/core_layers/lambda/"
        remedy = "Load with safe_mode=True, or ask for a model without Lambda layers."
        example = "{\"class_name\": \"Lambda\", \"config\": {\"function\": [\"4wEAAAAAAAAAAAAAAAEAAAADAAAAUwAAAHM\"]}}\n"
        counterexample = "{\"class_name\": \"Dense\", \"config\": {\"units\": 4}}\n"
    strings:
        $a = /"class_name": ?"(Lambda|__lambda__)"/
        $code1 = /"4w[EIMAQ]AAAAAAAA/
        $code2 = /"4w[EIMAQ]AAAA[A-Za-z]AAAA/
        $ctx_f = "\"function\""
    condition:
        $a and any of ($code*) or ($a and $ctx_f and any of ($code*))
}

rule template_injection
{
    meta:
        id = "HG-YARA-095"
        title = "a chat template climbs out of its sandbox"
        cwe = "CWE-1336, CWE-94"
        severity = "critical"
        confidence = "high"
        description = "A Jinja template in a tokenizer or model file reaches for Python internals, which runs code where the template is rendered without a sandbox."
        reference = "https://cwe.mitre.org/data/definitions/1336.html"
        remedy = "Do not load this repository; replace the template."
        example = "{\"chat_template\": \"{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}\"}\n"
        counterexample = "{\"chat_template\": \"{% for m in messages %}{{ m.content }}{% endfor %}\"}\n"
    strings:
        $a = /\{[{%][^\n]{0,200}(__subclasses[_]_\(|__globals__|__builtins__|__base__|__bases__|__mro__)/
        $b = /\{[{%][^\n]{0,200}\|attr\(['"]__(class|globals|init|builtins)__/
        $global1 = "cycler.__"
        $global2 = "lipsum.__"
        $global3 = "joiner.__"
        $global4 = "namespace.__"
        $ctx_c = /\{[{%][^\n]{0,120}(cycler|lipsum|[j]oine[r]|n[a]mespace)[.]__(i[n]it|g[l]obals)__/
    condition:
        $a or $b or (any of ($global*) and $ctx_c)
}
