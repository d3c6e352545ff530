"""`script/bench room [--viewers 10000]`: a crowd in one room, by our own process and by nginx's nchan."""

import argparse
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.conf import settings

from tests.bench.printing import Figure, print_figures
from villagemarket import embedded

ROOT = Path(__file__).resolve().parent.parent.parent
ROOM = "session:7"
PATH = "/api/v1/live-sessions/7/events/"
TEXT = "x" * 150


def main(arguments: list[str]) -> int:
    """Measure both carriers in one run."""
    parser = argparse.ArgumentParser(prog="script/bench room")
    parser.add_argument("--viewers", type=int, default=10_000)
    parser.add_argument("--messages", type=float, default=20, help="chat lines a second")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--storm", type=int, default=5_000, help="phones that come back at once")
    asked = parser.parse_args(arguments)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if asked.viewers + 500 > hard:
        print(
            f"only {hard} open files are allowed here: fewer viewers, or raise `ulimit -Hn`", file=sys.stderr
        )
        return 2
    folder = Path(tempfile.mkdtemp(prefix="market-bench-"))
    folder.chmod(0o755)
    place = embedded.place_for(folder)
    valkey = embedded.Valkey(place, durable=False)
    try:
        with (folder / "valkey.log").open("ab") as log:
            process = embedded.start(valkey, log)
        try:
            return _measure(asked, folder, valkey.url())
        finally:
            embedded.stop(valkey, process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(place.data, ignore_errors=True)


def _measure(asked, folder: Path, redis_url: str) -> int:
    os.environ |= {
        "REDIS_URL": redis_url, "MARKET_MODE": "test", "MARKET_VAR": str(folder), "LOG_LEVEL": "ERROR",
        "DATABASE_URL": "postgresql://nobody@/nothing?host=/nowhere", "ROOM_STREAMS_PER_ADDRESS": "0",
        "STATIC_ROOT": str(folder), "DJANGO_SETTINGS_MODULE": "villagemarket.settings",
        "NCHAN_PUBLISH": f"unix:{folder}/nchan.sock", "LIVE_PROXIES": "127.0.0.1",
    }  # fmt: skip
    django.setup()
    settings.REDIS_URL = redis_url  # they were read before there was one
    told = {}
    for name, carrier in (("asgi", _asgi), ("nchan", _nchan)):
        with carrier(folder) as (port, processes):
            told[name] = _crowd(asked, port, processes) | _storm(asked, port)
        print(name, told[name], file=sys.stderr)
    asgi, nchan = told["asgi"], told["nchan"]

    def delivered(run: dict) -> float:
        return 100 * run["events"] / (asked.viewers * run["published"])

    back = f"{asked.storm} come back at once"
    return print_figures(
        f"One room, {asked.viewers} viewers × {asked.messages:g} messages/s, beats of 250 ms",
        [
            Figure("asgi: CPU of one core", 100 * asgi["cpu"] / asgi["seconds"], "%", 100),
            Figure("asgi: CPU per delivery", 1e6 * asgi["cpu"] / asgi["events"], "µs"),
            Figure("asgi: p99 from publishing to phone", asgi["p99"], "ms", 500),
            Figure("asgi: delivered", delivered(asgi), "%", 99.9, is_most=False),
            Figure("nchan: CPU of one core, relay included", 100 * nchan["cpu"] / nchan["seconds"], "%", 100),
            Figure("nchan: CPU per delivery", 1e6 * nchan["cpu"] / nchan["events"], "µs"),
            Figure("nchan: p99 from publishing to phone", nchan["p99"], "ms", 500),
            Figure("nchan: delivered", delivered(nchan), "%", 99.9, is_most=False),
            Figure("asgi to nchan, CPU per delivery",
                   (asgi["cpu"] / asgi["events"]) / (nchan["cpu"] / nchan["events"]), "×", 1.5),
            *(Figure(f"{name}: presence off by", told[name]["off"], "%", 2) for name in told),
            *(Figure(f"{name}: {back}, the last hears after", told[name]["storm"], "s") for name in told),
            *(Figure(f"{name}: of these not served", told[name]["storm_lost"], "", 0) for name in told),
            *(Figure(f"{name}: memory", told[name]["memory"], "MB") for name in told),
        ],
    )  # fmt: skip


@contextmanager
def _asgi(folder: Path) -> Iterator[tuple[int, list[subprocess.Popen]]]:
    port = _free_port()
    with _running(folder, _granian(port), ROOM_STREAM="asgi") as live:
        _wait(port)
        yield port, [live]


@contextmanager
def _nchan(folder: Path) -> Iterator[tuple[int, list[subprocess.Popen]]]:
    port, live_port = _free_port(), _free_port()
    config = folder / "nginx.conf"
    filled = subprocess.run(
        [sys.executable, "manage.py", "nginx_config", "--listen", f"127.0.0.1:{port}", "--certificate", "/-",
         "--key", "/-", "--live", f"127.0.0.1:{live_port}", "--run", str(folder), "--user", "root"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    # Without TLS, as the other carrier: what is compared is the fan-out.
    kept = [line for line in filled.splitlines() if not line.strip().startswith("ssl_")]
    config.write_text("\n".join(kept).replace(f"127.0.0.1:{port} ssl", f"127.0.0.1:{port}"))
    binary = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    nginx = [binary, "-e", "stderr", "-p", f"{folder}/", "-c", str(config), "-g", "daemon off;"]
    with (
        _running(folder, nginx) as front,
        _running(folder, _granian(live_port), ROOM_STREAM="nchan") as live,
        _running(folder, [sys.executable, "-m", "tests.bench.room_app", "relay"]) as relay,
    ):
        _wait(port)
        _wait(live_port)
        time.sleep(4)
        yield port, [front, live, relay]


def _granian(port: int) -> list[str]:
    return [
        sys.executable, "-m", "granian", "--interface=asgi", "--host=127.0.0.1", f"--port={port}",
        "--workers=1", "--http=1", "--no-ws", "--backlog=4096", "--backpressure=20000", "--log-level=error",
        "tests.bench.room_app:application",
    ]  # fmt: skip


def _crowd(asked, port: int, processes: list[subprocess.Popen]) -> dict:
    """Fill the room, talk in it, and see what it costs and when it arrives."""
    from realtime.services import presence  # noqa: PLC0415 (settings come from this run)
    from realtime.services.publishing import publish  # noqa: PLC0415

    publish(channel=ROOM, event="chat", data={"n": -1})
    with _readers(port, PATH, asked.viewers) as phones:
        # A crowd of this size takes its time to come in; what it costs is another matter than the talk.
        entering = time.monotonic()
        while presence.count(channel=ROOM) < asked.viewers * 0.98 and time.monotonic() - entering < 60:
            time.sleep(0.2)
        time.sleep(2)
        before, started, published = _cpu(processes), time.monotonic(), 0
        while (spent := time.monotonic() - started) < asked.seconds:
            if published <= spent * asked.messages:
                publish(channel=ROOM, event="chat", data={"t": time.time_ns(), "n": published, "text": TEXT})
                published += 1
            time.sleep(0.002)
        time.sleep(0.5)
        seconds, cpu = time.monotonic() - started, _cpu(processes) - before
        off = abs(presence.count(channel=ROOM) - asked.viewers) / asked.viewers * 100
        memory = _memory(processes)
        told = _end(phones)
    return told | {"off": off, "cpu": cpu, "seconds": seconds, "published": published, "memory": memory}


def _storm(asked, port: int) -> dict:
    """Phones that missed a few lines, all at once."""
    from realtime.services.publishing import position, publish  # noqa: PLC0415

    time.sleep(2)
    after = position(channel=ROOM)
    for number in range(5):
        publish(channel=ROOM, event="chat", data={"n": number})
    with _readers(port, f"{PATH}?after={after}", asked.storm, "--storm") as phones:
        told = _end(phones)
    return {"storm": told["seconds"], "storm_lost": asked.storm - told["heard"]}


@contextmanager
def _readers(port: int, path: str, number: int, *extra: str) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.room_readers", str(port), path, str(number), *extra],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()


def _end(phones: subprocess.Popen) -> dict:
    phones.stdin.close()
    return json.loads(phones.stdout.readline())


@contextmanager
def _running(folder: Path, command: list[str], **environment: str) -> Iterator[subprocess.Popen]:
    with (folder / "processes.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def _family(process: subprocess.Popen) -> list[Path]:
    """The process and its workers."""
    mine = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == process.pid:
            mine.append(stat.parent)
    return mine


def _cpu(processes: list[subprocess.Popen]) -> float:
    ticks = 0
    for process in processes:
        for folder in _family(process):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _memory(processes: list[subprocess.Popen]) -> float:
    pages = sum(
        int((folder / "statm").read_text().split()[1]) for process in processes for folder in _family(process)
    )
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(port: int) -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"nothing listens on {port}")
