"""The same purchases through the ordinary path and through a batch, and all that each of them writes."""

import re
import uuid
from types import SimpleNamespace

from django.apps import apps
from django.db import transaction

from accounts.selectors import mark_of
from common.clock import utc_now
from common.errors import MarketError
from orders.services.batching import Basket, Wish, place_baskets, place_batch
from orders.services.placing import place_order
from orders.services.pricing import WantedLine
from tests.factories.accounts import make_sign_in
from tests.factories.orders import make_address

OWN_APPS = {
    "common", "accounts", "shops", "livestreams", "orders", "payments", "payouts", "ledger", "uploads",
    "notifications",
}  # fmt: skip


def wish(buyer, deal, quantity=1, **more) -> Wish:
    fields = {
        "buyer_id": buyer.pk,
        "mark": mark_of(buyer.password),
        "sign_in": (buyer.api_tokens.values_list("digest", flat=True).first() or make_sign_in(buyer)),
        "key": uuid.uuid4(),
        "deal_id": deal.pk,
        "variant_id": deal.rundown_item.variant_id,
        "quantity": quantity,
        "address_id": (buyer.addresses.first() or make_address(user=buyer)).pk,
    }
    return Wish(**fields | more)


def ordinary(wishes, now) -> list:
    """The same purchases, one after the other, through the ordinary path."""
    people = {person.pk: person for person in apps.get_model("accounts.User").objects.all()}
    outcomes = []
    for one in wishes:
        try:
            with transaction.atomic():
                outcomes.append(
                    place_order(
                        buyer=people[one.buyer_id], lines=one.lines, address_id=one.address_id,
                        idempotency_key=one.key, now=now, source=one.source, note=one.note, notes=one.notes,
                        coupon_id=one.coupon_id,
                    )
                )  # fmt: skip
        except MarketError as refusal:
            outcomes.append((refusal.status, refusal.code))
    return outcomes


def basket(buyer, wanted, *, variants=None, **more) -> Basket:
    """Some units each of these variants; `variants` names others in their place."""
    lines = [
        WantedLine((variants or {}).get(variant.pk, variant.pk), quantity) for variant, quantity in wanted
    ]
    fields = {
        "buyer_id": buyer.pk,
        "mark": mark_of(buyer.password),
        "sign_in": (buyer.api_tokens.values_list("digest", flat=True).first() or make_sign_in(buyer)),
        "key": uuid.uuid4(),
        "lines": lines,
        "address_id": (buyer.addresses.first() or make_address(user=buyer)).pk,
    }
    return Basket(**fields | more)


def batched(wishes, now) -> list:
    return _told(place_batch(deal_id=wishes[0].deal_id, wishes=wishes, now=now))


def at_once(baskets, now) -> list:
    return _told(place_baskets(baskets=baskets, now=now))


def _told(outcomes) -> list:
    return [
        (one.error.status, one.error.code) if one.error else (one.answer, one.replayed) for one in outcomes
    ]


def tables() -> dict[str, dict]:
    """Every row of every table of ours, by its key."""
    found = {}
    for model in apps.get_models():
        if model._meta.app_label in OWN_APPS:
            names = [field.attname for field in model._meta.concrete_fields]
            found[model._meta.db_table] = {row["pk"]: row for row in model.objects.values("pk", *names)}
    return found


def written_by(path, wishes, now) -> SimpleNamespace:
    """What a path answers and which rows it makes or changes; then as if it had never been."""
    before = tables()
    with transaction.atomic():
        outcomes = path(wishes, now)
        after = tables()
        transaction.set_rollback(True)
    changed = {
        table: [row for pk, row in sorted(rows.items()) if before[table].get(pk) != row]
        for table, rows in after.items()
    }
    gone = {table: set(before[table]) - set(rows) for table, rows in after.items()}
    assert not any(gone.values())
    return SimpleNamespace(outcomes=outcomes, changed={t: rows for t, rows in changed.items() if rows})


def comparable(written: SimpleNamespace) -> tuple[list, dict]:
    """Numbers that a sequence or chance gave become names; the wall clock becomes a span."""
    names = {}
    for table, prefix in (
        ("orders_ordergroup", "group"), ("orders_order", "order"), ("orders_orderline", "line"),
        ("shops_stockreservation", "held"),
    ):  # fmt: skip
        for rank, row in enumerate(written.changed.get(table, [])):
            names[prefix, row["id"]] = f"{prefix}{rank}"
    numbers = {row["number"]: f"number{i}" for i, row in enumerate(written.changed.get("orders_order", []))}
    assert all(re.fullmatch(r"\d{16}", number) for number in numbers)

    def answer(one):
        orders = [{**order, "number": numbers.get(order["number"], "earlier")} for order in one["orders"]]
        return {**one, "group": names.get(("group", one["group"]), "earlier"), "orders": orders}

    def row(table, one):
        one = {name: value for name, value in one.items() if name != "pk"}
        if table == "orders_ordergroup":
            one["id"] = names["group", one["id"]]
        elif table == "orders_order":
            one |= {"id": names["order", one["id"]], "group_id": names["group", one["group_id"]],
                    "number": numbers[one["number"]]}  # fmt: skip
        elif table == "orders_orderline":
            one |= {"id": names["line", one["id"]], "order_id": names["order", one["order_id"]],
                    "reservation_id": names["held", one["reservation_id"]]}  # fmt: skip
        elif table == "orders_commissionline":
            one |= {"id": None, "order_line_id": names["line", one["order_line_id"]]}
        elif table == "shops_stockreservation":
            line_id = int(one["reference"].removeprefix("order_line:"))
            one |= {"id": names["held", one["id"]], "reference": names["line", line_id]}
        elif table == "common_outboxmessage":
            one |= {"id": None, "kwargs": {"order_id": names["order", one["kwargs"]["order_id"]]},
                    "due_at": one["due_at"] - one["created_at"], "created_at": None}  # fmt: skip
        elif table == "common_idempotencykey":
            one |= {"id": None, "answer": answer(one["answer"])}
        return one

    def commission_order(table, rows):
        # The ordinary path writes both shares of a line before the next line.
        by = (lambda one: (one["order_line_id"], one["kind"])) if table == "orders_commissionline" else None
        return sorted(rows, key=by) if by else rows

    outcomes = [
        (answer(first), second) if isinstance(first, dict) else (first, second)
        for first, second in written.outcomes
    ]
    return outcomes, {
        table: commission_order(table, [row(table, one) for one in rows])
        for table, rows in written.changed.items()
    }


def assert_equal_paths(wishes, *, fast=batched) -> list:
    """Let both paths run, compare all that they answer and write, return the answers."""
    now = utc_now()
    by_one = written_by(ordinary, wishes, now)
    together = written_by(fast, wishes, now)
    expected, got = comparable(by_one), comparable(together)
    assert got[0] == expected[0]
    assert got[1] == expected[1]
    return got[0]


def kinds(outcomes) -> list:
    return ["replayed" if two is True else "placed" if two is False else two for _, two in outcomes]
