# SPDX-License-Identifier: Apache-2.0
"""What the cage does not do, shown under the default policy. docs/security.md has a row for each test; a limit that goes away fails
its test here, and then the row goes as well."""
import ctypes
import os
import shutil
import socket
import subprocess
import sys
import threading
import time

import cage_stage
import lab
import pytest
from cage_stage import new_stage, programs  # noqa: F401


def run(stage, source, **more):
    outcome = stage.run_source(source, **more)
    skipped = [line for line in outcome.out.splitlines() if line.startswith("skip: ")]
    if skipped:
        pytest.skip(skipped[0][6:])
    assert outcome.rc == 0 and "end" in outcome.out.splitlines(), cage_stage.describe(outcome, stage)
    closed = [event for event in stage.place.events() if event["type"] == "cage"]
    assert closed and closed[0]["verdict"] == "closed"
    return outcome


def test_limit_times_of_files(new_stage):  # noqa: F811
    """The times of a file that may only be read can be set: no Landlock right is about them."""
    stage = new_stage()
    run(stage, "import os, target\nos.utime(target.VICTIM_FILE, (1, 1))\n")
    assert (stage.outside / "victim.txt").stat().st_mtime == 1


def test_limit_names_and_sizes_can_be_seen(new_stage):  # noqa: F811
    """Listing a directory and asking about a file are never refused, also where keys live."""
    stage = new_stage()
    outcome = run(stage, "import os, target\nprint('saw:', os.stat(target.KEY).st_size, os.listdir(target.HOME + '/.ssh'))\n")
    assert f"saw: {stage.key.stat().st_size} ['id_rsa']" in outcome.out


def test_limit_descriptors_that_were_open_before(new_stage):  # noqa: F811
    """What the user's own code opened before the first remote statement stays open, for reading and for writing."""
    stage = new_stage()
    run(stage, """
        import early, os, kit
        os.pwrite(early.file.fileno(), b"struck", 0)
        kit.loot(os.pread(early.key.fileno(), 4096, 0))
    """, before="open-file")
    assert set(stage.effects()) == {"outside", "key"}


def test_limit_sockets_that_were_open_before(new_stage):  # noqa: F811
    """A datagram socket needs no connect: one that was there before sends to whom it likes."""
    stage = new_stage()
    run(stage, "import early, target\nearly.sock.sendto(b'struck', ('127.0.0.1', target.UDP))\n", before="socket")
    assert stage.ears.reached() == ["udp"]


def test_limit_secrets_of_the_process_itself(new_stage):  # noqa: F811
    """The token in the process's own environment can be read, and the endpoint that is allowed takes what is sent to it."""
    stage = new_stage()
    stage.place.env["HF_TOKEN"] = lab.SECRET
    run(stage, """
        import os, socket, kit, target
        kit.loot(os.environ["HF_TOKEN"])
        kit.knock(socket.create_connection(("127.0.0.1", target.HUB)))
    """)
    assert set(stage.effects()) == {"key"} and "hub" in stage.ears.hits


def test_limit_the_working_directory(new_stage):  # noqa: F811
    """It may be written: also the user's own scripts that lie there, which run without a cage next time."""
    stage = new_stage()
    run(stage, "import target\nopen(target.WORK + '/main.py', 'a').write('\\nopen(\"struck-later\", \"w\")\\n')\n")
    outcome = stage.guarded.run("none", [sys.executable, stage.work / "main.py"], stage.place)
    assert (stage.work / "struck-later").exists(), outcome.err


def test_limit_whoever_comes_is_served(new_stage):  # noqa: F811
    """Listening is not refused: a process outside can come and fetch."""
    stage = new_stage()
    (stage.repository / "module.py").write_text(cage_stage.dedent("""
        import socket
        server = socket.create_server(("127.0.0.1", 0))
        print("port:", server.getsockname()[1], flush=True)
        client, _ = server.accept()
        client.sendall(b"struck")
        client.close()
    """))
    argv, options, env = stage.command("module", "run")
    words, environ = stage.guarded.prefix("run", {**stage.place.env, **env}, stage.place.report, options)
    with subprocess.Popen([*words, *map(str, argv)], env=environ, cwd=stage.work, stdout=subprocess.PIPE, text=True) as child:
        port = int(child.stdout.readline().split()[1])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            assert client.recv(100) == b"struck"
        assert child.wait(20) == 0


def test_limit_workers_that_were_there_before(new_stage):  # noqa: F811
    """Processes that the user's own code forked before the first remote statement are in no cage, and do what they are sent."""
    stage = new_stage()
    run(stage, """
        import concurrent.futures, gc, os, kit
        (pool,) = [each for each in gc.get_objects() if isinstance(each, concurrent.futures.ProcessPoolExecutor)]
        pool.submit(os.system, kit.shell()).result()
    """, before="pool")
    assert set(stage.effects()) == {"mark"}


