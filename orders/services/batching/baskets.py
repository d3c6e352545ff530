"""One transaction for many baskets: read all, decide in order, write all, take units last (as batch.py)."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings

from common.clock import utc_now
from common.errors import InProgress, MarketError, NotFound
from common.models import IdempotencyKey, OutboxMessage
from common.outbox import HANDOVER_GRACE
from common.signing import BadToken
from orders.errors import TooManyUnpaid
from orders.models import CommissionLine, Order, OrderGroup, OrderLine
from orders.selectors.collection import check_collection
from orders.services.batching import basket_statements as sql
from orders.services.batching import offers, statements
from orders.services.batching.batch import PAYABLE_ARRAY
from orders.services.batching.offers import Offer, Offers
from orders.services.batching.outcomes import PUT_OFF, Outcome, encode, in_turns, replay
from orders.services.batching.statements import array_of, columns_of
from orders.services.batching.wishes import Basket
from orders.services.freighting import Sent, settled_freight
from orders.services.numbering import draw_numbers
from orders.services.placing import OPERATION, words_said
from orders.services.pricing import words_to_shops
from orders.statuses import CommissionKind
from shops.errors import SoldOut
from shops.models import StockReservation


def place_baskets(*, baskets: Sequence[Basket], now: datetime) -> list[Outcome]:
    """Place as many of these purchases as there are units for, each once per key, in their order.

    Each basket is plain (wishes.Basket.is_plain) and has passed placing.check_lines. An outcome for every
    one, in their order; one that fails takes no other with it. What is answered with success is committed.
    """
    offers.forget()
    return in_turns(baskets, now, lambda attempt: _Baskets(baskets, now).place(is_locked=attempt > 0))


class _Baskets:
    """The work of one transaction."""

    def __init__(self, baskets: Sequence[Basket], now: datetime):
        self.baskets = baskets
        self.now = now
        self.expires_at = now + timedelta(minutes=settings.RESERVATION_MINUTES)
        self.expires = self.expires_at.isoformat().replace("+00:00", "Z")
        self.outcomes: list[Outcome] = [PUT_OFF] * len(baskets)
        self.purchases: list[tuple] = []
        self.sales: list[tuple] = []
        self.lines: list[tuple] = []
        # Which outcome has how many orders.
        self.placed: list[tuple[int, dict, str, int]] = []
        self.units: Counter[int] = Counter()

    def place(self, *, is_locked: bool) -> list[Outcome]:
        self._decide(self._look(is_locked=is_locked))
        if self.purchases:
            messages = iter(sql.write(self.purchases, self.sales, self.lines, self._made(), self.units))
            for i, answer, text, orders in self.placed:
                self.outcomes[i] = Outcome(answer, text=text, messages=tuple(islice(messages, orders)))
        return self.outcomes

    def _look(self, *, is_locked: bool) -> list[tuple[int, tuple]]:
        """Take the locks of key and buyer; return what those baskets find that have them, by their places."""
        baskets = self.baskets
        buyers = array_of(basket.buyer_id for basket in baskets)
        keys = array_of(basket.key for basket in baskets)
        homes = array_of(basket.address_id for basket in baskets)
        sign_ins = array_of(basket.sign_in for basket in baskets)
        variants = sorted({line.variant_id for basket in baskets for line in basket.lines})
        wanted = array_of(variants)
        most = sum(len(basket.lines) for basket in baskets)
        lock = [(sql.LOCK_FREE, [wanted])] if is_locked else []
        _, _, locks, found, *locked, drawn, look = statements.ask(
            (statements.BY_INDEX, []),
            (sql.SOON, []),
            (statements.LOCK, [OPERATION, buyers, keys]),
            (sql.READ, [buyers, keys, homes, OPERATION, PAYABLE_ARRAY, sign_ins]),
            *lock,
            (sql.DRAW, [most]),
            (offers.LOOK, [wanted]),
            begins=True,
        )
        self.offers = Offers(look)
        self.ids = iter(drawn)
        self.numbers = iter(draw_numbers(self.now, most))
        # A row that somebody else holds; of what was never counted there is none.
        held = set()
        if is_locked:
            held = {pk for pk, counted, _ in look if counted is not None} - {pk for (pk,) in locked[0]}
        mine = []
        for i, (has_key, has_buyer) in enumerate(locks):
            if not has_key:
                self.outcomes[i] = Outcome(error=InProgress())
            elif has_buyer and held.isdisjoint(line.variant_id for line in baskets[i].lines):
                mine.append((i, found[i]))
        self.offers.learn(line for i, _ in mine for line in baskets[i].lines)
        return mine

    def _decide(self, found: list[tuple[int, tuple]]) -> None:
        unpaid: Counter[int] = Counter()
        known: dict[tuple[int, Any], tuple[str, dict]] = {}
        for i, (body_hash, answer, mark, region_code, owed, purchase_id) in found:
            basket = self.baskets[i]
            name = (basket.buyer_id, basket.key)
            if answer is None and name in known:
                body_hash, answer = known[name]
            try:
                if mark != basket.mark:
                    raise BadToken()
                if answer is not None:
                    self.outcomes[i] = replay(basket, body_hash, answer)
                    continue
                wanted, words, freight = self._check(basket, region_code, owed=owed + unpaid[basket.buyer_id])
            except MarketError as refusal:
                self.outcomes[i] = Outcome(error=refusal)
                continue
            answer, text = self._take_in(basket, purchase_id, wanted, words, freight)
            unpaid[basket.buyer_id] += 1
            known[name] = (basket.body_hash, answer)
            self.placed.append((i, answer, text, len(answer["orders"])))
            self.outcomes[i] = Outcome(answer, text=text)

    def _check(
        self, basket: Basket, region_code: str | None, *, owed: int
    ) -> tuple[list[Offer], dict[int, str], dict[int, int]]:
        """The refusals of placing.py, in its order; returns the lines, the words and the freight by shop."""
        if region_code is None:
            raise NotFound()
        wanted = self.offers.of(basket.lines)
        check_collection(offer.line.variant.product.shop for offer in wanted)
        lines = [offer.line for offer in wanted]
        words = words_to_shops(lines, note=basket.note, notes=words_said(basket.notes))
        if owed >= settings.UNPAID_PURCHASES_MAX:
            raise TooManyUnpaid()
        freight = settled_freight(
            [Sent(line.variant, line.quantity, line.total_fen) for line in lines],
            region_code=region_code,
            terms={offer.line.variant.product_id: offer.freight for offer in wanted},
        )
        for line in lines:
            if self.units[line.variant.pk] + line.quantity > self.offers.free[line.variant.pk]:
                raise SoldOut()
        return wanted, words, freight

    def _take_in(
        self,
        basket: Basket,
        purchase_id: int,
        wanted: Sequence[Offer],
        words: dict[int, str],
        freight: dict[int, int],
    ) -> tuple[dict[str, Any], str]:
        by_shop: dict[int, list[Offer]] = {}
        for offer in wanted:
            by_shop.setdefault(offer.line.variant.product.shop_id, []).append(offer)
        orders = []
        for shop_id, own in sorted(by_shop.items()):
            ids = list(islice(self.ids, len(own)))
            sale_id, number = ids[0][0], next(self.numbers)
            goods_fen = sum(offer.line.total_fen for offer in own)
            total_fen = goods_fen + freight[shop_id]
            # In the order of sql.SALE, and sql.LINE below.
            self.sales.append(
                (
                    sale_id, purchase_id, number, shop_id, goods_fen, freight[shop_id], total_fen,
                    basket.address_id, words.get(shop_id, ""),
                )
            )  # fmt: skip
            for offer, (_, line_id, held_id) in zip(own, ids, strict=True):
                self._take_line(offer, sale_id, line_id, held_id)
            orders.append({"number": number, "shop": shop_id, "total_fen": total_fen})
        total_fen = sum(order["total_fen"] for order in orders)
        answer = {"group": purchase_id, "orders": orders, "total_fen": total_fen, "expires_at": self.expires}
        text = encode(answer)
        self.purchases.append((purchase_id, basket.buyer_id, total_fen, basket.key, basket.body_hash, text))
        return answer, text

    def _take_line(self, offer: Offer, sale_id: int, line_id: int, held_id: int) -> None:
        line = offer.line
        variant, product = line.variant, line.variant.product
        self.units[variant.pk] += line.quantity
        self.lines.append(
            (
                line_id, sale_id, held_id, variant.pk, product.farmer_id,
                line.term_sheet.pk if line.term_sheet else None, line.price_fen, line.quantity,
                line.total_fen, line.platform_fen, product.title, variant.name,
            )
        )  # fmt: skip

    def _made(self) -> str:
        """One row of each table as JSON, with all that these purchases have in common."""
        asked_at = utc_now()
        until = {"expires_at": self.expires_at, "created_at": self.now}
        rows = {
            "purchase": columns_of(OrderGroup()) | until,
            "sale": columns_of(Order()) | {"placed_at": self.now},
            "line": columns_of(OrderLine()),
            "share": columns_of(
                CommissionLine(kind=CommissionKind.PLATFORM, rate_bp=settings.PLATFORM_FEE_BP)
            ),
            "held": columns_of(StockReservation()) | until,
            "message": columns_of(OutboxMessage(task="orders.after_placed"))
            | {"created_at": asked_at, "due_at": asked_at + HANDOVER_GRACE},
            "known": columns_of(IdempotencyKey(operation=OPERATION)) | {"created_at": self.now},
        }
        # str() of a time keeps its microseconds, which Django's own encoder cuts.
        return json.dumps(rows, default=str)
