# SPDX-License-Identifier: Apache-2.0
"""What the cage does not do, shown under the default policy. docs/security.md has a row for each test; a limit that goes away fails
its test here, and then the row goes as well."""
import os
import socket
import subprocess
import sys

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


def test_limit_root_reads_environments(new_stage):  # noqa: F811
    """With CAP_PERFMON or CAP_SYS_ADMIN the kernel shows /proc/PID/environ of others without asking Landlock, on newer kernels."""
    if os.geteuid():
        pytest.skip("needs root")
    stage = new_stage()
    outcome = run(stage, "import kit, target\nkit.attempt(lambda: kit.loot(open(f'/proc/{target.VICTIM}/environ', 'rb').read()))\n")
    if "PermissionError" in outcome.out:
        pytest.skip("this kernel asks Landlock")
    assert set(stage.effects()) == {"key"}
