"""Hand a request on to another process and stream its answer back, telling it truly who is calling."""

import asyncio
import contextlib
import json
import logging
import tempfile
from collections.abc import AsyncIterator, Iterator
from typing import BinaryIO
from urllib.parse import quote

import aiohttp
from yarl import URL

logger = logging.getLogger(__name__)

HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
     b"trailer", b"transfer-encoding", b"upgrade", b"expect")
)  # fmt: skip
# Claims about the connection are ours to make (rules.md 13).
FORWARDED = frozenset(
    (b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-port",
     b"x-forwarded-prefix", b"x-real-ip", b"x-accel-redirect")
)  # fmt: skip
KEPT_IN_MEMORY = 1024 * 1024
SLOWEST_BODY_SECONDS = 30
# Bodies too large for memory wait on disk: so many at once, and a full disk is out of a stranger's reach.
SPOOLED_AT_ONCE = 16
UNAVAILABLE = "The market is just starting. Please try again. / 村集正在启动，请稍后再试。"
# A stale kept connection may be tried again only where that changes nothing.
SAFE = frozenset(("GET", "HEAD", "OPTIONS"))


class TooLarge(Exception):
    """The body is over the cap."""


class TooBusy(Exception):
    """As many large bodies are being received as there may be at once."""


class Gone(Exception):
    """The client left or fell silent."""


class Proxy:
    """One process behind us: `unix:/path/to.sock` or `host:port`."""

    def __init__(self, address: str, max_body_bytes: int):
        self.address = address
        self.max_body_bytes = max_body_bytes
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._spooled = 0

    async def __call__(self, scope: dict, receive, send) -> None:
        """The ASGI door."""
        begun = False

        async def send_on(message: dict) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            with tempfile.SpooledTemporaryFile(KEPT_IN_MEMORY) as body, contextlib.ExitStack() as held:
                size = await self._receive_body(scope, receive, body, held)
                work = asyncio.create_task(self._exchange(scope, send_on, body, size))
                watcher = asyncio.create_task(_disconnected(receive))
                try:
                    await asyncio.wait((watcher, work), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    watcher.cancel()
                    if not work.done():
                        work.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await work
        except TooLarge:
            await _refuse(
                scope, send, 413, "too_large", "This is too large to be sent. / 文件太大，无法发送。"
            )
        except TooBusy:
            await _refuse(
                scope,
                send,
                503,
                "busy",
                "Many large files are on their way. Please try again. / 上传人数较多，请稍后再试。",
            )
        except Gone:
            return
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            logger.warning(
                "%s %s: no answer from %s: %s", scope["method"], scope["path"], self.address, error
            )
            if begun:  # the client sees a broken answer, not a short one that looks whole
                raise
            await _refuse(scope, send, 503, "unavailable", UNAVAILABLE)

    async def close(self) -> None:
        """Close kept connections."""
        for session in self._sessions.values():
            await session.close()

    async def _receive_body(self, scope: dict, receive, body: BinaryIO, held: contextlib.ExitStack) -> int:
        """Take the whole body before a page process is asked: a slow phone must not hold a thread."""
        declared = dict(scope["headers"]).get(b"content-length", b"")
        if declared.isdigit() and int(declared) > self.max_body_bytes:
            raise TooLarge
        size, is_spooled = 0, False
        while True:
            try:
                message = await asyncio.wait_for(receive(), SLOWEST_BODY_SECONDS)
            except TimeoutError:
                raise Gone from None
            if message["type"] == "http.disconnect":
                raise Gone
            part = message.get("body", b"")
            size += len(part)
            if size > self.max_body_bytes:
                raise TooLarge
            if size > KEPT_IN_MEMORY:
                if not is_spooled:
                    held.enter_context(self._spool())
                    is_spooled = True
                await asyncio.to_thread(body.write, part)
            else:
                body.write(part)
            if not message.get("more_body"):
                body.seek(0)
                return size

    @contextlib.contextmanager
    def _spool(self) -> Iterator[None]:
        if self._spooled >= SPOOLED_AT_ONCE:
            raise TooBusy
        self._spooled += 1
        try:
            yield
        finally:
            self._spooled -= 1

    async def _exchange(self, scope: dict, send, body: BinaryIO, size: int) -> None:
        """Ask the other process and stream its answer."""
        path = (scope.get("raw_path") or quote(scope["path"]).encode()).split(b"?", 1)[0].decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        url = f"http://{'market' if self._is_unix else self.address}{path}" + (f"?{query}" if query else "")
        async with self._session(keep=scope["method"] in SAFE).request(
            scope["method"],
            URL(url, encoded=True),
            headers=_headers_for(scope, size),
            data=_parts(body) if size else None,
            allow_redirects=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        ) as answer:
            headers = [
                (name.lower(), value) for name, value in answer.raw_headers if name.lower() not in HOP_BY_HOP
            ]
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            async for part in answer.content.iter_any():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    @property
    def _is_unix(self) -> bool:
        return self.address.startswith("unix:")

    def _session(self, *, keep: bool) -> aiohttp.ClientSession:
        if keep not in self._sessions:
            options = {"force_close": True} if not keep else {"keepalive_timeout": 15}
            if self._is_unix:
                connector = aiohttp.UnixConnector(self.address.removeprefix("unix:"), limit=512, **options)
            else:
                connector = aiohttp.TCPConnector(limit=512, **options)
            self._sessions[keep] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None, connect=10, sock_read=120),
            )
        return self._sessions[keep]


def _headers_for(scope: dict, size: int) -> list[tuple[str, str]]:
    named = {
        token.strip().lower()
        for name, value in scope["headers"]
        if name.lower() == b"connection"
        for token in value.split(b",")
    }
    dropped = HOP_BY_HOP | FORWARDED | named | {b"content-length"}
    headers = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in scope["headers"]
        # Django cannot tell X_Y from X-Y: a name with an underscore could pass for one that we set.
        if name.lower() not in dropped and b"_" not in name
    ]
    if size or scope["method"] not in SAFE:
        headers.append(("content-length", str(size)))
    client = (scope.get("client") or ("",))[0]
    headers.append(("x-forwarded-for", client))
    headers.append(("x-forwarded-proto", scope.get("scheme", "http")))
    return headers


async def _parts(body: BinaryIO) -> AsyncIterator[bytes]:
    while part := await asyncio.to_thread(body.read, 256 * 1024):
        yield part


async def _disconnected(receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(scope: dict, send, status: int, code: str, message: str) -> None:
    is_api = scope["path"].startswith("/api/")
    text = json.dumps({"code": code, "message": message}, ensure_ascii=False) if is_api else message
    kind = b"application/json" if is_api else b"text/plain; charset=utf-8"
    headers = [(b"content-type", kind), (b"cache-control", b"no-store"), (b"connection", b"close")]
    if status == 503:
        headers.append((b"retry-after", b"2"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
