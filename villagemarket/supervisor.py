"""A group of processes that starts in order of readiness, restarts what dies and ends as one.

Nothing here knows the market. Every child gets a death signal from the kernel should this process be
killed. Children are started from the main thread only: the kernel watches the thread that started them.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from common.processes import dies_with_parent

LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
STOP_SECONDS = 12.0
LOG_BYTES = 20 * 1024 * 1024


class StartError(RuntimeError):
    """One line for the person at the terminal: what did not start and what to do."""


@dataclass
class Service:
    """What to run and how to know that it is ready. `prepare` runs before each start."""

    name: str
    command: Callable[[], list[str]]
    environment: dict[str, str]
    ready: Callable[[], bool] = lambda: True
    prepare: Callable[[], None] = lambda: None
    stop_signal: int = signal.SIGTERM
    # What the kernel sends when we are killed: the firmest that the program bears.
    death_signal: int = signal.SIGKILL
    process_options: dict = field(default_factory=dict)


class _Child:
    def __init__(self, service: Service):
        self.service = service
        self.process: subprocess.Popen | None = None
        self.started_at = 0.0
        self.failures = 0
        self.start_again_at = 0.0

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Group:
    """The processes of one market. Use from the main thread only."""

    def __init__(self, log: Path):
        self._children: list[_Child] = []
        self._stopping = threading.Event()
        self._writing = threading.Lock()
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        self._log = log.open("a", encoding="utf-8", errors="replace")
        self.log_path = log

    def request_stop(self, *_) -> None:
        """A signal handler: end `run_until_stopped` and any waiting start."""
        self._stopping.set()

    @property
    def is_stopping(self) -> bool:
        """Whether the end has been asked for."""
        return self._stopping.is_set()

    def say(self, line: str, name: str = "market") -> None:
        """Write one line of the common log, to the terminal and to the file."""
        text = f"{name:>9} | {line}"
        with self._writing:
            self._log.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} {text}\n")
            self._log.flush()
            try:
                print(text, flush=True)
            except OSError:  # the terminal went away; the market goes on until it is told to stop
                sys.stdout = open(os.devnull, "w")  # noqa: SIM115

    def start(self, *services: Service, timeout: float = 60) -> None:
        """Start these together and wait until each is ready; StartError when one is not in time."""
        waiting = [_Child(service) for service in services]
        for child in waiting:
            self._children.append(child)
            self._launch(child)
        give_up = time.monotonic() + timeout
        while waiting and not self.is_stopping:
            waiting = [child for child in waiting if not (child.is_running and child.service.ready())]
            names = ", ".join(child.service.name for child in waiting)
            if any(child.failures >= 3 for child in waiting) or time.monotonic() > give_up:
                raise StartError(f"{names} did not start: the lines above and {self.log_path} say why.")
            self._watch()
            time.sleep(0.05)

    def run_once(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        """Run a step to its end; StartError when it fails."""
        child = _Child(Service(name, lambda: command, environment))
        self._launch(child)
        while child.is_running:
            if self.is_stopping:
                self._end([child])
                return
            time.sleep(0.05)
        if child.process.returncode:
            raise StartError(f"{name} failed: the lines above and {self.log_path} say why.")

    def run_until_stopped(self) -> None:
        """Keep everything running until `request_stop`."""
        while not self._stopping.wait(0.2):
            self._watch()

    def stop(self) -> None:
        """End everything: what came last first, servers of data when their clients are gone."""
        for wave in self._waves():
            self._end(wave)
        self._log.close()

    def _waves(self) -> list[list[_Child]]:
        data = [child for child in self._children if child.service.stop_signal == signal.SIGINT]
        return [[child for child in self._children if child not in data], data]

    def _launch(self, child: _Child) -> None:
        service = child.service
        try:
            service.prepare()
        except RuntimeError as error:
            raise StartError(str(error)) from None
        child.started_at = time.monotonic()
        child.process = subprocess.Popen(
            service.command(), env=service.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
            preexec_fn=dies_with_parent(service.death_signal), **service.process_options,
        )  # fmt: skip
        threading.Thread(
            target=self._copy_log, args=(service.name, child.process.stdout), daemon=True
        ).start()

    def _copy_log(self, name: str, stream) -> None:
        for line in stream:
            if line.strip() and not self._log.closed:
                self.say(line.rstrip(), name)

    def _watch(self) -> None:
        """Restart what died, after a pause that grows while it keeps dying."""
        now = time.monotonic()
        for child in self._children:
            if child.is_running:
                continue
            if not child.start_again_at:
                if now - child.started_at > STEADY_SECONDS:
                    child.failures = 0
                child.failures += 1
                pause = min(0.25 * 2**child.failures, LONGEST_PAUSE_SECONDS)
                child.start_again_at = now + pause
                code = child.process.returncode
                self.say(f"{child.service.name} ended ({code}); starting again in {pause:.1f} s")
                self._kill_group(child)
            elif now >= child.start_again_at and not self.is_stopping:
                child.start_again_at = 0.0
                try:
                    self._launch(child)
                except (StartError, OSError) as error:
                    self.say(f"{child.service.name}: {error}")

    def _end(self, children: list[_Child]) -> None:
        for child in children:
            if child.is_running:
                child.process.send_signal(child.service.stop_signal)
        give_up = time.monotonic() + STOP_SECONDS
        for child in children:
            if child.process is None:
                continue
            try:
                child.process.wait(max(give_up - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                self.say(f"{child.service.name} does not end by itself; ending it")
            self._kill_group(child)
            child.process.wait()

    @staticmethod
    def _kill_group(child: _Child) -> None:
        """Whatever the child started and left behind ends with it."""
        try:
            os.killpg(child.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
