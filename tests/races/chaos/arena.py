"""The processes of one market, each of which the test may kill and start again."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import redis

from common.processes import dies_with_parent
from tests.factories.sandbox import Sandbox
from tests.run import TEMPLATE_DATABASE, prepare_cluster
from villagemarket import embedded

ROOT = Path(__file__).resolve().parents[3]
PAGES = "villagemarket.wsgi:application"
DOORS = "villagemarket.asgi:application"
# Two processes with the ordinary door, two with the fast one: four that write orders.
WEB = ("pages1", "pages2", "doors1", "doors2")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Arena:
    """A durable PostgreSQL, a Valkey that forgets everything when killed, four web processes, a worker."""

    def __init__(self, folder: Path, *, pages: str = PAGES, doors: str = DOORS):
        self.folder = folder
        self.applications = {"pages": pages, "doors": doors}
        self.place = embedded.place_for(folder / "servers")
        prepare_cluster(self.place, embedded.place_for(embedded.BASE_DIR / "var" / "test"))
        self.postgres = embedded.Postgres(self.place)
        self.valkey = embedded.Valkey(self.place, durable=False)
        self.sandbox = Sandbox(folder / "sandbox")
        self.ports = {name: free_port() for name in WEB}
        self.log = (folder / "processes.log").open("ab")
        self.running: dict[str, subprocess.Popen] = {}
        self.database = self.postgres.url(TEMPLATE_DATABASE)
        self.environment = os.environ | {
            "MARKET_MODE": "demo",
            "MARKET_SUPERVISED": "1",
            "MARKET_VAR": str(folder),
            "DATABASE_URL": self.database,
            "REDIS_URL": self.valkey.url(),
            "SECRET_KEY": "demo-only-of-the-arena-" + "0" * 50,
            "SANDBOX_GATEWAY_URL": self.sandbox.url,
            "SANDBOX_KEYS_DIR": str(self.sandbox.folder),
            "SANDBOX_CALLBACK_BASE_URL": f"http://127.0.0.1:{self.ports['pages1']}",
            "MARKET_PAGES": f"127.0.0.1:{self.ports['pages1']}",
            "LOG_LEVEL": "ERROR",
        }
        for name in (
            "MARKET_TEST_VALKEYS",
            "PYTEST_PLUGINS",
            "PYTEST_XDIST_WORKER",
            "DJANGO_SETTINGS_MODULE",
        ):
            self.environment.pop(name, None)

    def __enter__(self) -> "Arena":
        try:
            for name in ("postgres", "valkey"):
                self.start(name)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        for name in [*WEB, "worker", "valkey", "postgres"]:
            self.kill(name)
        self.sandbox.stop()
        self.log.close()
        shutil.rmtree(self.place.sockets, ignore_errors=True)
        shutil.rmtree(self.place.data, ignore_errors=True)

    def open(self) -> None:
        """Start everybody who writes orders, and wait until they answer."""
        for name in [*WEB, "worker"]:
            self.start(name)
        for name in WEB:
            self.wait_for(name)

    def start(self, name: str) -> None:
        """Start one; the servers of data answer when this returns."""
        if name in ("postgres", "valkey"):
            self.running[name] = embedded.start(getattr(self, name), self.log, timeout=60)
            return
        command = self._worker() if name == "worker" else self._web(name)
        self.running[name] = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", *command],
            cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            start_new_session=True, preexec_fn=dies_with_parent(),
        )  # fmt: skip

    def kill(self, name: str) -> None:
        """SIGKILL with all its children; PostgreSQL stops at once, without a checkpoint."""
        process = self.running.pop(name, None)
        if process is None:
            return
        if name == "postgres":
            process.send_signal(signal.SIGQUIT)
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)

    def restart_the_dead(self) -> list[str]:
        """Start the worker again where it ended by itself, as whoever runs a market does (production.md).

        kombu 5.7: an acknowledgement that meets a connection which was just closed ends the whole worker.
        """
        dead = [
            name for name, process in self.running.items() if name == "worker" and process.poll() is not None
        ]
        for name in dead:
            self.start(name)
        return dead

    def wait_for(self, name: str, seconds: float = 90) -> None:
        """Wait until a web process accepts connections."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.ports[name])) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(f"{name} does not answer:\n{self.last_words()}")

    def last_words(self) -> str:
        return "\n".join((self.folder / "processes.log").read_text(errors="replace").splitlines()[-40:])

    def state(self) -> str:
        """Who lives, what waits where: the first questions when something stands still."""
        lives = {name: process.poll() is None for name, process in self.running.items()}
        with redis.Redis.from_url(self.valkey.url(), socket_timeout=5) as broker:
            waiting = {name: broker.llen(name) for name in ("default", "fast")}
            taken = broker.hlen("unacked")
        messages = self.rows(
            "SELECT task, attempts, count(*), min(due_at), max(swept_at), min(last_error), now()"
            " FROM common_outboxmessage WHERE done_at IS NULL GROUP BY task, attempts"
        )
        return f"alive {lives}; in the broker {waiting}, taken {taken}; outbox {messages}"

    def rows(self, query: str) -> list[tuple]:
        with psycopg.connect(self.database, autocommit=True, connect_timeout=5) as connection:
            return connection.execute(query).fetchall()

    def change(self, statement: str) -> None:
        with psycopg.connect(self.database, autocommit=True, connect_timeout=5) as connection:
            connection.execute(statement)

    def run(self, *command: str) -> str:
        """Run a step inside the market and return what it prints."""
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", *command],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def _web(self, name: str) -> list[str]:
        kind = name[:-1]
        options = {
            "pages": ["--interface=wsgi", "--blocking-threads=6"],
            "doors": ["--interface=asgi", "--no-ws", "--backpressure=20000"],
        }[kind]
        return [
            "granian", *options, "--host=127.0.0.1", f"--port={self.ports[name]}", "--http=1", "--workers=1",
            "--backlog=4096", "--log-level=error", self.applications[kind],
        ]  # fmt: skip

    def _worker(self) -> list[str]:
        return [
            "celery", "-q", "-A", "villagemarket", "worker", "-B", "--queues=default,fast", "--concurrency=2",
            f"--schedule={self.folder / 'beat'}", "--loglevel=ERROR", "--without-gossip", "--without-mingle",
        ]  # fmt: skip


