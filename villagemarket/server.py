"""`script/server`: the whole market as one supervised group behind one address."""

import argparse
import fcntl
import http.client
import os
import resource
import secrets
import signal
import socket
import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path

from backoffice.demo.people import DEMO_PEOPLE
from villagemarket import embedded
from villagemarket.lan import certificate_for, lan_address, print_qr
from villagemarket.supervisor import Group, Service, StartError

FIRST_PORT = 8000
PORTS_TRIED = 100
BASE_DIR = embedded.BASE_DIR


def main() -> int:
    """Run until told to stop; 1 with one clear line when the market cannot start."""
    parser = argparse.ArgumentParser(prog="script/server", description="Run Village Market.")
    parser.add_argument(
        "--port", type=int, help=f"exactly this port (default: the first free from {FIRST_PORT})"
    )
    parser.add_argument("--lan", action="store_true", help="for phones on this network: HTTPS and a QR code")
    chosen = parser.parse_args()
    if os.environ.get("MARKET_MODE", "demo") == "production":
        return _fail("in production each part is a service of its own: see docs/production.md.")
    var = embedded.var_folder()
    try:
        with _Only(var) as only:
            return Market(var, only, port=chosen.port, is_lan=chosen.lan).run()
    except (embedded.EmbeddedError, StartError) as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"{error.strerror or error}: {error.filename or var}")


def _fail(line: str) -> int:
    print(f"script/server: {line}", file=sys.stderr, flush=True)
    return 1


class _Only:
    """One market a `var/` folder, for as long as this process lives."""

    def __init__(self, var: Path):
        self.file = var / "market.lock"
        self._claims: list[socket.socket] = []

    def __enter__(self) -> "_Only":
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = self.file.open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.seek(0)
            where = self._lock.read().strip() or "an address it has not printed yet"
            raise StartError(f"this market already runs at {where}; stop that one first.") from None
        return self

    def __exit__(self, *_) -> None:
        self._lock.close()

    def announce(self, url: str) -> None:
        """Leave the address for whoever starts a second one."""
        self._lock.truncate(0)
        self._lock.write(url)
        self._lock.flush()

    def claim_port(self, wanted: int | None, host: str) -> int:
        """A free port that no other market of this machine is about to take either."""
        for port in [wanted] if wanted else range(FIRST_PORT, FIRST_PORT + PORTS_TRIED):
            claim = socket.socket(socket.AF_UNIX)
            try:
                # Web servers share ports willingly (SO_REUSEPORT); this name can be taken only once.
                claim.bind(f"\0village-market-port-{port}")
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind((host, port))
            except (OSError, OverflowError):
                claim.close()
                continue
            self._claims.append(claim)
            return port
        if wanted:
            raise StartError(
                f"port {wanted} is taken or not allowed; choose another with --port, or none at all."
            )
        raise StartError(
            f"no free port from {FIRST_PORT} to {FIRST_PORT + PORTS_TRIED - 1}; choose one with --port."
        )


