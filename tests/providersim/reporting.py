"""Callbacks, sent until the market says that it has them; lost, late, doubled or spoilt on demand."""

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

PAUSE_SECONDS = 0.3


@dataclass
class Knobs:
    """What a test asks for. `change` is signed, `forge` is not; `hold` keeps callbacks until the release.

    `errors` names the next answers of a call ("query": ["SYSTEM_ERROR"]); a call in `hang_up` is carried out
    and then never answered, once a name; a transfer in `lose` is not even carried out. `slow`
    seconds pass before each answer.
    """

    drop: int = 0
    delay: float = 0.0
    repeat: int = 1
    hold: bool = False
    change: dict = field(default_factory=dict)
    forge: dict = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    hang_up: list[str] = field(default_factory=list)
    lose: list[str] = field(default_factory=list)
    slow: float = 0.0


@dataclass
class Event:
    """One thing to report; `make` signs it anew for each attempt."""

    url: str
    make: Callable[[Knobs], tuple[bytes, dict[str, str]]]
    is_taken: Callable[[int, bytes], bool]
    due_at: float = 0.0


class Reporter(threading.Thread):
    """Reports until the process ends."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.knobs = Knobs()
        self.waiting: list[Event] = []
        self.held: list[Event] = []
        self.answers: list[int] = []
        self._pool = ThreadPoolExecutor(max_workers=16)

    def report(self, event: Event) -> None:
        if self.knobs.drop > 0:
            self.knobs.drop -= 1
            return
        event.due_at = time.monotonic() + self.knobs.delay
        (self.held if self.knobs.hold else self.waiting).append(event)

    def release(self, *, is_reversed: bool) -> None:
        held, self.held = self.held, []
        for event in reversed(held) if is_reversed else held:
            self._attempt(event)

    def forget(self) -> None:
        self.waiting, self.held, self.answers, self.knobs = [], [], [], Knobs()

    def run(self) -> None:
        while True:
            time.sleep(0.05)
            for event in [event for event in self.waiting if event.due_at <= time.monotonic()]:
                if self._attempt(event) and event in self.waiting:
                    self.waiting.remove(event)
                event.due_at = time.monotonic() + PAUSE_SECONDS

    def _attempt(self, event: Event) -> bool:
        body, headers = event.make(self.knobs)
        sent = [self._pool.submit(self._send, event, body, headers) for _ in range(self.knobs.repeat)]
        return False not in [attempt.result() for attempt in sent]

    def _send(self, event: Event, body: bytes, headers: dict[str, str]) -> bool:
        try:
            with urllib.request.urlopen(
                urllib.request.Request(event.url, body, headers), timeout=20
            ) as answer:
                status, said = answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            status, said = refusal.code, b""
        except OSError:
            status, said = 0, b""
        self.answers.append(status)
        return event.is_taken(status, said)
