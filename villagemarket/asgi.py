"""The process that owns the public address: raw doors here, pages and the sandbox's pay page behind it."""

import gc
import json
import os
import sys

import django
from django.conf import settings

from common.processes import die_with_parent

if os.environ.get("MARKET_SUPERVISED"):
    die_with_parent()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "villagemarket.settings")
django.setup()

# The doors use models: they can be imported only now.
from villagemarket.doors import DOORS  # noqa: E402
from villagemarket.proxy import Proxy  # noqa: E402


class Dispatcher:
    """ASGI application: a path that is a door's goes to it, every other path to its process."""

    def __init__(self, *, pages: str, sandbox: str = ""):
        self.pages = Proxy(pages, settings.REQUEST_MAX_BYTES)
        self.sandbox = Proxy(sandbox, 64 * 1024) if sandbox else None

    async def __call__(self, scope: dict, receive, send) -> None:
        """Answer one connection."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        path = scope["path"]
        for door in DOORS:
            params = door.match(path)
            if params is None:
                continue
            if scope["method"] not in door.methods:
                await _method_not_allowed(send, door.methods)
                return
            market = {"params": params, "pages": self.pages}
            await door.application({**scope, "market": market}, receive, send)
            return
        if self.sandbox and path.startswith(settings.SANDBOX_PUBLIC_PAY_PATH + "/"):
            await self.sandbox(scope, receive, send)
            return
        await self.pages(scope, receive, send)

    async def _lifespan(self, receive, send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self.pages.close()
                if self.sandbox:
                    await self.sandbox.close()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return


async def _method_not_allowed(send, methods: tuple[str, ...]) -> None:
    body = json.dumps({"code": "method_not_allowed", "message": "This address does not take that method."})
    headers = [(b"content-type", b"application/json"), (b"allow", ", ".join(methods).encode())]
    await send({"type": "http.response.start", "status": 405, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})


# Threads of doors take turns in half a millisecond instead of five, or each answer of the database waits for
# a turn. What lives as long as the process is not looked through for garbage while a crowd waits.
sys.setswitchinterval(0.0005)
gc.collect()
gc.freeze()

application = Dispatcher(
    pages=os.environ.get("MARKET_PAGES", "127.0.0.1:8010"), sandbox=os.environ.get("MARKET_SANDBOX", "")
)
