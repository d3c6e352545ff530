"""The media server as it is shipped, started on free loopback ports, and ffmpeg as OBS."""

import contextlib
import os
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import imageio_ffmpeg
import pytest
from django.conf import settings as django_settings
from django.core.management import call_command

from livestreams import storage
from tests.addresses import database_url


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, seconds: float = 40):
    give_up = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.1)
    return value


@dataclass
class MediaServer:
    """nginx on deploy/nginx-rtmp.conf; `start` again after `kill` as a supervisor would."""

    port: int
    config: Path
    log: Path
    process: subprocess.Popen | None = None
    uid: int | None = None

    @property
    def url(self) -> str:
        return f"rtmp://127.0.0.1:{self.port}/live"

    def start(self) -> None:
        nginx = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if not nginx or not Path("/usr/lib/nginx/modules/ngx_rtmp_module.so").exists():
            pytest.fail("No nginx with RTMP found: install Debian's `nginx` and `libnginx-mod-rtmp`.")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [nginx, "-e", "stderr", "-p", f"{self.config.parent}/", "-c", str(self.config),
                 "-g", "daemon off;"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=self.uid, group=self.uid,
                extra_groups=[] if self.uid else None, start_new_session=True,
            )  # fmt: skip
        wait_for(self._listens, 10)

    def _listens(self) -> bool:
        assert self.process.poll() is None, self.log.read_text(errors="replace")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        """Kill master and worker at once, as a crash of the machine would."""
        os.killpg(self.process.pid, 9)
        self.process.wait()


class Relay(socketserver.ThreadingTCPServer):
    """Stands between the media server and the pages, so that a test can take the pages away."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, target: str):
        self.target = (target.split(":")[0], int(target.split(":")[1]))
        super().__init__(("127.0.0.1", 0), RelayHandler)
        self.address = f"127.0.0.1:{self.server_address[1]}"
        self.is_away = threading.Event()
        self.turned_away = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()


class RelayHandler(socketserver.BaseRequestHandler):
    """One question and its answer; nothing while the pages are away."""

    def handle(self) -> None:
        if self.server.is_away.is_set():
            self.server.turned_away += 1
            return
        with socket.create_connection(self.server.target) as pages:
            back = threading.Thread(target=self._pour, args=(pages, self.request), daemon=True)
            back.start()
            self._pour(self.request, pages)
            back.join()

    @staticmethod
    def _pour(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


def media_server(
    live_server, settings, folder: Path, *, uid: int | None = None, pages: str = ""
) -> MediaServer:
    """Fill in the shipped configuration with the command that operators use."""
    port, hooks = free_port(), free_port()
    out = StringIO()
    call_command(
        "rtmp_config", "--listen", f"127.0.0.1:{port}", "--hooks", f"127.0.0.1:{hooks}",
        "--pages", pages or urlsplit(live_server.url).netloc, "--user", "root", stdout=out,
    )  # fmt: skip
    storage.rtmp_folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    if uid is not None:
        os.chown(storage.rtmp_folder(), uid, uid)
    config = folder / "nginx-rtmp.conf"
    config.write_text(out.getvalue())
    config.chmod(0o644 if uid else 0o600)
    settings.RTMP_URL = f"rtmp://127.0.0.1:{port}/live"
    return MediaServer(port, config, folder / "nginx.log", uid=uid)


@contextmanager
def market_process(settings, command: str):
    """`manage.py <command>` on this test's database and folders."""
    environment = os.environ | {
        "DATABASE_URL": database_url(),
        "MARKET_VAR": str(settings.VAR_DIR),
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", command],
        cwd=django_settings.BASE_DIR, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def publish(url: str, name: str, *, seconds: float = 120, codec: str = "libx264") -> subprocess.Popen:
    """Send a test card and a tone in real time, as OBS does; it ends with what the server says."""
    picture = ["-c:v", codec, "-g", "25"]
    if codec == "libx264":
        picture += ["-preset", "ultrafast", "-keyint_min", "25", "-sc_threshold", "0"]
    return subprocess.Popen(
        [
            imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin",
            "-re", "-f", "lavfi", "-i", "testsrc2=size=180x320:rate=25",
            "-re", "-f", "lavfi", "-i", "sine=440:sample_rate=44100",
            "-t", str(seconds), *picture, "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "64k",
            "-f", "flv", f"{url}/{name}",
        ],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
