"""`script/bench deal`: one hot variant, 64 clients, through the door, beside the limit and an ORM."""

import argparse
import os
import random
import tempfile
from pathlib import Path

from livestreams.models import FlashDeal
from shops.models import DealStock
from tests.bench import database
from tests.bench import deal_market as market
from tests.bench.printing import Figure, print_figures, print_load

BATCH = 200
PEOPLE_OF_LIMIT = 10_000
REPEATED = 0.05


def main(arguments: list[str]) -> int:
    """Measure all of them in one run."""
    if market.INSIDE not in os.environ:
        return market.run_inside("deal", arguments)
    parser = argparse.ArgumentParser(prog="script/bench deal")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--buyers", type=int, default=20_000)
    asked = parser.parse_args(arguments)
    print_load()
    people = market.make_crowd(asked.buyers)
    session = market.make_show()
    with tempfile.TemporaryDirectory() as folder:
        return _measure(asked, people, session, Path(folder))


def _measure(asked, people: list, session, folder: Path) -> int:
    hot = market.make_hot_deal(session, 1_000_000, per_buyer=5)
    limits = _limits(hot, market.make_crowd(PEOPLE_OF_LIMIT, prefix="138"), folder)
    door_deal = market.make_hot_deal(session, 1_000_000, per_buyer=5)
    database.analyze()
    options = {"clients": asked.clients, "seconds": asked.seconds, "folder": folder}
    with market.serving(
        "asgi", "villagemarket.asgi:application", "--workers=1", "--backpressure=20000"
    ) as port:
        warm = [market.deal_request(*one, door_deal) for one in people[:2000]]
        market.shoot(port, warm, **options)
        door = market.shoot(port, _with_repetitions(people[2000:], door_deal), **options)
    sold = DealStock.objects.get(pk=door_deal.stock_id)
    bought = door_deal.order_lines.count()
    orm_deal = market.make_hot_deal(session, 1_000_000, per_buyer=5)
    with market.serving(
        "wsgi", "tests.bench.orm_apps:row_lock", "--workers=2", "--blocking-threads=6"
    ) as port:
        orm = market.shoot(port, [market.deal_request(*one, orm_deal) for one in people[:8000]], **options)
    print("door", door, "orm", orm, sep="\n")
    if not orm["each_second"]:
        raise RuntimeError("the ORM's side placed nothing")
    return print_figures(
        f"A deal, one hot variant, {asked.clients} clients, durable, the same rows in all",
        [
            Figure("limit: pgbench, one order per transaction, spread", limits["one"], "orders/s"),
            Figure("limit: pgbench, 200 orders per transaction, hot", limits["many"], "orders/s"),
            Figure("door: placed through HTTP", door["each_second"], "orders/s"),
            Figure("door: of the limit of 200", 100 * door["each_second"] / limits["many"], "%", 30, False),
            Figure("door: p50", door["p50"], "ms"),
            Figure("door: p99", door["p99"], "ms", 50),
            Figure("door: refused", _refused(door), "", 0),
            Figure("door: repetitions answered with the first answer", door["statuses"].get("200", 0), ""),
            Figure("door: units held more or less than lines written", abs(sold.reserved - bought), "", 0),
            Figure("ORM row lock through HTTP", orm["each_second"], "orders/s"),
            Figure("ORM row lock: refused", _refused(orm), "", 0),
            Figure("ORM row lock: p99", orm["p99"], "ms"),
            Figure("door to ORM row lock", door["each_second"] / orm["each_second"], "×", 20, False),
        ],
    )  # fmt: skip


def _refused(met: dict) -> int:
    # Each buyer buys once: nobody has a reason to be refused.
    return sum(number for status, number in met["statuses"].items() if not status.startswith("2"))


def _with_repetitions(people: list, deal: FlashDeal) -> list[bytes]:
    """One order each; some phones lost the answer and ask again with the same key."""
    chance = random.Random(4)
    requests = []
    for one in people:
        requests.append(market.deal_request(*one, deal))
        if chance.random() < REPEATED:
            requests.append(chance.choice(requests[-200:]))
    return requests


def _limits(deal: FlashDeal, people: list, folder: Path) -> dict[str, float]:
    database.prepare(deal, people)
    one = database.limit(folder, number=1, stock=database.SPREAD_STOCK, clients=64)
    hot = [
        database.limit(folder, number=BATCH, stock=str(deal.stock_id), clients=clients)
        for clients in (1, 2, 4)
    ]
    return {"one": one, "many": max(hot)}
