"""The provider's book: payments, refunds, events to report. One SQLite file, one writer at a time."""

import hmac
import json
import secrets
import sqlite3
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SCHEMA = """
CREATE TABLE IF NOT EXISTS payment (
    id TEXT PRIMARY KEY, merchant TEXT NOT NULL, app TEXT NOT NULL, reference TEXT NOT NULL,
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0), currency TEXT NOT NULL, subject TEXT NOT NULL,
    return_url TEXT NOT NULL, notify_url TEXT NOT NULL, expires_at REAL NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending', form_token TEXT NOT NULL DEFAULT '', paid_at REAL,
    UNIQUE (merchant, reference)
);
CREATE TABLE IF NOT EXISTS refund (
    id TEXT PRIMARY KEY, payment TEXT NOT NULL REFERENCES payment, merchant TEXT NOT NULL,
    reference TEXT NOT NULL, amount_fen INTEGER NOT NULL CHECK (amount_fen > 0), reason TEXT NOT NULL,
    UNIQUE (merchant, reference)
);
CREATE TABLE IF NOT EXISTS event (
    id TEXT PRIMARY KEY, payment TEXT NOT NULL REFERENCES payment, body TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, due_at REAL NOT NULL, delivered_at REAL
);
"""
LARGEST_FEN = 10**11


class RefusedError(Exception):
    """A request we do not carry out: an HTTP status and a code."""

    def __init__(self, status: int, code: str):
        self.status, self.code = status, code
        super().__init__(code)


