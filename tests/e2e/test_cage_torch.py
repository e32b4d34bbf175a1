# SPDX-License-Identifier: Apache-2.0
"""transformers' Trainer and torch.compile on a model with code of its own, in the cage."""
import os
import re
import shutil
import subprocess
import sys

import conftest
import numpy
import pytest
from safetensors.numpy import save_file
from test_cage_work import acts, in_force, summary

REPOSITORY = {
    "config.json": """{
  "model_type": "tiny_line",
  "architectures": ["TinyLineModel"],
  "auto_map": {"AutoConfig": "modeling_tiny_line.TinyLineConfig", "AutoModel": "modeling_tiny_line.TinyLineModel"},
  "hidden_size": 8
}
""",
    "modeling_tiny_line.py": '''"""Two layers that learn a line."""
import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput


class TinyLineConfig(PretrainedConfig):
    model_type = "tiny_line"

    def __init__(self, hidden_size=8, **kwargs):
        self.hidden_size = hidden_size
        super().__init__(**kwargs)


class TinyLineModel(PreTrainedModel):
    config_class = TinyLineConfig

    def __init__(self, config):
        super().__init__(config)
        self.up = nn.Linear(1, config.hidden_size)
        self.down = nn.Linear(config.hidden_size, 1)
        self.post_init()

    def forward(self, values, labels=None):
        logits = self.down(torch.tanh(self.up(values)))
        loss = None if labels is None else nn.functional.mse_loss(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)
''',
}
LOAD = """
import os

import torch
from transformers import AutoModel


def load():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    return AutoModel.from_pretrained("work/tiny-line", revision=os.environ["REVISION"], trust_remote_code=True)


class Line(torch.utils.data.Dataset):
    def __len__(self):
        return 16

    def __getitem__(self, i):
        return {"values": torch.tensor([i / 8]), "labels": torch.tensor([i / 4 - 1])}
"""
TRAIN = """
from load import AutoModel, Line, load, torch
from transformers import Trainer, TrainingArguments

if __name__ == "__main__":
    how = dict(output_dir="out", per_device_train_batch_size=4, learning_rate=0.05, logging_steps=1, save_steps=2, seed=3,
               dataloader_num_workers=2, report_to="none", use_cpu=True, disable_tqdm=True)
    trainer = Trainer(load(), TrainingArguments(max_steps=2, **how), train_dataset=Line(), eval_dataset=Line())
    trainer.train()
    measured = trainer.evaluate()["eval_loss"]
    again = Trainer(load(), TrainingArguments(max_steps=3, **how), train_dataset=Line())
    again.train(resume_from_checkpoint="out/checkpoint-2")
    saved = AutoModel.from_pretrained("out/checkpoint-2", trust_remote_code=True)
    same = all(torch.equal(a, b) for a, b in zip(saved.parameters(), trainer.model.parameters()))
    losses = [step["loss"] for run in (trainer, again) for step in run.state.log_history if "loss" in step]
    print("result:", same, measured.hex(), *[float(loss).hex() for loss in losses])
"""


@pytest.fixture
def train(new_place, guarded, hub, tmp_path):
    """train(mode, script, policy) runs a script of the user's with the tiny model on the hub."""
    repository = tmp_path / "tiny-line"
    repository.mkdir()
    for name, text in REPOSITORY.items():
        (repository / name).write_text(text)
    rng = numpy.random.default_rng(7)
    shapes = {"up.weight": (8, 1), "up.bias": (8,), "down.weight": (1, 8), "down.bias": (1,)}
    tensors = {name: rng.standard_normal(shape).astype("float32") for name, shape in shapes.items()}
    save_file(tensors, repository / "model.safetensors", metadata={"format": "pt"})
    revision = hub.add("work/tiny-line", repository)

    def run(mode, script, policy=""):
        place = new_place()
        place.env.update(HF_ENDPOINT=hub.url, REVISION=revision)
        (place.scratch / "work" / "load.py").write_text(LOAD)
        (place.scratch / "work" / "main.py").write_text(script)
        options = []
        if policy and mode != "none":
            (place.scratch / "policy.ini").write_text(policy)
            (place.scratch / "policy.ini").chmod(0o644)
            options = ["--policy", place.scratch / "policy.ini"]
        return place, guarded.run(mode, [sys.executable, "main.py"], place, options=options)

    return run


