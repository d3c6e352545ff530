"""Run pytest on an ephemeral PostgreSQL cluster and Valkey servers, removed at the end.

A migrated template cluster is kept under var/test/ and copied for each process, so that only a changed
migration costs time. Without paths several processes take a share; with a path or -k one is quicker.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from common.processes import dies_with_parent
from villagemarket import embedded

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE_DATABASE = "market_template"
# Tests lose nothing in a power cut.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "400",
}


def _template_name() -> str:
    digest = hashlib.sha256((ROOT / "requirements.txt").read_bytes())
    digest.update(Path(embedded.__file__).read_bytes())
    for migration in sorted(ROOT.glob("*/migrations/*.py")):
        digest.update(str(migration).encode() + migration.read_bytes())
    return f"template-{digest.hexdigest()[:12]}"


def _environment(database: str, valkey: str, var: Path) -> dict[str, str]:
    return os.environ | {
        "MARKET_MODE": "test",
        "DATABASE_URL": database,
        "REDIS_URL": valkey,
        "MARKET_VAR": str(var),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@contextlib.contextmanager
def _running(server, log: Path) -> Iterator[None]:
    with log.open("ab") as output:
        try:
            process = embedded.start(server, output)
        except embedded.EmbeddedError as error:
            words = log.read_text(errors="replace").strip().splitlines()[-5:]
            raise embedded.EmbeddedError("\n  ".join([str(error), *words])) from None
        try:
            yield
        finally:
            embedded.stop(server, process)


def _make_template(place: embedded.Place, folder: str) -> None:
    print("Migrating the template database of the tests …", flush=True)
    unfinished = f"{folder}.unfinished"
    shutil.rmtree(place.data / unfinished, ignore_errors=True)
    server = embedded.Postgres(place, unfinished, FAST)
    with _running(server, place.data / "template.log"):
        server.create_database(TEMPLATE_DATABASE)
        environment = _environment(server.url(TEMPLATE_DATABASE), "unix:///nowhere", place.data)
        command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        if subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL).returncode:
            raise embedded.EmbeddedError("The migrations do not run: see the error above.")
    (place.data / unfinished).rename(place.data / folder)


def _remove_leftovers(place: embedded.Place, keep: str) -> None:
    """Templates of old migrations, and runs whose process is gone."""
    templates = [entry for entry in place.data.glob("template-*") if entry.is_dir() and entry.name != keep]
    for entry in sorted(templates, key=lambda entry: entry.stat().st_mtime)[:-2]:
        shutil.rmtree(entry, ignore_errors=True)
    for entry in place.data.glob("run-*"):
        if not Path(f"/proc/{entry.name.removeprefix('run-')}").exists():
            shutil.rmtree(entry, ignore_errors=True)


def prepare_cluster(run: embedded.Place, common: embedded.Place) -> None:
    """Put a copy of the migrated template cluster, made when it is missing in `common`, into `run`."""
    common.make()
    with (common.data / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        name = _template_name()
        _remove_leftovers(common, keep=name)
        if not (common.data / name).exists():
            _make_template(common, name)
        run.make()
        # One program call copies owners, modes and sparse files, and shares blocks where the disk can.
        subprocess.run(
            ["cp", "-a", "--reflink=auto", str(common.data / name), str(run.data / "postgres")], check=True
        )


def _workers(arguments: list[str]) -> int:
    """How many processes: as asked by -n, else one when something is selected, else one a CPU."""
    for position, argument in enumerate(arguments):
        if argument == "-n":
            return int(arguments[position + 1])
        if argument.startswith("-n") and argument[2:].isdigit():
            return int(argument[2:])
    selects = any(argument == "-k" or Path(argument.split("::")[0]).exists() for argument in arguments)
    return 0 if selects else min(os.cpu_count() or 1, 4)


def main(arguments: list[str]) -> int:
    """Return pytest's exit code."""
    count = _workers(arguments)
    if not any(argument.startswith("-n") for argument in arguments):
        arguments = [f"-n{count}", *arguments]
    # The browser tests share one running market: they stay together in one worker.
    arguments = ["--dist=loadscope", *arguments] if count else arguments
    common = embedded.place_for(embedded.BASE_DIR / "var" / "test")
    run = common.inside(f"run-{os.getpid()}")
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, run.data, ignore_errors=True)
        # One cluster each: sealing the book waits for every open transaction of its cluster.
        databases, valkeys = [], []
        for number in range(max(count, 1)):
            place = run.inside(str(number))
            stack.callback(shutil.rmtree, place.sockets, ignore_errors=True)
            prepare_cluster(place, common)
            databases.append(embedded.Postgres(place, "postgres", FAST))
            valkeys.append(embedded.Valkey(place, durable=False))
            stack.enter_context(_running(databases[-1], run.data / "postgres.log"))
            stack.enter_context(_running(valkeys[-1], run.data / "valkey.log"))
        addresses = [database.url(TEMPLATE_DATABASE) for database in databases]
        environment = _environment(addresses[0], valkeys[0].url(), run.data / "site")
        environment["MARKET_TEST_DATABASES"] = " ".join(addresses)
        environment["MARKET_TEST_VALKEYS"] = " ".join(valkey.url() for valkey in valkeys)
        environment["PYTEST_PLUGINS"] = "tests.worker"
        pytest = subprocess.Popen(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=ROOT, env=environment, preexec_fn=dies_with_parent(signal.SIGTERM),
        )  # fmt: skip
        signal.signal(signal.SIGTERM, lambda *_: pytest.terminate())
        while True:
            try:
                return pytest.wait()
            except KeyboardInterrupt:  # the terminal told pytest, too; it ends by itself
                time.sleep(0.1)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except embedded.EmbeddedError as error:
        sys.exit(f"script/test: {error}")
