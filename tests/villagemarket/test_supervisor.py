"""A group of processes lives and ends as one, however it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Two children; "stubborn" ignores TERM and has a child of its own.
GROUP = """
import os, signal, sys
from pathlib import Path
from villagemarket.supervisor import Group, Service

folder = Path(sys.argv[1])
sleeper = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()}\\\\n'); time.sleep(600)"
stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + sleeper
group = Group(folder / "log")
signal.signal(signal.SIGTERM, group.request_stop)

def service(name, program):
    pids = folder / name
    command = [sys.executable, "-c", program, str(pids)]
    return Service(name, lambda: command, dict(os.environ), ready=pids.exists)

group.start(service("first", sleeper), service("second", stubborn))
(folder / "ready").touch()
group.run_until_stopped()
group.stop()
"""


class Running:
    def __init__(self, folder: Path):
        self.folder = folder
        self.process = subprocess.Popen([sys.executable, "-c", GROUP, str(folder)], cwd=ROOT)

    def pids(self, name: str) -> list[int]:
        file = self.folder / name
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def living(self) -> list[int]:
        return [pid for name in ("first", "second") for pid in self.pids(name) if is_alive(pid)]


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def until(check, seconds: float = 40) -> None:
    give_up = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < give_up, "it did not come true in time"
        time.sleep(0.05)


@pytest.fixture
def running(tmp_path):
    group = Running(tmp_path)
    until((tmp_path / "ready").exists)
    yield group
    if group.process.poll() is None:
        group.process.kill()
        group.process.wait()


def test_killed_group_leaves_no_process(running):
    assert len(running.living()) == 2

    running.process.send_signal(signal.SIGKILL)
    running.process.wait()

    until(lambda: running.living() == [])


def test_what_dies_is_started_again(running):
    [first] = running.pids("first")

    os.kill(first, signal.SIGKILL)

    until(lambda: len(running.pids("first")) == 2)
    assert len(running.living()) == 2


def test_term_ends_even_the_stubborn(running):
    running.process.terminate()

    assert running.process.wait(40) == 0
    assert running.living() == []
