"""The media door: ranges, caching, and nothing but finished public files."""

import asyncio
import os

import pytest
from asgiref.testing import ApplicationCommunicator

from uploads.asgi import media_door, serve

BODY = bytes(range(256)) * 4


def ask(path: str, *, method: str = "GET", door=serve, pages=None, **headers: str):
    """Return (status, headers, body) of one request, path already percent-decoded as servers give it."""

    async def talk():
        scope = {
            "type": "http",
            "method": method,
            "path": f"/media/{path}",
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
            "market": {"params": {"path": path}, "pages": pages},
        }
        door_open = ApplicationCommunicator(door, scope)
        await door_open.send_input({"type": "http.request", "body": b"", "more_body": False})
        start = await door_open.receive_output(5)
        body = b""
        while True:
            message = await door_open.receive_output(5)
            body += message["body"]
            if not message.get("more_body"):
                break
        return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, body

    return asyncio.run(talk())


@pytest.fixture
def files(media_root):
    folder = media_root / "public" / "photos" / "ab"
    folder.mkdir(parents=True)
    (folder / "1.webp").write_bytes(BODY)
    (folder / ".part-1.webp").write_bytes(b"half")
    (folder / "list.m3u8").write_text("#EXTM3U\n")
    (folder / "1.html").write_text("<script>")
    (folder / "empty.ts").write_bytes(b"")
    (folder / "folder.webp").mkdir()
    secret = media_root / "private" / "originals" / "s.jpg"
    secret.parent.mkdir(parents=True)
    secret.write_bytes(b"secret")
    os.symlink(secret, folder / "link.jpg")
    return media_root


def test_photo_is_whole_typed_and_immutable(files):
    status, headers, body = ask("photos/ab/1.webp")

    assert (status, body) == (200, BODY)
    assert headers["content-type"] == "image/webp"
    assert headers["content-length"] == "1024"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["accept-ranges"] == "bytes"


def test_playlist_is_never_cached(files):
    status, headers, body = ask("photos/ab/list.m3u8")

    assert (status, headers["cache-control"], body) == (200, "no-cache", b"#EXTM3U\n")
    assert headers["content-type"] == "application/vnd.apple.mpegurl"


@pytest.mark.parametrize(
    ("asked", "status", "content_range", "body"),
    [
        ("bytes=0-9", 206, "bytes 0-9/1024", BODY[:10]),
        ("bytes=1000-", 206, "bytes 1000-1023/1024", BODY[1000:]),
        ("bytes=1000-99999", 206, "bytes 1000-1023/1024", BODY[1000:]),
        ("bytes=-24", 206, "bytes 1000-1023/1024", BODY[1000:]),
        ("bytes=-9999", 206, "bytes 0-1023/1024", BODY),
        ("bytes=1024-", 416, "bytes */1024", b""),
        ("bytes=-0", 416, "bytes */1024", b""),
        ("bytes=9-3", 200, None, BODY),
        ("bytes=-", 200, None, BODY),
        ("bytes=0-1,5-6", 200, None, BODY),
        ("lines=1-2", 200, None, BODY),
        ("bytes=" + "9" * 40 + "-", 200, None, BODY),
    ],
)
def test_ranges(files, asked, status, content_range, body):
    answer, headers, sent = ask("photos/ab/1.webp", range=asked)

    assert (answer, headers.get("content-range"), sent) == (status, content_range, body)
    assert headers["content-length"] == str(len(body))


def test_known_file_is_not_sent_again(files):
    etag = ask("photos/ab/1.webp")[1]["etag"]

    assert ask("photos/ab/1.webp", if_none_match=etag)[::2] == (304, b"")
    assert ask("photos/ab/1.webp", if_none_match=f'"x", W/{etag}')[0] == 304
    assert ask("photos/ab/1.webp", if_none_match='"x"')[0] == 200


def test_stale_range_gets_the_whole_new_file(files):
    assert ask("photos/ab/1.webp", range="bytes=0-1", if_range='"old"')[::2] == (200, BODY)


def test_head_has_the_headers_only(files):
    status, headers, body = ask("photos/ab/1.webp", method="HEAD")

    assert (status, headers["content-length"], body) == (200, "1024", b"")


def test_empty_file_is_empty(files):
    assert ask("photos/ab/empty.ts")[::2] == (200, b"")


@pytest.mark.parametrize(
    "path",
    [
        "../private/originals/s.jpg",
        "photos/../../private/originals/s.jpg",
        "photos/ab/../ab/1.webp",
        "%2e%2e/private/originals/s.jpg",
        "/etc/passwd",
        "//etc/passwd.jpg",
        "photos/ab/1.webp\0.jpg",
        "photos\\ab\\1.webp",
        "photos/ab/link.jpg",
        "photos/ab/.part-1.webp",
        "photos/ab/1.html",
        "photos/ab/folder.webp",
        "photos/ab/",
        "photos/none.webp",
        "private/originals/s.jpg",
        "x" * 5000 + ".webp",
    ],
)
def test_everything_else_is_not_there(files, path):
    status, headers, body = ask(path)

    assert (status, body) == (404, b"")
    assert headers["cache-control"] == "no-store"


def test_private_file_needs_leave_and_is_not_cached(files):
    asked = []

    async def authorise(scope, path):
        asked.append(path)
        return path.endswith("s.jpg")

    door = media_door(authorise=authorise)
    status, headers, body = ask("private/originals/s.jpg", door=door)

    assert (status, body, headers["cache-control"]) == (200, b"secret", "private, no-store")
    assert ask("private/originals/other.jpg", door=door)[0] == 404
    assert ask("private/../public/photos/ab/1.webp", door=door)[0] == 404
    assert asked[0] == "private/originals/s.jpg"


@pytest.mark.parametrize(
    ("headers", "is_link"),
    [
        ({"sec_fetch_mode": "navigate", "accept": "text/html"}, True),
        ({"accept": "text/html,application/xhtml+xml"}, True),
        ({"sec_fetch_mode": "no-cors", "accept": "image/webp,*/*"}, False),
        ({"sec_fetch_mode": "cors", "accept": "text/html"}, False),
        ({}, False),
    ],
)
def test_who_follows_a_link_to_a_private_file_is_answered_by_the_pages(files, headers, is_link):
    """A person may have to sign in; a picture or a program gets the bare answer."""

    async def pages(scope, receive, send):
        await send({"type": "http.response.start", "status": 302, "headers": [(b"location", b"/sign-in/")]})
        await send({"type": "http.response.body", "body": b""})

    async def nobody(scope, path):
        return False

    door = media_door(authorise=nobody)
    status, answered, body = ask("private/originals/s.jpg", door=door, pages=pages, **headers)

    assert (status, body) == ((302, b"") if is_link else (404, b""))
    assert answered.get("location") == ("/sign-in/" if is_link else None)
    assert ask("private/originals/s.jpg", door=door, **headers)[0] == 404