def test_trainer(train):
    """Two steps with a checkpoint, evaluation, and a third step that goes on from the checkpoint: the same numbers."""
    results = {}
    for mode in ("none", "run"):
        place, outcome = train(mode, TRAIN)
        assert outcome.rc == 0, outcome.err
        results[mode] = outcome.result
        assert outcome.result.startswith("True ") and len(outcome.result.split()) == 2 + 2 + 3, "the resumed log holds the first two"
        checkpoint = place.scratch / "work" / "out" / "checkpoint-2"
        for name in ("model.safetensors", "optimizer.pt", "trainer_state.json"):
            assert (checkpoint / name).stat().st_size
    assert results["none"] == results["run"]
    in_force(place)


COMPILE = """
from load import load, torch

if __name__ == "__main__":
    model = load()
    values = torch.linspace(-1, 1, 8)[:, None]
    with torch.no_grad():
        plain = model(values).logits
        try:
            output = torch.compile(model)(values).logits
            told = "compiled"
        except Exception as error:
            told = f"{type(error).__name__}: {error}".splitlines()[0]
            torch._dynamo.reset()
            torch._dynamo.config.suppress_errors = True
            output = torch.compile(model)(values).logits
    print("told:", told)
    print("result:", torch.allclose(plain, output), *[x.hex() for x in output.flatten().tolist()])
"""


def told(outcome):
    return next(line for line in outcome.out.splitlines() if line.startswith("told: ")).partition(" ")[2]


def compiler_line():
    """The line for torch.compile, as docs/policy.md gives it, where it fits this machine."""
    (line,) = re.findall(r"^allow = python /usr/bin/g\+\+ .*", (conftest.REPO / "docs" / "policy.md").read_text(), re.M)
    missing = [path for path in line.split()[3:] if not os.path.exists(path)]
    if missing:
        pytest.skip(f"no {' '.join(missing)}")
    found = subprocess.run(["g++", "-print-prog-name=cc1plus"], capture_output=True, text=True).stdout.strip()
    if not found.startswith("/usr/lib/gcc/"):
        pytest.skip(f"this compiler is in {found}")
    return line


def test_compile_needs_one_line(train):
    """torch.compile starts a C++ compiler: with the line that the documentation gives, the numbers are those without hubguard."""
    policy = f"[exec]\n{compiler_line()}\n"
    _, bare = train("none", COMPILE)
    assert bare.rc == 0 and told(bare) == "compiled", bare.out + bare.err
    place, outcome = train("run", COMPILE, policy)
    assert outcome.rc == 0, outcome.err
    assert told(outcome) == "compiled" and outcome.result == bare.result
    in_force(place)
    started = {os.path.basename(event["object"]) for event in acts(place, "allow") if event["act"] == "exec"}
    assert {"cc1plus", "collect2", "openssl"} <= started


@pytest.mark.skipif(not shutil.which("g++"), reason="no g++")
def test_compile_is_refused_by_default(train):
    """The error names the program; where torch is told to go on without its compiler, it does."""
    place, outcome = train("run", COMPILE)
    assert outcome.rc == 0, outcome.err
    assert told(outcome) == "InductorError: PermissionError: [Errno 13] Permission denied: 'g++'"
    assert outcome.result.startswith("True ")
    refused = acts(place, "refuse")
    assert {(event["act"], event["reason"]) for event in refused} == {("exec", "exec.allow = python")}
    assert all("g++" in os.path.basename(event["object"]) for event in refused), refused
    assert summary(place)["counts"]["block"] == 0