class Market:
    """The processes of one market and how they find each other."""

    def __init__(self, var: Path, only: _Only, *, port: int | None, is_lan: bool):
        self.var = var
        self.only = only
        self.host = "0.0.0.0" if is_lan else "127.0.0.1"  # noqa: S104 (asked for by --lan)
        self.port = only.claim_port(port, self.host)
        self.sandbox_port = _free_port()
        self.place = embedded.place_for(var)
        self.place.make()
        (var / "run").mkdir(exist_ok=True)  # the sockets may live elsewhere, the clock's memory does not
        self.certificate = certificate_for(lan_address(), var / "secrets") if is_lan else None
        self.url = f"https://{lan_address()}:{self.port}" if is_lan else f"http://127.0.0.1:{self.port}"
        self.web_socket = self.place.sockets / "web.sock"
        self.postgres = None if os.environ.get("DATABASE_URL") else embedded.Postgres(self.place)
        self.valkey = None if os.environ.get("REDIS_URL") else embedded.Valkey(self.place)
        self.environment = self._environment()

    def run(self) -> int:
        """Start everything in order, print where it is, keep it running, end it cleanly."""
        started = time.monotonic()
        group = Group(self.var / "log" / "market.log")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, group.request_stop)
        _allow_many_connections()
        try:
            self._start(group)
            if not group.is_stopping:
                self.only.announce(self.url)
                self._print_welcome(time.monotonic() - started)
                group.run_until_stopped()
        finally:
            group.say("stopping …")
            group.stop()
        return 0

    def _start(self, group: Group) -> None:
        for server in (self.postgres, self.valkey):
            if server:
                group.start(self._embedded(server))
        if self.postgres and not group.is_stopping:
            self.postgres.create_database()
        for stage in (self._prepare_tables, self._start_sites):
            if not group.is_stopping:
                stage(group)

    def _prepare_tables(self, group: Group) -> None:
        group.run_once("setup", [sys.executable, "-m", "villagemarket.first_steps"], self.environment)

    def _start_sites(self, group: Group) -> None:
        web = self._python("web", "granian", *self._web_arguments(), ready=self._web_listens)
        web.prepare = lambda: self.web_socket.unlink(missing_ok=True)  # a killed one left it
        group.start(
            self._python(
                "sandbox", "sandboxgateway", ready=lambda: _listens(("127.0.0.1", self.sandbox_port))
            ),
            web,
            self._python("live", "granian", *self._live_arguments(), ready=self._is_open),
        )
        # People can look around while these load; what they leave to do waits in the outbox.
        group.start(
            self._python("broadcast", "manage", "broadcast"),
            self._worker("worker", "default,fast", concurrency=2),
            self._worker("media", "media", concurrency=1),
            self._python(
                "beat", "celery", "-q", "-A", "villagemarket", "beat", "--loglevel=WARNING", "--pidfile="
            ),
        )

    def _web_arguments(self) -> list[str]:
        return [
            "--interface=wsgi", "--uds", str(self.web_socket),
            f"--workers={min(os.cpu_count() or 1, 2)}", "--blocking-threads=6", "--backlog=1024",
            "--respawn-failed-workers", "--workers-kill-timeout=5", "--log-level=error",
            "villagemarket.wsgi:application",
        ]  # fmt: skip

    def _live_arguments(self) -> list[str]:
        tls = []
        if self.certificate:
            tls = ["--ssl-certificate", str(self.certificate[0]), "--ssl-keyfile", str(self.certificate[1])]
        return [
            "--interface=asgi", f"--host={self.host}", f"--port={self.port}", "--workers=1", "--http=1",
            "--no-ws", "--backlog=4096", "--backpressure=20000", "--respawn-failed-workers",
            "--workers-kill-timeout=3", "--log-level=error", *tls, "villagemarket.asgi:application",
        ]  # fmt: skip

    def _worker(self, name: str, queues: str, concurrency: int) -> Service:
        return self._python(
            name, "celery", "-q", "-A", "villagemarket", "worker", f"--queues={queues}",
            f"--concurrency={concurrency}", f"--hostname={name}@market", "--loglevel=WARNING",
            "--without-gossip", "--without-mingle", "--max-tasks-per-child=500",
        )  # fmt: skip

    def _python(
        self, name: str, module: str, *arguments: str, ready: Callable[[], bool] | None = None
    ) -> Service:
        return Service(
            name,
            lambda: [sys.executable, "-m", module, *arguments],
            self.environment,
            ready=ready or (lambda: True),
            process_options={"cwd": BASE_DIR},
        )

    def _embedded(self, server: embedded.Postgres | embedded.Valkey) -> Service:
        return Service(
            server.name,
            server.command,
            server.environment,
            ready=server.ready,
            prepare=server.prepare,
            stop_signal=signal.SIGINT,  # both understand it, and stop last
            death_signal=server.stop_signal,
            process_options={"cwd": "/", **self.place.process},
        )

    def _web_listens(self) -> bool:
        return _listens(str(self.web_socket))

    def _is_open(self) -> bool:
        """The public address answers for every part behind it."""
        if not self._web_listens():
            return False
        try:
            if self.certificate:
                context = ssl.create_default_context(cafile=str(self.certificate[0]))
                connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=2, context=context)
            else:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False

    def _environment(self) -> dict[str, str]:
        database, redis_url = embedded.default_urls(self.var)
        loopback = f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}"
        origins = [self.url, loopback, loopback.replace("127.0.0.1", "localhost")]
        mine = {
            "MARKET_SUPERVISED": "1",
            "MARKET_BEHIND_PROXY": "1",
            "MARKET_VAR": str(self.var),
            "DATABASE_URL": os.environ.get("DATABASE_URL") or database,
            "REDIS_URL": os.environ.get("REDIS_URL") or redis_url,
            "PUBLIC_URL": self.url,
            "CSRF_TRUSTED_ORIGINS": ",".join(origins),
            "SECRET_KEY": os.environ.get("SECRET_KEY") or self._demo_key(),
            "SESSION_COOKIE_NAME": f"market_session_{self.port}",
            "CSRF_COOKIE_NAME": f"market_csrf_{self.port}",
            "MARKET_PAGES": f"unix:{self.web_socket}",
            "MARKET_SANDBOX": f"127.0.0.1:{self.sandbox_port}",
            "SANDBOX_LISTEN": f"127.0.0.1:{self.sandbox_port}",
            "SANDBOX_GATEWAY_URL": f"http://127.0.0.1:{self.sandbox_port}/sandbox-pay",
            "SANDBOX_CALLBACK_BASE_URL": loopback,
            "SANDBOX_KEYS_DIR": os.environ.get("SANDBOX_KEYS_DIR") or str(self.var / "secrets"),
            "PYTHONUNBUFFERED": "1",
        }
        if self.certificate:
            mine["SSL_CERT_FILE"] = str(self.certificate[0])
        return os.environ | mine

    def _demo_key(self) -> str:
        """A signing key of this demo alone, made once."""
        key = embedded.demo_secret(self.var)
        if key is None:
            folder = self.var / "secrets"
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            key = "demo-only-" + secrets.token_urlsafe(48)
            with os.fdopen(os.open(folder / "demo-key", os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(key)
        return key

    def _print_welcome(self, seconds: float) -> None:
        lines = [f"Village Market is open: {self.url}   (ready in {seconds:.1f} s, Ctrl-C ends it)", ""]
        lines += [
            f"  {one.key:<9} {one.identifier:<22} {one.password:<18} {one.name}, {one.role.replace('_', ' ')}"
            for one in DEMO_PEOPLE
        ]
        if self.place.data != self.var:
            lines += ["", f"  The data is in {self.place.data}: the database may not enter this folder."]
        print("\n" + "\n".join(lines) + "\n", flush=True)
        if self.certificate:
            print_qr(self.url)
            print("The phone will warn about the certificate once: it is this machine's own.", flush=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _listens(address: str | tuple[str, int]) -> bool:
    with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as probe:
        probe.settimeout(1)
        return probe.connect_ex(address) == 0


def _allow_many_connections() -> None:
    """Each phone in a room is an open connection."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    sys.exit(main())
