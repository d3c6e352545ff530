"""`python -m tests.providersim --data FOLDER`: both providers on a port of 127.0.0.1, and knobs for tests."""

import argparse
import json
import time
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from tests.providersim import bills
from tests.providersim.alipay import Alipay
from tests.providersim.book import SHANGHAI, Book, RefusedError
from tests.providersim.keys import Keys
from tests.providersim.reporting import Knobs, Reporter
from tests.providersim.wechat import WeChat, query_of


class Providers(ThreadingHTTPServer):
    """Both, with one reporter."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, keys: Keys):
        self.reporter = Reporter()
        self.books = {"wechatpay": Book("wechatpay", "42000"), "alipay": Book("alipay", "20261")}
        self.wechat = WeChat(keys, self.books["wechatpay"], self.reporter)
        self.alipay = Alipay(keys, self.books["alipay"], self.reporter)
        self.calls: list[str] = []
        super().__init__(("127.0.0.1", 0), Handler)
        self.wechat.origin = self.alipay.origin = f"http://127.0.0.1:{self.server_address[1]}"
        self.reporter.start()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Providers
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/control":
            self._answer(200, json.dumps(self._state(), default=str))
        elif path == "/sns/oauth2/access_token":
            self.server.calls.append("wechatpay:token")
            self._answer(200, json.dumps(self.server.wechat.token(query_of(self.path))))
        elif path == "/connect/oauth2/authorize":  # the buyer's browser inside WeChat
            asked = query_of(self.path)
            back = f"{asked['redirect_uri'][0]}?{urlencode({'code': 'good1', 'state': asked['state'][0]})}"
            self._answer(302, "", {"Location": back})
        elif path == "/gateway.do":  # the buyer's browser
            self.server.alipay.visit(urlsplit(self.path).query)
            self._answer(200, "{}")
        elif path == "/v3/billdownload/file":
            self._file(self.server.wechat.download(self.path, self.headers))
        elif path == "/downloadBillFile.resource":
            day = date.fromisoformat(query_of(self.path)["day"][0])
            self._file(self.server.alipay.download(day))
        else:
            self._wechat("GET", "")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        path = urlsplit(self.path).path
        if path.startswith("/control/"):
            self._control(path.removeprefix("/control/"), json.loads(body or "{}"))
        elif self._is_lost(body):
            self.close_connection = True
        elif path == "/gateway.do":
            name, said = self.server.alipay.answer(body)
            self._finish("alipay", name, 200, said, {"Content-Type": "text/html;charset=utf-8"})
        else:
            self._wechat("POST", body)

    def _is_lost(self, body: str) -> bool:
        """A call in `lose` never arrives, once a name: the line went dead on the way here."""
        lose = self.server.reporter.knobs.lose
        is_transfer = "fund.trans.uni.transfer" in body or self.path.endswith("/transfer-bills")
        if is_transfer and "transfer" in lose:
            lose.remove("transfer")
            return True
        return False

    def log_message(self, *arguments) -> None:
        """Say nothing."""

    def _wechat(self, method: str, body: str) -> None:
        name, status, said, headers = self.server.wechat.answer(method, self.path, self.headers, body)
        self._finish("wechatpay", name, status, said, headers)

    def _finish(self, provider: str, name: str, status: int, body: str, headers: dict[str, str]) -> None:
        self.server.calls.append(f"{provider}:{name}")
        hang_up = self.server.reporter.knobs.hang_up
        time.sleep(self.server.reporter.knobs.slow)
        if name in hang_up:
            hang_up.remove(name)
            self.close_connection = True
            return
        self._answer(status, body, headers)

    def _control(self, name: str, wish: dict) -> None:
        server = self.server
        provider = {"wechatpay": server.wechat, "alipay": server.alipay}.get(wish.pop("provider", ""))
        try:
            if name == "knobs":
                server.reporter.knobs = Knobs(**wish)
            elif name == "forget":
                server.reporter.forget()
                server.wechat.bill_wish = server.alipay.bill_wish = bills.Wish()
                server.calls.clear()
                server.alipay.app_gateway = ""
                for book in server.books.values():
                    book.effects.clear()
                    book.refund_state, book.since = "SUCCESS", datetime.now(SHANGHAI)
                    book.transfer_state = "SUCCESS"
                    book.transfers.clear()
            elif name == "pay":
                provider.pay(wish["reference"])
            elif name == "pay_all":
                self._answer(200, json.dumps(self._pay_all(wish["payments"])))
                return
            elif name == "bill":
                provider.bill_wish = bills.Wish(**wish)
            elif name == "state":
                provider.book.change(wish["reference"], state=wish["state"])
            elif name == "refund_state":
                provider.book.refund_state = wish["state"]
            elif name == "settle_refund":
                provider.settle_refund(wish["reference"], wish["state"])
            elif name == "transfer_state":
                provider.book.transfer_state = wish["state"]
            elif name == "settle_transfer":
                provider.settle_transfer(wish["reference"], wish["state"], wish.get("reason", ""))
            elif name == "app_gateway":
                server.alipay.app_gateway = wish["url"]
            elif name == "release":
                server.reporter.release(is_reversed=wish.get("is_reversed", False))
        except RefusedError as refusal:
            self._answer(409, json.dumps({"code": refusal.code}))
            return
        self._answer(200, "{}")

    def _pay_all(self, payments: list[dict]) -> list[dict]:
        """Money comes in for each, of another amount if so wished; return the callbacks, unsent."""
        server = self.server
        knobs, held = server.reporter.knobs, server.reporter.held
        server.reporter.knobs, server.reporter.held = Knobs(hold=True), []
        for wish in payments:
            provider = {"wechatpay": server.wechat, "alipay": server.alipay}[wish["provider"]]
            if "fen" in wish:
                provider.book.change(wish["reference"], amount_fen=wish["fen"])
            provider.pay(wish["reference"])
        made = [event.make(server.reporter.knobs) for event in server.reporter.held]
        server.reporter.knobs, server.reporter.held = knobs, held
        return [{"body": body.decode(), "headers": headers} for body, headers in made]

    def _state(self) -> dict:
        server = self.server
        return {
            "calls": server.calls,
            "effects": {name: dict(book.effects) for name, book in server.books.items()},
            "payments": {name: book.payments for name, book in server.books.items()},
            "transfers": {name: book.transfers for name, book in server.books.items()},
            "answers": server.reporter.answers,
            "waiting": len(server.reporter.waiting),
            "held": len(server.reporter.held),
        }

    def _file(self, content: bytes | None) -> None:
        self.send_response(401 if content is None else 200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def _answer(self, status: int, body: str, headers: dict[str, str] | None = None) -> None:
        content = body.encode()
        self.send_response(status)
        for name, value in (headers or {"Content-Type": "application/json"}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    providers = Providers(Keys(parser.parse_args().data))
    print(f"listening on 127.0.0.1:{providers.server_address[1]}", flush=True)
    providers.serve_forever()
