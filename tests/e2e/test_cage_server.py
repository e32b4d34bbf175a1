# SPDX-License-Identifier: Apache-2.0
"""An inference server in the cage: uvicorn around a model with code of its own, under load. A refusal here is a false one."""
import concurrent.futures
import contextlib
import http.client
import re
import shutil
import signal
import subprocess
import sys
import time

import lab
import pytest
from test_cage_work import CASES, acts, in_force

QUESTIONS = 16
SECONDS = 3
APP = """
import os

import torch
from transformers import AutoModel

torch.set_num_threads(1)
model = AutoModel.from_pretrained(os.environ["MODEL"], revision=os.environ["REVISION"], trust_remote_code=True)


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    number = int(scope["path"][1:])
    output = model(torch.arange(number, number + 6)[None])
    answer = " ".join([str(number), *[x.hex() for x in output.flatten().tolist()]]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(answer)).encode())]})
    await send({"type": "http.response.body", "body": answer})
"""
# An answer begins with the number that was asked for, so each can be compared with its own.
WRK = """
local expected = {}
for line in io.lines("answers") do expected[line] = true end
wrong, asked = 0, 0
local threads = {}
function setup(thread) table.insert(threads, thread) end
function request() asked = asked + 1; return wrk.format("GET", "/" .. asked % %QUESTIONS%) end
function response(status, headers, body) if status ~= 200 or not expected[body] then wrong = wrong + 1 end end
function done(summary)
    local all = 0
    for _, thread in ipairs(threads) do all = all + thread:get("wrong") end
    local e = summary.errors
    print("result:", summary.requests, all, e.connect + e.read + e.write + e.status + e.timeout)
end
""".replace("%QUESTIONS%", str(QUESTIONS))


def ask(port, number):
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        client.request("GET", f"/{number}")
        answer = client.getresponse()
        assert answer.status == 200
        return answer.read().decode()
    finally:
        client.close()


def load(port, answers, folder):
    """Eight clients at once for some seconds. Returns how many answers came, how many of them were wrong, and failures."""
    if shutil.which("wrk"):
        (folder / "answers").write_text("".join(f"{answer}\n" for answer in answers))
        (folder / "check.lua").write_text(WRK)
        argv = ["wrk", "-t2", "-c8", f"-d{SECONDS}s", "--timeout", "30s", "-s", "check.lua", f"http://127.0.0.1:{port}"]
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=True, timeout=60)
        return tuple(map(int, re.search(r"result:\s+(\d+)\s+(\d+)\s+(\d+)", done.stdout).groups()))

    def client(first):
        asked = wrong = 0
        while time.monotonic() < until:
            number = (first + asked) % QUESTIONS
            wrong += ask(port, number) != answers[number]
            asked += 1
        return asked, wrong

    until = time.monotonic() + SECONDS
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return *map(sum, zip(*pool.map(client, range(8)))), 0


@pytest.fixture
def serve(new_place, guarded, hub, listener):
    @contextlib.contextmanager
    def served(mode, workers):
        """The server, started and ended as a user does; gives its place and its port once every worker has its model."""
        place = new_place()
        lab.prepare(CASES["benign-model"], place, hub, listener, f"server.{mode}")
        (place.scratch / "work" / "serving.py").write_text(APP)
        name = "gallery/benign-model"
        words, env = guarded.prefix(mode, place.env, place.report)
        env.update(MODEL=name, REVISION=hub.server.repositories[name].commit)
        argv = [*words, sys.executable, "-m", "uvicorn", "serving:app", "--port", "0", "--workers", str(workers), "--no-access-log"]
        log = place.scratch / "server.log"
        with log.open("w") as out:
            server = subprocess.Popen(argv, env=env, cwd=place.scratch / "work", stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            until = time.monotonic() + 60
            while log.read_text().count("Application startup complete") < workers:
                assert server.poll() is None and time.monotonic() < until, log.read_text()
                time.sleep(0.05)
            yield place, int(re.search(r"running on http://127.0.0.1:(\d+)", log.read_text()).group(1))
            server.send_signal(signal.SIGTERM)
            assert server.wait(30) in (0, -signal.SIGTERM, 128 + signal.SIGTERM), log.read_text()
            assert log.read_text().count("Finished server process") == workers, log.read_text()
            assert "Traceback" not in log.read_text(), log.read_text()
        finally:
            server.kill()
            server.wait()

    return served


@pytest.mark.parametrize("workers", [1, 2])
def test_inference_server(serve, hub, workers, tmp_path):
    """The weights come when the cage is closed already; every answer under load is the one without hubguard."""
    with serve("none", 1) as (_, port):
        answers = [ask(port, number) for number in range(QUESTIONS)]
    assert len(set(answers)) == QUESTIONS
    asked = len(hub.requests)
    with serve("run", workers) as (place, port):
        got = [path.rpartition("/")[2] for method, path in hub.requests[asked:] if method == "GET"]
        assert got.index("model.safetensors") > min(i for i, name in enumerate(got) if name.endswith(".py")), got
        assert [ask(port, number) for number in range(QUESTIONS)] == answers
        count, wrong, failed = load(port, answers, tmp_path)
        assert count > 50 and (wrong, failed) == (0, 0)
    in_force(place)
    assert len([event for event in place.events() if event["type"] == "cage"]) == workers, "one cage a worker"
    assert {event["act"] for event in acts(place, "allow")} <= {"connect"}
