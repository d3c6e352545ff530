"""Reporting to merchants: signed, repeated with growing pauses until the merchant answers 200."""

import http.client
import json
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sandboxgateway.book import Book
from sandboxgateway.signing import sign

PAUSES = (1, 2, 4, 8, 15, 30, 60, 120, 300, 900)
LOOK_EVERY = 0.1
TIMEOUT_SECONDS = 10


@dataclass
class Mischief:
    """What tests ask for: reports lost, late, repeated at once, changed before or after signing."""

    drop: int = 0
    delay: float = 0.0
    repeat: int = 1
    change: dict[str, Any] = field(default_factory=dict)
    forge: dict[str, Any] = field(default_factory=dict)


class Reporter(threading.Thread):
    """Sends due events until it is stopped."""

    def __init__(self, book: Book, key: Ed25519PrivateKey):
        super().__init__(daemon=True, name="reporter")
        self.book, self.key = book, key
        self.mischief = Mischief()
        self._pool = ThreadPoolExecutor(max_workers=16)
        self._stopped = threading.Event()

    def run(self) -> None:
        """Look for due events again and again."""
        while not self._stopped.wait(LOOK_EVERY):
            for event in self.book.due_events():
                self._report(event)

    def stop(self) -> None:
        """End after the report under way."""
        self._stopped.set()

    def _report(self, event: Any) -> None:
        wanted = self.mischief
        if wanted.drop > 0:
            wanted.drop -= 1
            self.book.note_attempt(event["id"], delivered=True, next_in=0)
            return
        if wanted.delay and event["attempts"] == 0:
            time.sleep(wanted.delay)
        body = json.dumps(json.loads(event["body"]) | wanted.change).encode()
        sendings = [
            self._pool.submit(self._send, event["notify_url"], body, wanted.forge)
            for _ in range(max(wanted.repeat, 1))
        ]
        # Every answer counts: one that is not 200 makes us come again.
        answers = [sending.result() for sending in sendings]
        delivered = all(answers)
        pause = PAUSES[min(event["attempts"], len(PAUSES) - 1)]
        self.book.note_attempt(event["id"], delivered=delivered, next_in=pause)

    def _send(self, url: str, body: bytes, forge: dict[str, Any]) -> bool:
        headers = {"Content-Type": "application/json"} | sign(self.key, body)
        if forge:
            body = json.dumps(json.loads(body) | forge).encode()
        target = urlsplit(url)
        try:
            if target.scheme == "https":
                connection = http.client.HTTPSConnection(
                    target.hostname,
                    target.port,
                    timeout=TIMEOUT_SECONDS,
                    context=ssl.create_default_context(),
                )
            else:
                connection = http.client.HTTPConnection(target.hostname, target.port, timeout=TIMEOUT_SECONDS)
            try:
                connection.request("POST", target.path, body=body, headers=headers)
                return connection.getresponse().status == 200
            finally:
                connection.close()
        except (OSError, http.client.HTTPException):
            return False
