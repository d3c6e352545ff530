"""The HTTP server: signed calls of the merchant, the buyer's pay page, and knobs for tests."""

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sandboxgateway.book import Book, RefusedError, facts
from sandboxgateway.callbacks import Mischief, Reporter
from sandboxgateway.pages import language_of, pay_page, refused_page
from sandboxgateway.signing import is_signed, sign

BODY_MAX_BYTES = 64 * 1024
ONE_PAYMENT = re.compile(r"/v1/payments/(?P<reference>[A-Za-z0-9]{1,64})/(?P<verb>query|close|refunds)")
PAY_PAGE = re.compile(r"/(?P<payment>pay_[A-Za-z0-9_-]{10,40})")


class Provider(ThreadingHTTPServer):
    """One provider with one merchant."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        *,
        book: Book,
        key: Ed25519PrivateKey,
        merchant: str,
        merchant_key: Ed25519PublicKey,
        prefix: str,
        with_control: bool,
    ):
        self.book, self.key, self.merchant, self.merchant_key = book, key, merchant, merchant_key
        self.prefix, self.with_control = prefix, with_control
        self.reporter = Reporter(book, key)
        super().__init__(address, Handler)
        self.reporter.start()

    def server_close(self) -> None:
        """Stop reporting, too."""
        self.reporter.stop()
        super().server_close()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Provider
    protocol_version = "HTTP/1.1"
    server_version = "SandboxPay/1"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        """Show a pay page."""
        page = PAY_PAGE.fullmatch(self._path())
        if self._path() == "/healthz":
            self._answer_json(200, {"status": "ok"})
        elif self.server.with_control and self._path() == "/control":
            self._answer_json(200, self.server.book.counts())
        elif page is None:
            self._refuse_page("not_found", 404)
        else:
            try:
                payment = self.server.book.show(page["payment"])
            except RefusedError as refusal:
                self._refuse_page(refusal.code, refusal.status)
                return
            self._answer_page(200, *pay_page(payment, self._language(), self.server.prefix))

    def do_POST(self) -> None:
        """Take a buyer's decision, a merchant's call, or a test's wish."""
        body = self._body()
        if body is None:
            return
        path = self._path()
        page = PAY_PAGE.fullmatch(path)
        if page is not None:
            self._decide(page["payment"], body)
        elif self.server.with_control and path.startswith("/control"):
            self._control(path, json.loads(body))
        else:
            self._merchant_call(path, body)

    def log_message(self, *arguments: Any) -> None:
        """Keep references and addresses out of the log."""

    def _path(self) -> str:
        path = urlsplit(self.path).path
        return path.removeprefix(self.server.prefix) if path.startswith(self.server.prefix + "/") else path

    def _language(self) -> str:
        return language_of(self.headers.get("Accept-Language", ""))

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or int(length[:12]) > BODY_MAX_BYTES:
            self.close_connection = True
            self._answer_json(413, {"code": "too_large"})
            return None
        return self.rfile.read(int(length))

    def _decide(self, payment_id: str, body: bytes) -> None:
        try:
            fields = parse_qs(body.decode("ascii", "replace"), max_num_fields=10)
        except ValueError:  # more fields than the page has
            fields = {}
        token, decision = fields.get("token", [""])[0], fields.get("decision", [""])[0]
        status = {"pay": "paid", "decline": "failed"}.get(decision)
        try:
            if status is None:
                raise RefusedError(403, "old_page")
            payment = self.server.book.decide(payment_id, token, status)
        except RefusedError as refusal:
            self._refuse_page(refusal.code, refusal.status)
            return
        self._answer(303, b"", {"Location": payment["return_url"], "Cache-Control": "no-store"})

    def _merchant_call(self, path: str, body: bytes) -> None:
        merchant = self.headers.get("X-Sandbox-Merchant", "")
        if merchant != self.server.merchant or not is_signed(
            self.server.merchant_key, path=path, headers=self.headers, body=body
        ):
            self._answer_signed(401, {"code": "bad_signature"})
            return
        try:
            content = json.loads(body)
            if not isinstance(content, dict) or content.get("merchant") != merchant:
                raise RefusedError(400, "invalid")
            self._answer_signed(200, self._carry_out(path, merchant, content))
        except ValueError:
            self._answer_signed(400, {"code": "invalid"})
        except RefusedError as refusal:
            self._answer_signed(refusal.status, {"code": refusal.code})

    def _carry_out(self, path: str, merchant: str, content: dict[str, Any]) -> dict[str, Any]:
        book = self.server.book
        if path == "/v1/payments":
            payment = book.create(merchant, content)
            return facts(payment) | {"pay_url": f"{self.server.prefix}/{payment['id']}"}
        one = ONE_PAYMENT.fullmatch(path)
        if one is None:
            raise RefusedError(404, "unknown_call")
        if one["verb"] == "refunds":
            refund = book.refund(merchant, one["reference"], content)
            return {
                "reference": refund["reference"],
                "provider_reference": refund["id"],
                "status": "refunded",
                "amount_fen": refund["amount_fen"],
            }
        call = book.query if one["verb"] == "query" else book.close
        return facts(call(merchant, one["reference"]))

    def _control(self, path: str, content: dict[str, Any]) -> None:
        try:
            if path == "/control/pay":
                self._answer_json(200, facts(self.server.book.force_paid(content["reference"])))
                return
        except RefusedError as refusal:
            self._answer_json(refusal.status, {"code": refusal.code})
            return
        self.server.reporter.mischief = Mischief(**content)
        self._answer_json(200, {})

    def _refuse_page(self, code: str, status: int) -> None:
        self._answer_page(status, *refused_page(code, self._language(), urlsplit(self.path).path))

    def _answer_page(self, status: int, html: str, headers: dict[str, str]) -> None:
        self._answer(status, html.encode(), headers)

    def _answer_json(self, status: int, content: dict[str, Any]) -> None:
        self._answer(status, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _answer_signed(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        nonce = self.headers.get("X-Sandbox-Nonce", "")[:64]
        signed = sign(self.server.key, body, nonce)
        self._answer(status, body, {"Content-Type": "application/json"} | signed)

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
