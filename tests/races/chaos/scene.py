"""Inside the market: `build BUYERS FILE` makes goods and crowd, `audit` compares the books afterwards."""

# ruff: noqa: E402 (models can be imported once Django is set up)

import json
import os
import sys
import uuid
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "villagemarket.settings")
django.setup()

from django.db.models import Count, Sum

from accounts.selectors import token_digest
from common.clock import utc_now
from common.models import IdempotencyKey, OutboxMessage
from ledger.models import LedgerEntry, LedgerTransaction
from orders.models import Order, OrderLine
from orders.services.granting import grant_deal
from orders.services.placing import OPERATION
from orders.services.reconciling import find_stock_discrepancies
from payments.models import Payment, Refund
from shops.models import DealStock, VariantStock
from tests.bench.deal_market import make_crowd, make_goods, make_show, token_of
from tests.factories.livestreams import add_to_rundown, make_deal

UNITS, IN_DEAL = 100, 60


def build(buyers: int, file: Path) -> None:
    """100 units, 60 of them in a running deal; half of the crowd comes to each door."""
    session = make_show()
    variant = make_goods(session, "青稞米", UNITS)
    deal = make_deal(item=add_to_rundown(session=session, variant=variant), quantity=IN_DEAL, seconds=3600)
    people = make_crowd(buyers)
    now = utc_now()
    wishes = []
    for number, (person, address_id) in enumerate(people):
        token = token_of(person)
        line = {"variant": variant.pk, "quantity": 1}
        wish = {"key": str(uuid.uuid4()), "token": token, "grant": "", "path": ""}
        if number % 2:
            grant = grant_deal(
                buyer=person, deal_id=deal.pk, sign_in=token_digest(token), language="zh-hans", now=now
            )
            line["deal"] = deal.pk
            wish |= {"grant": grant.order_token, "path": grant.order_url}
        wishes.append(wish | {"body": {"lines": [line], "address": address_id}})
    file.write_text(json.dumps(wishes))


def audit() -> dict:
    """What the books say, as numbers that a test can expect."""
    stock, deal = VariantStock.objects.get(), DealStock.objects.get()
    sums = LedgerTransaction.objects.annotate(n=Sum("entries__amount_fen")).exclude(n=0)
    placed = IdempotencyKey.objects.filter(operation=OPERATION)
    return {
        "variant": [stock.available, stock.in_deals, stock.reserved, stock.sold],
        "deal": [deal.available, deal.reserved, deal.sold],
        "discrepancies": [f"{one.check} {one.counted} {one.expected}" for one in find_stock_discrepancies()],
        "orders": dict(Order.objects.values_list("status").annotate(n=Count("pk"))),
        "lines": OrderLine.objects.aggregate(n=Sum("quantity"))["n"],
        "buyers": Order.objects.values("group__buyer").distinct().count(),
        "keys": placed.count(),
        "groups_of_keys": len({answer["group"] for answer in placed.values_list("answer", flat=True)}),
        "payments": dict(Payment.objects.values_list("status").annotate(n=Count("pk"))),
        "refunds": Refund.objects.count(),
        "ledger_fen": LedgerEntry.objects.aggregate(n=Sum("amount_fen"))["n"],
        "unbalanced": sums.count(),
        "quarantined": list(
            OutboxMessage.objects.exclude(quarantined_at=None).values_list("task", "last_error")
        ),
    }


if __name__ == "__main__":
    if sys.argv[1] == "build":
        build(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        print(json.dumps(audit()))
