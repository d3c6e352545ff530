"""The media door: finished files of MEDIA_ROOT/public at /media/…, with ranges and caching (decisions.md 5).

Private files are served only when the injected `authorise(scope, path)` says so.
"""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from stat import S_ISREG

from uploads.services.storing import private_root, public_root

CONTENT_TYPES = {
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".m4s": "video/iso.segment",
    ".mp4": "video/mp4",
    ".m4a": "audio/mp4",
    ".ts": "video/mp2t",
    ".vtt": "text/vtt; charset=utf-8",
}
SEGMENTS = frozenset({".m4s", ".mp4", ".m4a", ".ts"})
IMMUTABLE = "public, max-age=31536000, immutable"
PIECE = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")

Authorise = Callable[[dict, str], Awaitable[bool]]


@dataclass(frozen=True)
class _Answer:
    status: int
    first: int
    length: int


def media_door(*, authorise: Authorise | None = None):
    """Return the ASGI application; paths below `private/` are asked for with `authorise`, else not there.

    Who comes to a private file by a link is answered by the pages: to sign in, or that it is not theirs.
    """

    async def serve_media(scope: dict, receive, send) -> None:
        path = scope.get("market", {}).get("params", {}).get("path")
        if path is None:
            path = scope["path"].removeprefix("/media/")
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        root, is_private = public_root(), path.startswith("private/")
        if is_private:
            if authorise is None or not await authorise(scope, path):
                pages = scope.get("market", {}).get("pages")
                if pages is not None and _is_link(headers):
                    await pages(scope, receive, send)
                else:
                    await _refuse(send, 404)
                return
            root, path = private_root(), path.removeprefix("private/")
        opened = await asyncio.to_thread(_open, root, path)
        if opened is None:
            await _refuse(send, 404)
            return
        descriptor, stat = opened
        try:
            await _answer(send, scope["method"], headers, path, descriptor, stat, is_private)
        finally:
            os.close(descriptor)

    return serve_media


serve = media_door()


def _open(root: Path, path: str) -> tuple[int, os.stat_result] | None:
    """Open a regular file that really lies below the root, else None."""
    parts = path.split("/")
    if any(not part or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
        return None
    if Path(path).suffix not in CONTENT_TYPES:
        return None
    try:
        root = root.resolve(strict=True)
        target = root.joinpath(*parts).resolve(strict=True)
        if not target.is_relative_to(root):
            return None
        descriptor = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (OSError, RuntimeError, ValueError):
        return None
    stat = os.fstat(descriptor)
    if not S_ISREG(stat.st_mode):
        os.close(descriptor)
        return None
    return descriptor, stat


async def _answer(send, method, headers, path, descriptor, stat, is_private) -> None:
    suffix = Path(path).suffix
    etag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
    head = {
        "content-type": CONTENT_TYPES[suffix],
        "cache-control": _caching(path, suffix, is_private),
        "etag": etag,
        "last-modified": formatdate(stat.st_mtime, usegmt=True),
        "accept-ranges": "bytes",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "cross-origin-resource-policy": "same-origin",
    }
    if _is_known(headers.get(b"if-none-match", ""), etag):
        await _start(send, 304, head)
        await send({"type": "http.response.body", "body": b""})
        return
    answer = _chosen(headers, etag, stat.st_size)
    if answer.status == 416:
        head["content-range"] = f"bytes */{stat.st_size}"
    elif answer.status == 206:
        last = answer.first + answer.length - 1
        head["content-range"] = f"bytes {answer.first}-{last}/{stat.st_size}"
    head["content-length"] = str(answer.length)
    await _start(send, answer.status, head)
    if method == "HEAD":
        await send({"type": "http.response.body", "body": b""})
        return
    await _send_pieces(send, descriptor, answer.first, answer.length)


def _caching(path: str, suffix: str, is_private: bool) -> str:
    if suffix == ".m3u8":
        return "no-cache"
    if is_private:
        return "private, no-store"
    if suffix in SEGMENTS or path.startswith("photos/"):
        return IMMUTABLE
    return "public, max-age=3600"


def _is_known(asked: str, etag: str) -> bool:
    known = {part.strip().removeprefix("W/") for part in asked.split(",")}
    return "*" in known or etag in known


def _chosen(headers: dict[bytes, str], etag: str, size: int) -> _Answer:
    """Return which bytes to send: one range, or all when the range is absent, several, stale or malformed."""
    everything = _Answer(status=200, first=0, length=size)
    found = _RANGE.fullmatch(headers.get(b"range", "").strip())
    if not found or headers.get(b"if-range", etag) != etag:
        return everything
    first, last = found.groups()
    if not first and not last:
        return everything
    if not first:
        length = min(int(last), size)
        start = size - length
    else:
        start = int(first)
        if last and int(last) < start:
            return everything
        length = min(int(last) if last else size - 1, size - 1) - start + 1
    if length <= 0:
        return _Answer(status=416, first=0, length=0)
    return _Answer(status=206, first=start, length=length)


async def _send_pieces(send, descriptor: int, first: int, length: int) -> None:
    left = length
    while left > 0:
        piece = await asyncio.to_thread(os.pread, descriptor, min(PIECE, left), first + length - left)
        if not piece:
            # The file became shorter: the connection must break, or the reader would take this for all.
            raise ConnectionAbortedError("file ended early")
        left -= len(piece)
        await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
    if not length:
        await send({"type": "http.response.body", "body": b""})


async def _start(send, status: int, head: dict[str, str]) -> None:
    headers = [(name.encode(), value.encode()) for name, value in head.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})


def _is_link(headers: dict[bytes, str]) -> bool:
    """A person follows a link, where a page's picture or a program asks for the file alone."""
    mode = headers.get(b"sec-fetch-mode")
    return mode == "navigate" if mode else headers.get(b"accept", "").startswith("text/html")


async def _refuse(send, status: int) -> None:
    head = {"content-type": "text/plain; charset=utf-8", "cache-control": "no-store", "content-length": "0"}
    await _start(send, status, head | {"x-content-type-options": "nosniff"})
    await send({"type": "http.response.body", "body": b""})