class Sampler(threading.Thread):
    """Looks into the books all the time, one snapshot after the other, and keeps what it saw."""

    # Counters and documents in one statement: one moment of the sale.
    QUESTION = """
        SELECT s.available, s.in_deals, s.reserved, s.sold, d.available, d.reserved, d.sold,
          (SELECT COALESCE(SUM(l.quantity), 0) FROM orders_orderline l
           JOIN orders_order o ON o.id = l.order_id
           WHERE l.variant_id = s.variant_id AND o.status <> 'cancelled')
        FROM shops_variantstock s JOIN shops_dealstock d ON d.variant_id = s.variant_id
    """

    def __init__(self, database: str):
        super().__init__(daemon=True)
        self.database = database
        self.samples = 0
        self.taken = 0
        self.most_taken = 0
        self.most_ordered = 0
        self.torn: list[tuple] = []
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.is_set():
            try:
                with psycopg.connect(self.database, autocommit=True, connect_timeout=5) as connection:
                    while not self._ended.wait(0.02):
                        self._look(connection.execute(self.QUESTION).fetchone())
            except psycopg.Error:  # it is being restarted
                self._ended.wait(0.05)

    def _look(self, seen: tuple) -> None:
        available, in_deals, reserved, sold, deal_available, deal_reserved, _deal_sold, ordered = seen
        self.taken = reserved + sold + deal_reserved
        self.samples += 1
        self.most_taken = max(self.most_taken, self.taken)
        self.most_ordered = max(self.most_ordered, ordered)
        whole = available + in_deals + reserved + sold
        if (whole, deal_available + deal_reserved, ordered) != (100, in_deals, self.taken):
            self.torn.append(seen)

    def end(self) -> None:
        self._ended.set()
        self.join(30)
