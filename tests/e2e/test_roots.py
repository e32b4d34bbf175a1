# SPDX-License-Identifier: Apache-2.0
"""The guarded roots are the directories that the installed loaders compute themselves, for many environments."""
import itertools
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
TOOL = Path(os.environ.get("HUBGUARD_BUILD", REPO / "build")).resolve() / "tools" / "print_roots"

# The modules' own source, run without their heavy dependencies: constants.py and the two functions of torch/hub.py.
LOADERS = r"""
import ast, importlib.util, json, os, sys
def source(package, *parts):
    spec = importlib.util.find_spec(package)
    return os.path.join(os.path.dirname(spec.origin), *parts)
def run(path, wanted, names):
    tree = ast.parse(open(path).read())
    keep = [n for n in tree.body if wanted(n)]
    scope = dict(names)
    exec(compile(ast.Module(keep, []), path, "exec"), scope)
    return scope
hub_file = source("huggingface_hub", "constants.py")
modules_file = source("transformers", "utils", "hub.py")
torch_file = source("torch", "hub.py")
def assigns(*names):
    return lambda n: isinstance(n, ast.Assign) and getattr(n.targets[0], "id", "") in names
answers = []
for line in sys.stdin:
    case = json.loads(line)
    os.environ.clear()
    os.environ.update(case["env"])
    os.chdir(case["cwd"])
    hub = run(hub_file, assigns("default_home", "HF_HOME", "default_cache_path", "HUGGINGFACE_HUB_CACHE", "HF_HUB_CACHE",
                                "default_assets_cache_path", "HUGGINGFACE_ASSETS_CACHE"), {"os": os})
    class constants:
        HF_HOME = hub["HF_HOME"]
    modules = run(modules_file, assigns("HF_MODULES_CACHE"), {"os": os, "constants": constants})
    torch = run(torch_file, lambda n: assigns("ENV_TORCH_HOME", "ENV_XDG_CACHE_HOME", "DEFAULT_CACHE_DIR")(n)
                or isinstance(n, ast.FunctionDef) and n.name == "_get_torch_home", {"os": os})
    answers.append({"hub": hub["HF_HUB_CACHE"], "modules": modules["HF_MODULES_CACHE"],
                    "torch": os.path.join(torch["_get_torch_home"](), "hub")})
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def tool():
    subprocess.run(["make", "--no-print-directory", "-s", f"BUILD={TOOL.parents[1]}", str(TOOL)], cwd=REPO, check=True)
    return TOOL


def roots_of(tool, env, cwd):
    lines = subprocess.run([tool], env=env, cwd=cwd, capture_output=True, text=True, check=True).stdout.splitlines()
    roots = [tuple(line.split("\t", 1)) for line in lines[:-1]]
    flags = dict(part.split("=") for part in lines[-1].split("\t")[1].split())
    return roots, flags


def python_says(cases):
    text = "".join(json.dumps(case) + "\n" for case in cases)
    done = subprocess.run([sys.executable, "-I", "-c", LOADERS], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def environments(place):
    """Every variable alone with every value, then many random mixtures, the same in every run."""
    home = str(place / "home")
    values = ["", "/", "rel/cache", "~", "~/x", "~root/x", "~nobody-here/x", "$BASE/y", "${BASE}/y", "$UNSET/y", "${UNSET}/y",
              "$BASE", "$NEST", "~$BASE", "a$", "${", "$$BASE", "$BASE$REL/z", "//double//slash/", "/tail/", "/a/./b/../c",
              f"{place}/link/hf", f"{place}/link/../up", "~/ü", "with space", "$TILDE", "-"]
    names = ["HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_MODULES_CACHE", "XDG_CACHE_HOME", "TORCH_HOME"]
    common = {"HOME": home, "BASE": f"{place}/base", "REL": "rel", "NEST": "$BASE/nest", "TILDE": "~/from-var"}
    yield {}
    yield common
    for name, value in itertools.product(names, values):
        yield {**common, name: value}
    dice = random.Random(20260131)
    for _ in range(500):
        env = dict(common)
        for name in names:
            if dice.random() < 0.45:
                env[name] = dice.choice(values)
        odd = dice.random()
        if odd < 0.1:
            del env["HOME"]
        elif odd < 0.3:
            env["HOME"] = dice.choice(["", "/", "rel-home", home + "/", home + "//", "~", "$BASE"])
        yield env


def test_as_the_loaders_compute_them(tool, tmp_path):
    cwd = tmp_path / "cwd"
    for folder in ("cwd", "home", "base", "real/hf"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    cases = [{"env": env, "cwd": str(cwd)} for env in environments(tmp_path)]
    assert len(cases) > 600
    kinds = {"hub": "huggingface-hub", "modules": "huggingface-modules", "torch": "torch-hub"}
    for case, said in zip(cases, python_says(cases)):
        roots, flags = roots_of(tool, case["env"], cwd)
        assert flags["overflow"] == "0", case
        paths = {path for _, path in roots}
        for key, kind in kinds.items():
            spelled = os.path.normpath(os.path.join(cwd, said[key]))
            spelled = "/" + spelled.lstrip("/")  # POSIX lets normpath keep two slashes
            real = os.path.realpath(os.path.join(cwd, said[key]))
            assert spelled in paths, (case, key, said[key], roots)
            assert real in paths, (case, key, said[key], roots)
            same = {kinds[k] for k in kinds if os.path.normpath(said[k]) == os.path.normpath(said[key])}
            # $HF_HOME/hub is a root of older releases besides: it may be torch's directory as well, and comes first.
            if "HF_HOME" not in case["env"]:
                assert dict((path, kind) for kind, path in roots)[spelled] in same, (case, key, roots)
            if not os.path.isabs(said[key]):
                assert flags["relative"] == "1", case


@pytest.mark.parametrize("name", ["TRANSFORMERS_CACHE", "PYTORCH_TRANSFORMERS_CACHE", "PYTORCH_PRETRAINED_BERT_CACHE",
                                  "KERNELS_CACHE", "HF_KERNELS_CACHE", "SENTENCE_TRANSFORMERS_HOME", "HUBGUARD_ROOTS"])
def test_variables_of_other_loaders(tool, tmp_path, name):
    roots, _ = roots_of(tool, {"HOME": "/h", name: str(tmp_path / "there")}, tmp_path)
    assert str(tmp_path / "there") in [path for _, path in roots]
    assert "/h/.cache/huggingface/hub" in [path for _, path in roots]


@pytest.mark.parametrize("name", ["HF_DATASETS_CACHE", "HF_ASSETS_CACHE", "HF_XET_CACHE"])
def test_data_is_no_root(tool, tmp_path, name):
    roots, _ = roots_of(tool, {"HOME": "/h", name: "/data"}, tmp_path)
    assert "/data" not in [path for _, path in roots]


def test_extra_roots_are_a_list(tool, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    env = {"HOME": "/h", "HUBGUARD_ROOTS": f":{tmp_path}/link:~/mine::/opt/models/:"}
    roots, _ = roots_of(tool, env, tmp_path)
    extra = [path for kind, path in roots if kind == "extra"]
    assert extra == [f"{tmp_path}/link", f"{tmp_path}/real", "/h/mine", "/opt/models"]


def test_without_home_from_passwd(tool, tmp_path):
    import pwd

    roots, flags = roots_of(tool, {}, tmp_path)
    home = os.path.normpath(pwd.getpwuid(os.getuid()).pw_dir)
    assert f"{home}/.cache/huggingface/hub" in [path for _, path in roots]
    assert flags["unknown_home"] == "0"


def test_home_of_nobody_is_said(tool, tmp_path):
    _, flags = roots_of(tool, {"HF_HOME": "~no-such-user-here/x"}, tmp_path)
    assert flags["unknown_home"] == "1"


def test_too_many_roots_are_said(tool, tmp_path):
    env = {"HOME": "/h", "HUBGUARD_ROOTS": ":".join(f"/r{i}" for i in range(100))}
    _, flags = roots_of(tool, env, tmp_path)
    assert flags["overflow"] == "1" and flags["rc"] != "0"


def test_a_link_in_the_middle_of_what_does_not_exist_yet(tool, tmp_path):
    (tmp_path / "big").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".cache").symlink_to("../big")
    roots, _ = roots_of(tool, {"HOME": f"{tmp_path}/home"}, tmp_path)
    paths = [path for _, path in roots]
    assert f"{tmp_path}/home/.cache/huggingface/hub" in paths
    assert f"{tmp_path}/big/huggingface/hub" in paths
