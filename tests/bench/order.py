"""`script/bench order`: ordinary orders over many variants, beside the database's limit and a lean ORM."""

import argparse
import os
import tempfile
import time
from pathlib import Path

from django.db.models import Sum

from accounts.models import User
from orders.models import CartLine, OrderGroup
from shops.models import Variant, VariantStock
from tests.bench import database
from tests.bench import deal_market as market
from tests.bench.printing import Figure, print_figures, print_load

OSCAR = 3.1  # speed.md: a guest's checkout in django-oscar on this machine, at best
LIMIT_CLIENTS = 16


def main(arguments: list[str]) -> int:
    """Measure all of them in one run."""
    if market.INSIDE not in os.environ:
        return market.run_inside("order", arguments)
    parser = argparse.ArgumentParser(prog="script/bench order")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--buyers", type=int, default=12_000)
    asked = parser.parse_args(arguments)
    print_load()
    people = market.make_crowd(asked.buyers)
    session = market.make_show()
    variants = market.make_range(session, database.SPREAD)
    deal = market.make_hot_deal(session, 10, per_buyer=5)
    with tempfile.TemporaryDirectory() as folder:
        return _measure(asked, people, variants, deal, Path(folder))


def _measure(asked, people: list, variants: list[Variant], deal, folder: Path) -> int:
    # Each buyer buys once: nobody meets the limit of unpaid purchases.
    half = len(people) // 3
    orders = [_order(*one, variants[i % len(variants)]) for i, one in enumerate(people)]
    ours_alone, baseline, last = orders[:half], orders[half : 2 * half], people[2 * half :]
    with_cart = [
        request
        for i, one in enumerate(last)
        for request in (
            _cart(one[0], variants[i % len(variants)]),
            _order(*one, variants[i % len(variants)]),
        )
    ]
    options = {"clients": asked.clients, "seconds": asked.seconds, "folder": folder}
    database.analyze()
    server = ("--workers=2", "--blocking-threads=6")
    with market.serving("wsgi", "villagemarket.wsgi:application", *server) as port:
        market.shoot(port, ours_alone[:300], **options)
        ours = _shoot(port, ours_alone[300:], options)
        both = _shoot(port, with_cart, options)
    with market.serving("wsgi", "tests.bench.orm_apps:row_lock", *server) as port:
        market.shoot(port, baseline[:300], **options)
        orm = _shoot(port, baseline[300:], options)
    held = VariantStock.objects.aggregate(n=Sum("reserved"))["n"]
    placed = OrderGroup.objects.count()
    people_of_limit = market.make_crowd(len(people), prefix="138")
    database.prepare(deal, people_of_limit, is_ordinary=True)
    limit = database.limit(
        folder, number=1, stock=database.SPREAD_STOCK, clients=LIMIT_CLIENTS, is_ordinary=True
    )
    print("order", ours, "cart and order", both, "orm", orm, sep="\n")
    return print_figures(
        f"An ordinary order over {len(variants)} variants, {asked.clients} clients, durable, the same rows",
        [
            Figure("limit: pgbench, one order per transaction, spread", limit, "orders/s"),
            Figure("order: placed through HTTP", ours["placed"], "orders/s", 1000, False),
            Figure("order: of the limit", 100 * ours["placed"] / limit, "%"),
            Figure("order: p50", ours["p50"], "ms"),
            Figure("order: p99", ours["p99"], "ms"),
            Figure("order: to oscar's checkout", ours["placed"] / OSCAR, "×", 50, False),
            Figure("order: refused", _refused(ours) + _refused(both), "", 0),
            Figure("cart and order: placed through HTTP", both["placed"], "orders/s"),
            Figure("cart and order: carts filled", CartLine.objects.count(), ""),
            Figure("units held more or less than orders", abs(held - placed), "", 0),
            Figure("lean ORM row lock through HTTP", orm["placed"], "orders/s"),
            Figure("lean ORM row lock: p99", orm["p99"], "ms"),
            Figure("order to lean ORM row lock", ours["placed"] / orm["placed"], "×"),
        ],
    )


def _shoot(port: int, requests: list[bytes], options: dict) -> dict:
    """What the clients met, and how many orders a second are in the book."""
    before, began = OrderGroup.objects.count(), time.monotonic()
    met = market.shoot(port, requests, **options)
    if time.monotonic() - began > options["seconds"] * 3:
        raise RuntimeError("the clients did not stop")
    return met | {"placed": (OrderGroup.objects.count() - before) / met["seconds"]}


def _refused(met: dict) -> int:
    return sum(number for status, number in met["statuses"].items() if not status.startswith("2"))


def _order(person: User, address_id: int, variant: Variant) -> bytes:
    body = {"lines": [{"variant": variant.pk, "quantity": 1}], "address": address_id}
    return market.post("/api/v1/orders/", body, authorization=f"Bearer {market.token_of(person)}")


def _cart(person: User, variant: Variant) -> bytes:
    body = {"variant": variant.pk, "quantity": 1}
    return market.post("/api/v1/cart/lines/", body, authorization=f"Bearer {market.token_of(person)}")