def test_limit_memory_that_others_share(new_stage):  # noqa: F811
    """Memory that another process of the user shares by System V (shmget) or below /dev/shm can be attached to."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    key = 0x4855_0000 | os.getpid() & 0xFFFF
    segment = libc.shmget(key, 4096, 0o1600)
    address = libc.shmat(segment, None, 0)
    stage = new_stage()
    try:
        with open(f"/dev/shm/hubguard-test-{os.getpid()}", "w+") as shared:
            run(stage, f"""
                import ctypes
                libc = ctypes.CDLL(None)
                libc.shmat.restype = ctypes.c_void_p
                ctypes.memmove(libc.shmat(libc.shmget({key}, 4096, 0), None, 0), b"struck", 6)
                open({shared.name!r}, "w").write("struck")
            """)
            assert ctypes.string_at(address, 6) == b"struck" and shared.read() == "struck"
    finally:
        os.unlink(f"/dev/shm/hubguard-test-{os.getpid()}")
        libc.shmdt(ctypes.c_void_p(address))
        libc.shmctl(segment, 0, None)


def test_limit_token_of_the_hub(new_stage):  # noqa: F811
    """The hub's client needs its token, below HF_HOME: remote code in the same process can read it, too."""
    stage = new_stage()
    (stage.place.scratch / "huggingface" / "token").write_text(lab.SECRET)
    run(stage, "import os, kit\nkit.loot(open(os.environ['HF_HOME'] + '/token').read())\n")
    assert set(stage.effects()) == {"key"}


def test_limit_approvals_in_the_working_directory(new_stage):  # noqa: F811
    """`hubguard.lock` in the working directory can be written: it is in force in the next run. The end of this one says so."""
    stage = new_stage()
    outcome = run(stage, "open('hubguard.lock', 'w').write('struck')\n")
    assert (stage.work / "hubguard.lock").read_text() == "struck"
    assert "hubguard.lock changed while remote code ran" in outcome.err
    assert any(event["type"] == "warning" and event["topic"] == "lock" for event in stage.place.events())


def test_limit_compiled_code_in_caches(new_stage):  # noqa: F811
    """What torch and triton compiled is loaded from their caches without a question in the next run, and they may be written."""
    stage = new_stage()
    cache = stage.home / ".triton" / "cache" / "kernel"
    cache.mkdir(parents=True)
    run(stage, f"open({str(cache / 'launcher.so')!r}, 'w').write('struck')\n")
    assert (cache / "launcher.so").read_text() == "struck"


def test_limit_the_report_believes_the_process(new_stage):  # noqa: F811
    """Code in the cage can make events of acts that nobody tried, and put them down to another repository."""
    stage = new_stage()
    run(stage, """
        import kit, target
        frame = target.REPOSITORY.replace("acme/caged", "innocent/model") + "/modeling.py"
        kit.ask("ACT", "/bin/sh", "exec", line=1, frame=frame)
    """)
    assert [event["repository"] for event in stage.place.events() if event["type"] == "act"] == ["innocent/model"]


def test_limit_what_others_unpickle(new_stage):  # noqa: F811
    """A process in no cage that unpickles what a caged one sends (results of a pool, a queue) does what the pickle says."""
    stage = new_stage()
    run(stage, """
        import os, kit

        class Result:
            def __reduce__(self):
                return os.system, (kit.shell(),)
    """, action="parent = multiprocessing.Pipe(); worker = multiprocessing.Process(target=lambda: parent[1].send("
                "importlib.import_module('module').Result())); worker.start(); parent[0].recv(); worker.join()")
    assert set(stage.effects()) == {"mark"}


def test_limit_processor_time_of_others(new_stage):  # noqa: F811
    """Which processors another process of the user may run on, and with what priority, can be set."""
    stage = new_stage()
    run(stage, "import os, target\nos.setpriority(os.PRIO_PROCESS, target.VICTIM, 7)\nos.sched_setaffinity(target.VICTIM, {0})\n")
    assert os.getpriority(os.PRIO_PROCESS, stage.victim.pid) == 7


def test_limit_keys_that_come_later(new_stage):  # noqa: F811
    """What is denied must be there when the cage closes; where none of it is, a key that is made afterwards can be read."""
    stage = new_stage()
    shutil.rmtree(stage.home / ".ssh")
    shutil.rmtree(stage.home / ".aws")
    stage.before = cage_stage.picture(stage.outside)

    def make():
        while not (stage.work / "ready").exists():
            time.sleep(0.01)
        stage.key.parent.mkdir()
        stage.key.write_text(lab.SECRET)

    maker = threading.Thread(target=make, daemon=True)
    maker.start()
    run(stage, """
        import os, time, kit, target
        open(target.WORK + "/ready", "w").close()
        while not os.path.exists(target.KEY) or not os.stat(target.KEY).st_size:
            time.sleep(0.01)
        kit.attempt(lambda: kit.loot(os.read(kit.call("openat", -100, target.KEY.encode(), 0, 0), 4096)))
    """)
    maker.join()
    assert "key" in stage.effects()