class Book:
    """Every public method is one transaction."""

    def __init__(self, path: Path):
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON;" + SCHEMA)

    @contextmanager
    def _writing(self):
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def create(self, merchant: str, wish: dict[str, Any]) -> sqlite3.Row:
        """Open a payment; the same reference with the same contents returns the first one."""
        row = _checked_wish(wish)
        with self._writing() as db:
            db.execute(
                "INSERT OR IGNORE INTO payment (id, merchant, app, reference, amount_fen, currency, subject,"
                " return_url, notify_url, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                ("pay_" + secrets.token_urlsafe(18), merchant, *row),
            )
            made = self._by_reference(db, merchant, wish["reference"])
            if (made["amount_fen"], made["currency"]) != (wish["amount_fen"], wish["currency"]):
                raise RefusedError(409, "reference_taken")
            return made

    def remember(self, merchant: str, payment: dict[str, Any]) -> None:
        """Take down a payment of a time when we did not run yet, as paid, with its refunds; once.

        `payment` holds provider_reference, reference, amount_fen, app, paid_at (ISO) and refunds, each with
        provider_reference, reference, amount_fen, reason. Nothing is reported to anybody.
        """
        paid_at = datetime.fromisoformat(payment["paid_at"]).timestamp()
        number = payment["provider_reference"]
        with self._writing() as db:
            db.execute(
                "INSERT OR IGNORE INTO payment (id, merchant, app, reference, amount_fen, currency, subject,"
                " return_url, notify_url, expires_at, status, paid_at)"
                " VALUES (?, ?, ?, ?, ?, 'CNY', '', '', '', ?, 'paid', ?)",
                (
                    number, merchant, payment["app"], payment["reference"], payment["amount_fen"],
                    paid_at, paid_at,
                ),
            )  # fmt: skip
            db.executemany(
                "INSERT OR IGNORE INTO refund (id, payment, merchant, reference, amount_fen, reason)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (
                        refund["provider_reference"], number, merchant, refund["reference"],
                        refund["amount_fen"], refund["reason"],
                    )
                    for refund in payment["refunds"]
                ],
            )  # fmt: skip

    def query(self, merchant: str, reference: str) -> sqlite3.Row:
        """Return a payment of a merchant; an expired one is closed by looking."""
        with self._writing() as db:
            return self._expire(db, self._by_reference(db, merchant, reference))

    def close(self, merchant: str, reference: str) -> sqlite3.Row:
        """Take no more money for a payment; what is paid stays paid."""
        with self._writing() as db:
            payment = self._by_reference(db, merchant, reference)
            db.execute("UPDATE payment SET status='closed' WHERE id=? AND status='pending'", (payment["id"],))
            return self._by_id(db, payment["id"])

    def refund(self, merchant: str, reference: str, wish: dict[str, Any]) -> sqlite3.Row:
        """Send money back, once per refund reference, never more than was paid."""
        amount, name = wish.get("amount_fen"), wish.get("reference")
        if type(amount) is not int or not 0 < amount <= LARGEST_FEN or not _is_name(name):
            raise RefusedError(400, "invalid")
        with self._writing() as db:
            payment = self._by_reference(db, merchant, reference)
            made = db.execute(
                "SELECT * FROM refund WHERE merchant=? AND reference=?", (merchant, name)
            ).fetchone()
            if made is None:
                if payment["status"] != "paid":
                    raise RefusedError(409, "not_paid")
                sent = db.execute(
                    "SELECT coalesce(sum(amount_fen), 0) FROM refund WHERE payment=?", (payment["id"],)
                ).fetchone()[0]
                if sent + amount > payment["amount_fen"]:
                    raise RefusedError(409, "more_than_paid")
                db.execute(
                    "INSERT INTO refund (id, payment, merchant, reference, amount_fen, reason)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        "ref_" + secrets.token_urlsafe(18), payment["id"], merchant, name, amount,
                        str(wish.get("reason", ""))[:100],
                    ),
                )  # fmt: skip
            elif (made["amount_fen"], made["payment"]) != (amount, payment["id"]):
                raise RefusedError(409, "reference_taken")
            return db.execute(
                "SELECT * FROM refund WHERE merchant=? AND reference=?", (merchant, name)
            ).fetchone()

    def show(self, payment_id: str) -> sqlite3.Row:
        """Return a payment for its pay page, with a fresh token for its form."""
        with self._writing() as db:
            payment = self._expire(db, self._by_id(db, payment_id))
            db.execute(
                "UPDATE payment SET form_token=? WHERE id=?", (secrets.token_urlsafe(18), payment["id"])
            )
            return self._by_id(db, payment["id"])

    def decide(self, payment_id: str, token: str, status: str) -> sqlite3.Row:
        """Carry out the buyer's tap, once: the token of the page is used up; status "paid" or "failed"."""
        with self._writing() as db:
            payment = self._expire(db, self._by_id(db, payment_id))
            shown = payment["form_token"].encode()
            if not shown or not hmac.compare_digest(shown, token.encode("utf-8", "replace")):
                raise RefusedError(403, "old_page")
            db.execute("UPDATE payment SET form_token='' WHERE id=?", (payment_id,))
            if payment["status"] == "pending":
                self._settle(db, payment_id, status)
            return self._by_id(db, payment_id)

    def force_paid(self, reference: str) -> sqlite3.Row:
        """For tests: money comes in whatever the state, as it does with real providers now and then."""
        with self._writing() as db:
            found = db.execute("SELECT id FROM payment WHERE reference=?", (reference,)).fetchone()
            if found is None:
                raise RefusedError(404, "not_found")
            self._settle(db, found["id"], "paid")
            return self._by_id(db, found["id"])

    def due_events(self, limit: int = 20) -> list[sqlite3.Row]:
        """Return events to report now."""
        with self._lock:
            return self._db.execute(
                "SELECT event.*, payment.notify_url FROM event JOIN payment ON payment.id = event.payment"
                " WHERE delivered_at IS NULL AND due_at <= ? ORDER BY due_at LIMIT ?",
                (time.time(), limit),
            ).fetchall()

    def note_attempt(self, event_id: str, *, delivered: bool, next_in: float) -> None:
        """Keep how a report went."""
        with self._writing() as db:
            now = time.time()
            db.execute(
                "UPDATE event SET attempts=attempts+1, due_at=?, delivered_at=? WHERE id=?",
                (now + next_in, now if delivered else None, event_id),
            )

    def counts(self) -> dict[str, int]:
        """For tests: how many refunds were sent, events are open and were delivered."""
        with self._lock:
            one = lambda sql: self._db.execute(sql).fetchone()[0]  # noqa: E731
            return {
                "refunds": one("SELECT count(*) FROM refund"),
                "refunded_fen": one("SELECT coalesce(sum(amount_fen), 0) FROM refund"),
                "open_events": one("SELECT count(*) FROM event WHERE delivered_at IS NULL"),
                "delivered_events": one("SELECT count(*) FROM event WHERE delivered_at IS NOT NULL"),
                "attempts": one("SELECT coalesce(sum(attempts), 0) FROM event"),
            }

    def _settle(self, db: sqlite3.Connection, payment_id: str, status: str) -> None:
        now = time.time()
        db.execute(
            "UPDATE payment SET status=?, paid_at=? WHERE id=?",
            (status, now if status == "paid" else None, payment_id),
        )
        event_id = "evt_" + secrets.token_urlsafe(18)
        body = json.dumps({"event_id": event_id} | facts(self._by_id(db, payment_id)))
        db.execute(
            "INSERT INTO event (id, payment, body, due_at) VALUES (?, ?, ?, ?)",
            (event_id, payment_id, body, now),
        )

    def _expire(self, db: sqlite3.Connection, payment: sqlite3.Row) -> sqlite3.Row:
        if payment["status"] != "pending" or payment["expires_at"] > time.time():
            return payment
        db.execute("UPDATE payment SET status='closed' WHERE id=?", (payment["id"],))
        return self._by_id(db, payment["id"])

    def _by_reference(self, db: sqlite3.Connection, merchant: str, reference: str) -> sqlite3.Row:
        found = db.execute(
            "SELECT * FROM payment WHERE merchant=? AND reference=?", (merchant, reference)
        ).fetchone()
        if found is None:
            raise RefusedError(404, "not_found")
        return found

    def _by_id(self, db: sqlite3.Connection, payment_id: str) -> sqlite3.Row:
        found = db.execute("SELECT * FROM payment WHERE id=?", (payment_id,)).fetchone()
        if found is None:
            raise RefusedError(404, "not_found")
        return found


def facts(payment: sqlite3.Row) -> dict[str, Any]:
    """Return what a merchant may know about a payment."""
    return {
        "merchant": payment["merchant"],
        "app": payment["app"],
        "reference": payment["reference"],
        "provider_reference": payment["id"],
        "status": payment["status"],
        "amount_fen": payment["amount_fen"],
        "currency": payment["currency"],
    }


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 64 and value.isascii() and value.isalnum()


def _checked_wish(wish: dict[str, Any]) -> tuple:
    amount = wish.get("amount_fen")
    urls = [wish.get("return_url"), wish.get("notify_url")]
    good_urls = all(isinstance(url, str) and urlsplit(url).scheme in ("http", "https") for url in urls)
    good_amount = type(amount) is int and 0 < amount <= LARGEST_FEN
    if (
        not good_amount
        or not good_urls
        or not _is_name(wish.get("reference"))
        or wish.get("currency") != "CNY"
    ):
        raise RefusedError(400, "invalid")
    try:
        expires_at = datetime.fromisoformat(str(wish.get("expires_at"))).astimezone(UTC).timestamp()
    except ValueError as error:
        raise RefusedError(400, "invalid") from error
    return (
        str(wish.get("app", ""))[:40], wish["reference"], amount, "CNY", str(wish.get("subject", ""))[:120],
        *urls, expires_at,
    )  # fmt: skip
