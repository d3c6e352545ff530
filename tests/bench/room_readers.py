"""Phones of the room benchmark, a process of its own: raw sockets and epoll, so that it costs little.

`room_readers PORT PATH NUMBER` connects, prints "ready", reads until its input ends, and prints what it saw
as JSON. With `--storm` all connect at once and the time until the last one has heard an event is measured.
"""

import contextlib
import json
import re
import resource
import select
import socket
import sys
import time

SAID = re.compile(rb'"t":(\d+)')
SAMPLED = 20  # every so many phones look at the times; all count


class Readers:
    """Open connections by file number."""

    def __init__(self, port: int, path: str):
        self.address = ("127.0.0.1", port)
        self.request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n".encode()
        self.poll = select.epoll()
        self.sockets: dict[int, socket.socket] = {}
        self.heard: set[int] = set()
        self.delays: list[float] = []
        self.events = self.lost = self.reads = 0

    def connect(self) -> None:
        """Open one, and ask."""
        line = socket.create_connection(self.address, timeout=60)
        line.sendall(self.request)
        line.setblocking(False)
        self.sockets[line.fileno()] = line
        self.poll.register(line.fileno(), select.EPOLLIN)

    def read(self, seconds: float) -> None:
        """Take in whatever came."""
        for number, _ in self.poll.poll(seconds):
            try:
                data = self.sockets[number].recv(262_144)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if not data:
                self.lost += 1
                self.poll.unregister(number)
                continue
            self.reads += 1
            count = data.count(b"event: chat")
            self.events += count
            if count:
                self.heard.add(number)
                if number % SAMPLED == 0:
                    now = time.time_ns()
                    self.delays += [(now - int(at)) / 1e6 for at in SAID.findall(data)]


def main() -> None:
    """See above."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    readers = Readers(int(sys.argv[1]), sys.argv[2])
    number, is_storm = int(sys.argv[3]), "--storm" in sys.argv
    started = time.monotonic()
    refused = 0
    for count in range(number):
        try:
            readers.connect()
        except OSError:
            refused += 1
        if count % 50 == 0:
            readers.read(0)
    if is_storm:
        while len(readers.heard) < number - refused - readers.lost and time.monotonic() - started < 120:
            readers.read(0.1)
    took = time.monotonic() - started
    print("ready", flush=True)
    ending = select.poll()
    ending.register(sys.stdin, select.POLLIN | select.POLLHUP)
    # What connecting brought is not part of the measurement.
    readers.delays.clear()
    heard_before, readers.events = readers.events, 0
    while not ending.poll(0):
        readers.read(0.05)
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        readers.read(0.05)
    delays = sorted(readers.delays)
    print(json.dumps({
        "events": readers.events, "before": heard_before, "reads": readers.reads,
        "lost": readers.lost + refused,
        "heard": len(readers.heard), "seconds": took,
        "p50": delays[len(delays) // 2] if delays else None,
        "p99": delays[int(len(delays) * 0.99)] if delays else None,
    }), flush=True)  # fmt: skip


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
