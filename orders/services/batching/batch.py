"""One transaction for many purchases of one deal: read all, decide in order, write all, take units last."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from common.clock import utc_now
from common.errors import InProgress, MarketError, NotFound
from common.models import IdempotencyKey, OutboxMessage
from common.outbox import HANDOVER_GRACE
from common.signing import BadToken
from livestreams.errors import DealClosed
from orders.errors import BuyerLimitReached, TooManyUnpaid
from orders.models import CommissionLine, Order, OrderGroup, OrderLine
from orders.services.batching import statements
from orders.services.batching.outcomes import PUT_OFF, Outcome, encode, in_turns, replay
from orders.services.batching.statements import array_of, columns_of
from orders.services.batching.terms import LOOK, Terms
from orders.services.batching.wishes import Wish
from orders.services.freighting import Sent, settled_freight
from orders.services.numbering import draw_numbers
from orders.services.paying import PAYABLE
from orders.services.placing import OPERATION
from orders.services.pricing import PricedLine
from orders.statuses import CommissionKind
from shops.errors import SoldOut
from shops.models import StockReservation

MOST = 200
PAYABLE_ARRAY = array_of(sorted(PAYABLE))


def place_batch(*, deal_id: int, wishes: Sequence[Wish], now: datetime) -> list[Outcome]:
    """Place as many of these purchases of one deal as there are units, each once per key, in their order.

    An outcome for every wish, in their order; one that fails takes no other with it. What is answered with
    success is committed.
    """
    # The row of stock is locked late and shortly; only near the end, when there is not enough for all, before
    # the decision who gets the rest.
    return in_turns(wishes, now, lambda attempt: _Batch(deal_id, wishes, now).place(is_locked=attempt > 0))


class _Batch:
    """The work of one transaction."""

    def __init__(self, deal_id: int, wishes: Sequence[Wish], now: datetime):
        self.deal_id = deal_id
        self.wishes = wishes
        self.now = now
        self.expires_at = now + timedelta(minutes=settings.RESERVATION_MINUTES)
        self.outcomes: list[Outcome] = [PUT_OFF] * len(wishes)
        self.expires = self.expires_at.isoformat().replace("+00:00", "Z")
        self.entries: list[tuple] = []
        self.places: list[int] = []
        self.numbers = iter(draw_numbers(now, len(wishes)))
        self.units = 0
        self.line: PricedLine | None = None
        self.freights: dict[tuple[int, str], int] = {}

    def place(self, *, is_locked: bool) -> list[Outcome]:
        self._decide(self._look(is_locked=is_locked))
        if self.entries:
            messages = statements.write(self.entries, self._made(), deal_id=self.deal_id, units=self.units)
            for i, message in zip(self.places, messages, strict=True):
                self.outcomes[i] = replace(self.outcomes[i], messages=(message,))
        return self.outcomes

    def _look(self, *, is_locked: bool) -> list[tuple[int, tuple]]:
        """Take the locks of key and buyer; return what those wishes find that have them, by their places."""
        buyers = array_of(wish.buyer_id for wish in self.wishes)
        keys = array_of(wish.key for wish in self.wishes)
        homes = array_of(wish.address_id for wish in self.wishes)
        sign_ins = array_of(wish.sign_in for wish in self.wishes)
        lock_stock = [(statements.LOCK_STOCK, [self.deal_id])] if is_locked else []
        _, locks, found, *_, look = statements.ask(
            (statements.BY_INDEX, []),
            (statements.LOCK, [OPERATION, buyers, keys]),
            (statements.READ, [buyers, keys, homes, OPERATION, PAYABLE_ARRAY, self.deal_id, sign_ins]),
            *lock_stock,
            (LOOK, [self.deal_id]),
            begins=True,
        )
        self.terms = Terms(self.deal_id, look)
        mine = []
        for i, (has_key, has_buyer) in enumerate(locks):
            if not has_key:
                self.outcomes[i] = Outcome(error=InProgress())
            elif has_buyer:
                mine.append((i, found[i]))
        return mine

    def _decide(self, found: list[tuple[int, tuple]]) -> None:
        unpaid: Counter[int] = Counter()
        bought: Counter[int] = Counter()
        placed: dict[tuple[int, Any], tuple[str, dict]] = {}
        for i, (body_hash, answer, mark, region_code, owed, had, *ids) in found:
            wish = self.wishes[i]
            if answer is None and (wish.buyer_id, wish.key) in placed:
                body_hash, answer = placed[wish.buyer_id, wish.key]
            try:
                if mark != wish.mark:
                    raise BadToken()
                if answer is not None:
                    self.outcomes[i] = replay(wish, body_hash, answer)
                    continue
                line, freight_fen = self._check(
                    wish,
                    region_code,
                    owed=owed + unpaid[wish.buyer_id],
                    had=had + bought[wish.buyer_id],
                )
            except MarketError as refusal:
                self.outcomes[i] = Outcome(error=refusal)
                continue
            answer, text = self._take_in(wish, line, freight_fen, ids)
            unpaid[wish.buyer_id] += 1
            bought[wish.buyer_id] += wish.quantity
            placed[wish.buyer_id, wish.key] = (wish.body_hash, answer)
            self.outcomes[i] = Outcome(answer, text=text)
            self.places.append(i)

    def _check(self, wish: Wish, region_code: str | None, *, owed: int, had: int) -> tuple[PricedLine, int]:
        """The refusals of placing.py, in its order; returns the line and its freight in fen."""
        if region_code is None:
            raise NotFound()
        line = self.terms.priced(wish)
        if owed >= settings.UNPAID_PURCHASES_MAX:
            raise TooManyUnpaid()
        if line.limit_per_buyer and had + wish.quantity > line.limit_per_buyer:
            raise BuyerLimitReached()
        freight_fen = self._freight(line, region_code)
        if not self.terms.is_on:
            raise DealClosed()
        if self.units + wish.quantity > self.terms.available:
            raise SoldOut()
        return line, freight_fen

    def _freight(self, line: PricedLine, region_code: str) -> int:
        name = (line.quantity, region_code)
        found = self.freights.get(name)
        if found is None:
            sent = [Sent(line.variant, line.quantity, line.total_fen)]
            freight = settled_freight(sent, region_code=region_code, terms=self.terms.freight(line.variant))
            self.freights[name] = found = freight[line.variant.product.shop_id]
        return found

    def _take_in(
        self, wish: Wish, line: PricedLine, freight_fen: int, ids: list[int]
    ) -> tuple[dict[str, Any], str]:
        number = next(self.numbers)
        total_fen = line.total_fen + freight_fen
        answer = {
            "group": ids[0],
            "orders": [
                {"number": number, "shop": line.variant.product.shop_id, "total_fen": total_fen},
            ],
            "total_fen": total_fen,
            "expires_at": self.expires,
        }
        text = encode(answer)
        host_fen = line.host_fen if line.source is not None and line.host_commission_bp else None
        # In the order of statements.ENTRY.
        self.entries.append(
            (
                *ids, number, wish.buyer_id, wish.address_id, wish.quantity, line.total_fen, freight_fen,
                total_fen, line.platform_fen, host_fen, wish.key, wish.body_hash, wish.note, text,
            )
        )  # fmt: skip
        self.units += wish.quantity
        self.line = line
        return answer, text

    def _made(self) -> str:
        """One row of each table as JSON, with all that these purchases have in common."""
        line, asked_at = self.line, utc_now()
        until = {"expires_at": self.expires_at, "created_at": self.now}
        times = {
            "purchase": until,
            "sale": {"placed_at": self.now},
            "held": until,
            "message": {"created_at": asked_at, "due_at": asked_at + HANDOVER_GRACE},
            "known": {"created_at": self.now},
        }
        kept = self.terms.kept("rows", lambda: _rows_of(line))
        # str() of a time keeps its microseconds, which Django's own encoder cuts.
        return json.dumps({name: row | times.get(name, {}) for name, row in kept.items()}, default=str)


def _rows_of(line: PricedLine) -> dict[str, dict[str, Any]]:
    """The columns of one row of each table, but for the times and what differs between purchases."""
    deal, source, product = line.deal, line.source, line.variant.product
    rows = {
        "purchase": OrderGroup(),
        "sale": Order(shop_id=product.shop_id),
        "line": OrderLine(
            variant_id=line.variant.pk,
            farmer_id=product.farmer_id,
            title=product.title,
            variant_name=line.variant.name,
            price_fen=line.price_fen,
            live_session_id=source.session.pk,
            pin_event_id=source.pin_event.pk if source.pin_event else None,
            flash_deal_id=deal.pk,
            term_sheet_id=line.term_sheet.pk if line.term_sheet else None,
        ),
        "platform": CommissionLine(kind=CommissionKind.PLATFORM, rate_bp=settings.PLATFORM_FEE_BP),
        "host": CommissionLine(
            kind=CommissionKind.HOST, host_id=source.host.pk, rate_bp=line.host_commission_bp
        ),
        "held": StockReservation(variant_id=line.variant.pk, deal_stock_id=deal.stock_id),
        "message": OutboxMessage(task="orders.after_placed"),
        "known": IdempotencyKey(operation=OPERATION),
    }
    return {name: columns_of(row) for name, row in rows.items()}
