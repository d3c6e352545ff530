"""Phones that order, each one request after the other: `deal_buyers PORT REQUESTS.json CLIENTS SECONDS`."""

import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path


class Phone(asyncio.Protocol):
    """One connection that is kept."""

    def __init__(self, requests, until: float, told: Counter, spans: list[float], done: asyncio.Future):
        self.requests, self.until, self.told, self.spans, self.done = requests, until, told, spans, done
        self.buffer = b""

    def connection_made(self, transport) -> None:
        self.transport = transport
        self._next()

    def _next(self) -> None:
        request = next(self.requests, None)
        if request is None or time.perf_counter() > self.until:
            self._end()
            return
        self.began = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        at = lower.find(b"content-length:")
        length = int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(rest) < length:
            return
        self.buffer = b""
        self.spans.append(time.perf_counter() - self.began)
        self.told[head.split(b" ", 2)[1].decode()] += 1
        self._next()

    def connection_lost(self, error) -> None:
        self._end()

    def _end(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def main(port: int, file: str, clients: int, seconds: float) -> None:
    """Send, measure, print."""
    requests = [text.encode() for text in json.loads(Path(file).read_text())]
    loop = asyncio.get_running_loop()
    told, spans = Counter(), []
    queue = iter(requests)
    began = time.perf_counter()
    dones = []
    for _ in range(clients):
        done = loop.create_future()
        dones.append(done)
        await loop.create_connection(
            lambda done=done: Phone(queue, began + seconds, told, spans, done), "127.0.0.1", port
        )
    await asyncio.gather(*dones)
    took = time.perf_counter() - began
    spans.sort()
    answer = {
        "statuses": dict(told), "seconds": took, "each_second": told["201"] / took,
        "p50": spans[len(spans) // 2] * 1000, "p99": spans[int(len(spans) * 0.99)] * 1000,
    }  # fmt: skip
    print(json.dumps(answer))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
