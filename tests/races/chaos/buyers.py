"""Phones that buy, pay and ask again: `buyers WISHES.json PORTS.json SEED` prints how far they are, then all.

Nothing that goes wrong between phone and market ends a purchase: the same key asks again, at either door,
until there is an answer of the market itself.
"""

import asyncio
import json
import random
import re
import sys
import time
import uuid
from collections import Counter
from pathlib import Path

ASKS_AT_ONCE = 1000
ANSWER_SECONDS = 40
GIVE_UP_SECONDS = 420
TOKEN = re.compile(r'name="token" value="([^"]+)"')


class Crowd:
    def __init__(self, ports: dict, seed: int):
        self.pages, self.doors, self.sandbox = ports["pages"], ports["doors"], ports["sandbox"]
        self.chance = random.Random(seed)
        self.told: Counter = Counter()
        self.answered = 0
        self.repeats = 0
        self.different: list = []
        self.asking = asyncio.Semaphore(ASKS_AT_ONCE)
        self.give_up = time.monotonic() + GIVE_UP_SECONDS

    async def buy(self, wish: dict) -> None:
        status, answer = await self.until_told(lambda: self.order(wish))
        self.answered += 1
        if status not in (200, 201):
            self.told[answer.get("code", str(status))] += 1
            return
        self.told["placed"] += 1
        again_status, again = await self.until_told(lambda: self.order(wish))
        if (again_status, again) != (200, answer):
            self.different.append([wish["key"], answer, again_status, again])
        await self.pay(wish, answer["group"])
        self.told["paid"] += 1

    async def order(self, wish: dict) -> tuple[int, dict]:
        # The ordinary door takes every body; a phone that finds the fast one busy goes there.
        fast = wish["grant"] and self.chance.random() < 0.7
        port = self.chance.choice(self.doors if fast else self.pages)
        path = wish["path"] if fast else "/api/v1/orders/"
        token = wish["grant"] if fast else wish["token"]
        return await ask_json(port, path, wish["body"], token=token, key=wish["key"])

    async def pay(self, wish: dict, group: int) -> None:
        path, key = f"/api/v1/order-groups/{group}/pay/", str(uuid.uuid4())
        status, answer = await self.until_told(
            lambda: ask_json(
                self.chance.choice(self.pages), path, {"gateway": "sandbox"}, token=wish["token"], key=key
            )
        )
        if status not in (200, 201):
            self.told[f"pay {answer.get('code', status)}"] += 1
            return
        page = answer["next"]["url"]
        _, shown = await ask(self.sandbox, page, method="GET")
        tapped = f"token={TOKEN.search(shown.decode())[1]}&decision=pay".encode()
        await ask(self.sandbox, page, tapped, content_type="application/x-www-form-urlencoded")

    async def until_told(self, question) -> tuple[int, dict]:
        """Ask until the market itself says yes or no."""
        pause = 0.1
        while time.monotonic() < self.give_up:
            try:
                async with self.asking:
                    status, answer = await asyncio.wait_for(question(), ANSWER_SECONDS)
            except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
                status, answer = 599, {}
            if status < 500 and status != 429 and answer.get("code") != "in_progress":
                return status, answer
            self.repeats += 1
            await asyncio.sleep(pause * (0.5 + self.chance.random()))
            pause = min(pause * 2, 2.0)
        return 599, {"code": "never_answered"}


async def ask(port: int, path: str, body: bytes = b"", *, method: str = "POST", **headers: str):
    """One request on a connection of its own; returns (status, body)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n{more}"
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        top = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = re.search(rb"content-length: *(\d+)", top)
        content = await (reader.readexactly(int(length[1])) if length else reader.read())
        return int(top.split(b" ", 2)[1]), content
    finally:
        writer.close()


async def ask_json(port: int, path: str, body: dict, *, token: str, key: str) -> tuple[int, dict]:
    status, content = await ask(
        port, path, json.dumps(body).encode(), content_type="application/json",
        authorization=f"Bearer {token}", idempotency_key=key,
    )  # fmt: skip
    return status, json.loads(content)


async def main(wishes: list[dict], ports: dict, seed: int) -> None:
    crowd = Crowd(ports, seed)
    began = time.monotonic()
    buying = asyncio.gather(*(crowd.buy(wish) for wish in wishes))
    while not buying.done():
        print(json.dumps({"answered": crowd.answered}), flush=True)
        await asyncio.wait([buying], timeout=0.1)
    await buying
    took = time.monotonic() - began
    print(
        json.dumps(
            {
                "told": crowd.told, "repeats": crowd.repeats, "different": crowd.different,
                "seconds": round(took, 1),
            }
        ),
        flush=True,
    )  # fmt: skip


if __name__ == "__main__":
    files = [json.loads(Path(name).read_text()) for name in sys.argv[1:3]]
    asyncio.run(main(*files, seed=int(sys.argv[3])))
