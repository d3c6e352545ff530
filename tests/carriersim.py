"""Kuaidi100 as tests meet it: its wire format and its way to sign. It shares no code with the market."""

import json
import threading
from contextlib import contextmanager
from datetime import datetime
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

KEY, CUSTOMER, SALT = "key-of-ours", "customer-of-ours", "salt-of-sixteen-signs"


def point(code: str, at: datetime, words: str = "已到达") -> dict:
    """One point of a way, with the provider's code ("3" is delivered) in the provider's own time."""
    told = at.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M:%S")
    return {"context": words, "time": told, "ftime": told, "statusCode": code}


def result(number: str, points: list[dict], *, com: str = "shunfeng") -> dict:
    """What is known of a parcel; the newest point comes first, as the provider sends it."""
    newest = sorted(points, key=lambda one: one["ftime"], reverse=True)
    state = newest[0]["statusCode"][:1] if newest else "0"
    return {"message": "ok", "nu": number, "com": com, "status": "200", "state": state, "data": newest}


def push(number: str, points: list[dict], *, salt: str = SALT, com: str = "shunfeng") -> bytes:
    """The body of a push, signed."""
    param = json.dumps(
        {"status": "polling", "message": "", "lastResult": result(number, points, com=com)},
        ensure_ascii=False,
    )
    return signed(param, salt=salt)


def signed(param: str, *, salt: str = SALT) -> bytes:
    """Any `param`, signed as the provider signs."""
    return urlencode({"sign": _md5(param + salt), "param": param}).encode()


class Kuaidi100Server(ThreadingHTTPServer):
    """Answers subscriptions and questions; `ways` is what it knows, `is_down` lets it fail."""

    daemon_threads = True

    def __init__(self):
        self.ways: dict[str, dict] = {}
        self.followed: list[dict] = []
        self.asked: list[str] = []
        self.is_down = False
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        if self.server.is_down:
            self.send_error(502)
            return
        param = json.loads(form["param"])
        answer = self._follow(form, param) if self.path == "/poll" else self._tell(form, param)
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _follow(self, form: dict, param: dict) -> dict:
        if form["schema"] != "json" or param["key"] != KEY:
            return {"result": False, "returnCode": "600", "message": "key"}
        code = "501" if any(one["number"] == param["number"] for one in self.server.followed) else "200"
        self.server.followed.append(param)
        return {"result": code == "200", "returnCode": code, "message": ""}

    def _tell(self, form: dict, param: dict) -> dict:
        self.server.asked.append(param["num"])
        if form["customer"] != CUSTOMER or form["sign"] != _md5(form["param"] + KEY + CUSTOMER):
            return {"result": False, "returnCode": "503", "message": "sign"}
        way = self.server.ways.get(param["num"])
        return way or {"result": False, "returnCode": "500", "message": "nothing known"}

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def running():
    """A server while the block runs."""
    server = Kuaidi100Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest().upper()
