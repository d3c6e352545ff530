"""nginx as it is shipped, before a live process and the relay, on free ports; and phones that listen."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import ClassVar

import pytest
import redis
from django.conf import settings
from django.core.management import call_command

from realtime.nchan import WATCH
from tests.addresses import database_url
from villagemarket.lan import certificate_for


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, seconds: float = 20):
    give_up = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.05)
    return value


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def nginx_binary() -> str:
    found = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not found or not Path("/usr/lib/nginx/modules/ngx_nchan_module.so").exists():
        pytest.fail("No nginx with nchan found: install Debian's `nginx` and `libnginx-mod-nchan`.")
    return found


@dataclass
class Front:
    """The shipped configuration, filled in by the command that operators use."""

    folder: Path
    port: int
    live_port: int
    pages: str
    processes: dict[str, subprocess.Popen] = field(default_factory=dict)

    @property
    def socket(self) -> Path:
        return self.folder / "nchan.sock"

    @property
    def config(self) -> Path:
        return self.folder / "nginx.conf"

    def write(self) -> None:
        certificate, key = certificate_for("127.0.0.1", self.folder)
        out = StringIO()
        call_command(
            "nginx_config", "--listen", f"127.0.0.1:{self.port}", "--certificate", str(certificate),
            "--key", str(key), "--pages", self.pages, "--live", f"127.0.0.1:{self.live_port}",
            "--run", str(self.folder), "--user", "root", stdout=out,
        )  # fmt: skip
        self.config.write_text(out.getvalue())

    def nginx(self, *arguments: str) -> list[str]:
        return [nginx_binary(), "-e", "stderr", "-p", f"{self.folder}/", "-c", str(self.config), *arguments]

    def start_nginx(self) -> None:
        self.socket.unlink(missing_ok=True)
        self._run("nginx", self.nginx("-g", "daemon off;"), {})
        wait_for(lambda: listens(self.port) and self.socket.exists())

    def start_live(self, **extra: str) -> None:
        self._run(
            "live",
            [sys.executable, "-m", "granian", "--interface=asgi", "--host=127.0.0.1",
             f"--port={self.live_port}", "--workers=1", "--http=1", "--log-level=error",
             "--workers-kill-timeout=1", "villagemarket.asgi:application"],
            self.environment | extra,
        )  # fmt: skip
        wait_for(lambda: listens(self.live_port), 40)

    def start_relay(self) -> None:
        self._run("relay", [sys.executable, "-m", "villagemarket.relay"], self.environment)
        with redis.Redis.from_url(settings.REDIS_URL) as valkey:
            wait_for(lambda: valkey.pubsub_numsub(WATCH)[0][1], 40)

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "DATABASE_URL": database_url(),
            "MARKET_VAR": str(settings.VAR_DIR),
            "MEDIA_ROOT": str(settings.MEDIA_ROOT),
            "ROOM_STREAM": "nchan",
            "NCHAN_PUBLISH": f"unix:{self.socket}",
            "LIVE_PROXIES": "127.0.0.1",
        }

    def _run(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, cwd=settings.BASE_DIR, env=os.environ | environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def kill(self, name: str) -> None:
        """As a crash would, with its workers."""
        process = self.processes.pop(name)
        os.killpg(process.pid, 9)
        process.wait()

    def stop(self) -> None:
        for name in list(self.processes):
            self.kill(name)

    def log(self) -> str:
        return "\n".join(file.read_text(errors="replace") for file in self.folder.glob("*.log"))


def connect(port: int) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=20))


def ask(
    port: int, path: str, *, method: str = "GET", headers: dict[str, str] | None = None, body: bytes = b""
):
    """One exchange: (status, headers, body)."""
    lines = {"Host": "127.0.0.1", "Connection": "close", "Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with connect(port) as line:
        line.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        answer = b""
        while data := line.recv(65536):
            answer += data
    head, _, rest = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode().lower(), rest


class Phone:
    """Listens to a room in a thread of its own: (event, id, data) in `events`."""

    open: ClassVar[list["Phone"]] = []

    def __init__(self, port: int, session_id: int, *, query: str = "", **headers: str):
        self.events: list[tuple[str, str, str]] = []
        self.status: int | None = None
        self.is_over = threading.Event()
        self._line = connect(port)
        named = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self._line.sendall(
            f"GET /api/v1/live-sessions/{session_id}/events/{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Accept: text/event-stream\r\n{named}\r\n".encode()
        )
        self._line.settimeout(60)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        self.open.append(self)
        wait_for(lambda: self.status)

    def _listen(self) -> None:
        text, last = b"", ""
        try:
            while data := self._line.recv(65536):
                text += data
                if self.status is None and b"\r\n\r\n" in text:
                    head, _, text = text.partition(b"\r\n\r\n")
                    self.status = int(head.split()[1])
                *blocks, text = re.split(rb"\n\n", text)
                for block in blocks:
                    fields = dict(line.split(": ", 1) for line in block.decode().splitlines() if ": " in line)
                    last = fields.get("id", last)
                    if "event" in fields:
                        self.events.append((fields["event"], last, fields["data"]))
        except (OSError, ValueError):
            pass
        finally:
            self.is_over.set()

    def told(self, *names: str) -> list[str]:
        return [data for name, _, data in self.events if name in names]

    @property
    def last(self) -> str:
        return self.events[-1][1]

    def leave(self) -> None:
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._line.close()


@contextmanager
def front(folder: Path, pages: str):
    """Everything on; ends with everything off."""
    running = Front(folder, free_port(), free_port(), pages)
    with ExitStack() as held:
        held.callback(running.stop)
        running.write()
        running.start_nginx()
        running.start_live()
        running.start_relay()
        yield running
