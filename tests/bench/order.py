"""`script/bench order`: ordinary orders over many variants, beside the database's limit and a lean ORM.

Each buyer buys once, and nobody is refused: the limits of unpaid purchases and of orders a minute are on.
"""

import argparse
import os
import random
import tempfile
import time
from pathlib import Path

from django.db.models import Count, Sum

from accounts.models import User
from common.models import IdempotencyKey, OutboxMessage
from orders.models import CartLine, CommissionLine, Order, OrderGroup, OrderLine
from shops.models import StockReservation, Variant, VariantStock
from tests.bench import database
from tests.bench import deal_market as market
from tests.bench.printing import Figure, print_figures, print_load

OSCAR = 3.1  # speed.md: a guest's checkout in django-oscar on this machine, at best
LIMIT_CLIENTS = 16
REPEATED = 0.05
BASKET = 3


def main(arguments: list[str]) -> int:
    """Measure all of them in one run."""
    if market.INSIDE not in os.environ:
        return market.run_inside("order", arguments)
    parser = argparse.ArgumentParser(prog="script/bench order")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--buyers", type=int, default=36_000)
    asked = parser.parse_args(arguments)
    print_load()
    people = market.make_crowd(asked.buyers)
    session = market.make_show()
    variants = market.make_range(session, database.SPREAD)
    deal = market.make_hot_deal(session, 10, per_buyer=5)
    with tempfile.TemporaryDirectory() as folder:
        return _measure(asked, people, variants, deal, Path(folder))


def _measure(asked, people: list, variants: list[Variant], deal, folder: Path) -> int:
    chance = random.Random(4)
    door_people, basket_people, ordinary, orm_people = (
        people[: len(people) // 2],
        people[len(people) // 2 : len(people) * 3 // 4],
        people[len(people) * 3 // 4 : len(people) * 7 // 8],
        people[len(people) * 7 // 8 :],
    )
    options = {"clients": asked.clients, "seconds": asked.seconds, "folder": folder}
    single = [_at_the_door(one, chance.sample(variants, 1)) for one in door_people]
    baskets = [_at_the_door(one, chance.sample(variants, BASKET)) for one in basket_people]
    database.analyze()
    with market.serving(
        "asgi", "villagemarket.asgi:application", "--workers=1", "--backpressure=20000"
    ) as port:
        market.shoot(port, single[:2000], **options)
        door = _shoot(port, _with_repetitions(single[2000:], chance), options)
        basket = _shoot(port, baskets, options)
    server = ("--workers=2", "--blocking-threads=6")
    few = options | {"clients": 16}
    half = len(ordinary) // 2
    alone = [_ordinary(*one, chance.choice(variants)) for one in ordinary[:half]]
    with_cart = [request for one in ordinary[half:] for request in _with_cart(one, chance.choice(variants))]
    with market.serving("wsgi", "villagemarket.wsgi:application", *server) as port:
        market.shoot(port, alone[:300], **few)
        slow = _shoot(port, alone[300:], few)
        both = _shoot(port, with_cart, few)
    orm_requests = [_ordinary(*one, chance.choice(variants)) for one in orm_people]
    with market.serving("wsgi", "tests.bench.orm_apps:row_lock", *server) as port:
        market.shoot(port, orm_requests[:300], **few)
        orm = _shoot(port, orm_requests[300:], few)
    uneven = _uneven()
    people_of_limit = market.make_crowd(10_000, prefix="138")
    database.prepare(deal, people_of_limit, is_ordinary=True)
    limit = database.limit(
        folder, number=1, stock=database.SPREAD_STOCK, clients=LIMIT_CLIENTS, is_ordinary=True
    )
    print("door", door, "baskets", basket, "order", slow, "cart and order", both, "orm", orm, sep="\n")
    return print_figures(
        f"Orders over {len(variants)} variants, {asked.clients} clients, durable, the same rows in all",
        [
            Figure("limit: pgbench, one order per transaction, spread", limit, "orders/s"),
            Figure("fast door: placed through HTTP", door["placed"], "orders/s", 1000, False),
            Figure("fast door: of the limit", 100 * door["placed"] / limit, "%"),
            Figure("fast door: p50", door["p50"], "ms"),
            Figure("fast door: p99", door["p99"], "ms"),
            Figure("fast door: to oscar's checkout", door["placed"] / OSCAR, "×", 50, False),
            Figure(
                "fast door: repetitions answered with the first answer", door["statuses"].get("200", 0), ""
            ),
            Figure(f"fast door: baskets of {BASKET} lines", basket["placed"], "orders/s"),
            Figure(f"fast door: baskets of {BASKET} lines, p99", basket["p99"], "ms"),
            Figure("refused anywhere", sum(map(_refused, (door, basket, slow, both, orm))), "", 0),
            Figure("ordinary door, 16 clients: placed through HTTP", slow["placed"], "orders/s"),
            Figure("ordinary door, 16 clients: p99", slow["p99"], "ms"),
            Figure("ordinary door, cart and order: placed", both["placed"], "orders/s"),
            Figure("ordinary door, cart and order: carts filled", CartLine.objects.count(), ""),
            Figure("lean ORM row lock, 16 clients", orm["placed"], "orders/s"),
            Figure("lean ORM row lock, 16 clients: p99", orm["p99"], "ms"),
            Figure("fast door to lean ORM row lock", door["placed"] / orm["placed"], "×"),
            Figure("rows more or less than orders, units more or less than held", uneven, "", 0),
        ],
    )


def _uneven() -> int:
    """How far the rows of all orders are from one another, and the units from what was bought."""
    placed, lines = OrderGroup.objects.count(), OrderLine.objects.count()
    each = (Order, IdempotencyKey)
    told = OutboxMessage.objects.filter(task="orders.after_placed").count()
    held = VariantStock.objects.aggregate(n=Sum("reserved"))["n"]
    bought = OrderLine.objects.aggregate(n=Sum("quantity"))["n"]
    kept = StockReservation.objects.aggregate(n=Sum("quantity"))["n"]
    twice = OrderGroup.objects.values("buyer").annotate(n=Count("pk")).filter(n__gt=1).count()
    return (
        sum(abs(model.objects.count() - placed) for model in each)
        + abs(told - placed)
        + abs(CommissionLine.objects.count() - lines)
        + abs(held - bought)
        + abs(kept - bought)
        + twice
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


def _with_repetitions(requests: list[bytes], chance: random.Random) -> list[bytes]:
    """Some phones lost the answer and ask again with the same key."""
    sent = []
    for request in requests:
        sent.append(request)
        if chance.random() < REPEATED:
            sent.append(chance.choice(sent[-200:]))
    return sent


def _at_the_door(one: tuple[User, int], variants: list[Variant]) -> bytes:
    return market.order_request(*one, [(variant, 1) for variant in variants])


def _ordinary(person: User, address_id: int, variant: Variant) -> bytes:
    body = {"lines": [{"variant": variant.pk, "quantity": 1}], "address": address_id}
    return market.post("/api/v1/orders/", body, authorization=f"Bearer {market.token_of(person)}")


def _with_cart(one: tuple[User, int], variant: Variant) -> tuple[bytes, bytes]:
    body = {"variant": variant.pk, "quantity": 1}
    token = market.token_of(one[0])
    return market.post("/api/v1/cart/lines/", body, authorization=f"Bearer {token}"), _ordinary(*one, variant)
