"""The dispatcher tells pages truly who is calling, and spares them the slow and the huge."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from villagemarket.proxy import Proxy

CAP = 3 * 1024 * 1024


class Pages:
    """A page process that remembers what it was asked."""

    def __init__(self):
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.left = asyncio.Event()
        self.pause = 0.0

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append((f"{request.method} {request.raw_path}", headers, body))
        try:
            await asyncio.sleep(self.pause)
        except asyncio.CancelledError:
            self.left.set()
            raise
        return web.Response(
            status=201,
            text="served",
            headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Own", "yes")],
        )


@asynccontextmanager
async def pages_behind(folder: Path):
    pages = Pages()
    application = web.Application(client_max_size=2 * CAP)
    application.router.add_route("*", "/{path:.*}", pages.answer)
    runner = web.AppRunner(application, handler_cancellation=True)
    await runner.setup()
    socket = folder / "web.sock"
    await web.UnixSite(runner, str(socket)).start()
    proxy = Proxy(f"unix:{socket}", CAP)
    try:
        yield pages, proxy
    finally:
        await proxy.close()
        await runner.cleanup()


async def ask(
    proxy: Proxy, *, method="GET", path="/", headers=(), parts=(b"",), leaves_after: float | None = None
):
    """Call the door; return (status, headers, body)."""
    waiting = [
        {"type": "http.request", "body": part, "more_body": number < len(parts) - 1}
        for number, part in enumerate(parts)
    ]
    ended = asyncio.Event()
    sent: list[dict] = []

    async def receive() -> dict:
        if waiting:
            return waiting.pop(0)
        if leaves_after is not None:
            await asyncio.sleep(leaves_after)
        else:
            await ended.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict) -> None:
        sent.append(message)

    path, _, query = path.partition("?")
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "scheme": "http",
        "query_string": query.encode(), "client": ("203.0.113.9", 5), "headers": list(headers),
    }  # fmt: skip
    await proxy(scope, receive, send)
    ended.set()
    if not sent:
        return None, {}, b""
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], sent[0]["headers"], body


def test_forwarded_headers_are_ours_and_the_answer_is_passed_on(tmp_path):
    async def scenario():
        async with pages_behind(tmp_path) as (pages, proxy):
            status, headers, body = await ask(
                proxy,
                path="/a%20b/?q=%E4%BD%A0",
                headers=[
                    (b"host", b"market.example"),
                    (b"x-forwarded-for", b"6.6.6.6"),
                    (b"x_forwarded_for", b"7.7.7.7"),
                    (b"x-forwarded-proto", b"https"),
                    (b"forwarded", b"for=6.6.6.6"),
                    (b"connection", b"close, x-secret"),
                    (b"x-secret", b"hop"),
                    (b"accept-language", b"zh"),
                ],
            )
            asked, seen, _ = pages.asked[0]

        assert (status, body) == (201, b"served")
        assert [value for name, value in headers if name == b"set-cookie"] == [b"a=1", b"b=2"]
        assert asked == "GET /a%20b/?q=%E4%BD%A0"
        assert (seen["host"], seen["accept-language"]) == ("market.example", "zh")
        assert (seen["x-forwarded-for"], seen["x-forwarded-proto"]) == ("203.0.113.9", "http")
        assert not {"x_forwarded_for", "forwarded", "x-secret"} & set(seen)

    asyncio.run(scenario())


def test_body_arrives_whole_with_its_length(tmp_path):
    async def scenario():
        async with pages_behind(tmp_path) as (pages, proxy):
            parts = [b"x" * 700_000, b"y" * 700_000, b"z"]
            status, _, _ = await ask(
                proxy, method="POST", headers=[(b"transfer-encoding", b"chunked")], parts=parts
            )
            _, seen, body = pages.asked[0]

        assert status == 201
        assert body == b"".join(parts)
        assert seen["content-length"] == "1400001"

    asyncio.run(scenario())


def test_too_large_a_body_never_reaches_the_pages(tmp_path):
    async def scenario():
        async with pages_behind(tmp_path) as (pages, proxy):
            declared, _, _ = await ask(proxy, method="POST", headers=[(b"content-length", b"99999999")])
            counted, _, body = await ask(proxy, method="POST", path="/api/v1/x/", parts=[b"x" * CAP, b"x"])

        assert (declared, counted) == (413, 413)
        assert b'"code": "too_large"' in body
        assert pages.asked == []

    asyncio.run(scenario())


def test_more_large_bodies_than_the_disk_is_meant_for_are_asked_to_come_back(tmp_path, monkeypatch):
    monkeypatch.setattr("villagemarket.proxy.KEPT_IN_MEMORY", 10)
    monkeypatch.setattr("villagemarket.proxy.SPOOLED_AT_ONCE", 1)

    async def scenario():
        async with pages_behind(tmp_path) as (pages, proxy):
            pages.pause = 0.3
            first = asyncio.create_task(ask(proxy, method="POST", parts=[b"x" * 20]))
            await asyncio.sleep(0.1)
            second, _, body = await ask(proxy, method="POST", parts=[b"x" * 20])
            small, _, _ = await ask(proxy, method="POST", parts=[b"x" * 5])
            kept = (await first)[0]
            again, _, _ = await ask(proxy, method="POST", parts=[b"x" * 20])

        assert (kept, second, small, again) == (201, 503, 201, 201)
        assert "请稍后再试".encode() in body
        assert len(pages.asked) == 3

    asyncio.run(scenario())


def test_pages_away_is_a_503_that_says_when_to_come_back(tmp_path):
    async def scenario():
        proxy = Proxy(f"unix:{tmp_path}/nobody.sock", CAP)
        status, headers, body = await ask(proxy, path="/api/v1/products/")
        await proxy.close()

        assert status == 503
        assert dict(headers)[b"retry-after"] == b"2"
        assert b'"code": "unavailable"' in body

    asyncio.run(scenario())


def test_caller_who_leaves_frees_the_page_process(tmp_path):
    async def scenario():
        async with pages_behind(tmp_path) as (pages, proxy):
            pages.pause = 60
            status, _, _ = await ask(proxy, leaves_after=0.3)
            await asyncio.wait_for(pages.left.wait(), 10)

        assert status is None

    asyncio.run(scenario())
