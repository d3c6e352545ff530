"""`script/bench deal`: one hot variant, 64 clients, through the door, beside the limit and an ORM."""

import argparse
import os
import random
import re
import subprocess
import tempfile
from pathlib import Path

from django.conf import settings
from django.db import connection

from common.clock import utc_now
from livestreams.models import FlashDeal
from orders.models import OrderGroup
from orders.services.batching import Wish
from orders.services.batching.batch import _Batch
from orders.services.batching.statements import WRITE, ask
from orders.services.batching.terms import LOOK, Terms
from shops.models import DealStock
from tests.bench import deal_market as market
from tests.bench.printing import Figure, print_figures

BATCH = 200
SPREAD = 1000
REPEATED = 0.05


def main(arguments: list[str]) -> int:
    """Measure all of them in one run."""
    if market.INSIDE not in os.environ:
        return market.run_inside("deal", arguments)
    parser = argparse.ArgumentParser(prog="script/bench deal")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--buyers", type=int, default=30_000)
    asked = parser.parse_args(arguments)
    people = market.make_crowd(asked.buyers)
    session = market.make_show()
    with tempfile.TemporaryDirectory() as folder:
        return _measure(asked, people, session, Path(folder))


def _measure(asked, people: list, session, folder: Path) -> int:
    hot = market.make_hot_deal(session, 1_000_000, per_buyer=5)
    limits = _limits(asked, hot, people, folder)
    door_deal = market.make_hot_deal(session, 1_000_000, per_buyer=5)
    _analyze()
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
        "wsgi", "tests.bench.deal_apps:row_lock", "--workers=2", "--blocking-threads=6"
    ) as port:
        orm = market.shoot(port, [market.deal_request(*one, orm_deal) for one in people[:8000]], **options)
    print("door", door, "orm", orm, sep="\n")
    return print_figures(
        f"A deal, one hot variant, {asked.clients} clients, durable, the same rows in all",
        [
            Figure("limit: pgbench, one order per transaction, spread", limits["one"], "orders/s"),
            Figure("limit: pgbench, 200 orders per transaction, hot", limits["many"], "orders/s"),
            Figure("door: placed through HTTP", door["each_second"], "orders/s"),
            Figure("door: of the limit of 200", 100 * door["each_second"] / limits["many"], "%", 30, False),
            Figure("door: p50", door["p50"], "ms"),
            Figure("door: p99", door["p99"], "ms", 50),
            Figure("door: repetitions answered with the first answer", door["statuses"].get("200", 0), ""),
            Figure("door: units held more or less than lines written", abs(sold.reserved - bought), "", 0),
            Figure("ORM row lock through HTTP", orm["each_second"], "orders/s"),
            Figure("ORM row lock: p99", orm["p99"], "ms"),
            Figure("door to ORM row lock", door["each_second"] / orm["each_second"], "×", 20, False),
        ],
    )  # fmt: skip


def _with_repetitions(people: list, deal: FlashDeal) -> list[bytes]:
    """One order each; some phones lost the answer and ask again with the same key."""
    chance = random.Random(4)
    requests = []
    for one in people:
        requests.append(market.deal_request(*one, deal))
        if chance.random() < REPEATED:
            requests.append(chance.choice(requests[-200:]))
    return requests


def _limits(asked, deal: FlashDeal, people: list, folder: Path) -> dict[str, float]:
    """What the database does at most with the same rows, fed by itself: pgbench."""
    _prepare(deal, people)
    one = _pgbench(folder, _script(1, "(SELECT id FROM bench_spread WHERE n = :spread)"), 64)
    many = max(_pgbench(folder, _script(BATCH, str(deal.stock_id)), clients) for clients in (1, 2, 4))
    return {"one": one, "many": many * BATCH}


def _prepare(deal: FlashDeal, people: list) -> None:
    """The row that all orders have in common, as the door makes it, and rows of stock to spread over."""
    person, address_id = people[0]
    wish = Wish(person.pk, "", "", None, deal.pk, deal.rundown_item.variant_id, 1, address_id)
    batch = _Batch(deal.pk, [wish], utc_now())
    batch.terms = Terms(deal.pk, ask((LOOK, [deal.pk]))[0])
    batch.line = batch.terms.priced(wish)
    made = batch._made()
    spread = DealStock.objects.bulk_create(
        [DealStock(variant_id=wish.variant_id, quantity=10**6, available=10**6) for _ in range(SPREAD)]
    )
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_made AS SELECT %s::json AS made", [made])
        cursor.execute("CREATE TABLE bench_spread (n int PRIMARY KEY, id bigint)")
        cursor.executemany(
            "INSERT INTO bench_spread VALUES (%s, %s)",
            [(i + 1, one.pk) for i, one in enumerate(spread)],
        )
        cursor.execute(
            "CREATE TABLE bench_people AS SELECT row_number() OVER (ORDER BY id) AS n, user_id,"
            " id AS address_id FROM accounts_address"
        )
        cursor.execute("CREATE UNIQUE INDEX ON bench_people (n)")
    _analyze()


def _script(number: int, stock: str) -> str:
    """The door's own statement, with purchases made up by the database instead of read from JSON."""
    answer = (
        "jsonb_build_object('group', 1, 'orders', jsonb_build_array("
        "jsonb_build_object('number', 'x', 'shop', 1, 'total_fen', 5800)), 'total_fen', 5800,"
        " 'expires_at', now())"
    )
    made_up = f"""
e AS MATERIALIZED (
    SELECT i, nextval('orders_ordergroup_id_seq') AS purchase_id, nextval('orders_order_id_seq') AS sale_id,
           nextval('orders_orderline_id_seq') AS line_id, nextval('shops_stockreservation_id_seq') AS held_id,
           substr(md5(random()::text), 1, 16) AS number, person.user_id AS buyer_id, person.address_id,
           ''::text AS note, 1 AS quantity, 5000::bigint AS goods_fen, 800::bigint AS freight_fen,
           5800::bigint AS total_fen, 150::bigint AS platform_fen, 250::bigint AS host_fen,
           gen_random_uuid() AS key, md5(random()::text) || md5(random()::text) AS body_hash,
           {answer} AS answer
    FROM (SELECT i, 1 + floor(random() * (SELECT max(n) FROM bench_people))::int AS n
          FROM generate_series(1, {number}) AS i) AS drawn JOIN bench_people AS person USING (n)
),
taken AS (UPDATE shops_dealstock SET available = available - {number}, reserved = reserved + {number}
          WHERE id = {stock} AND is_open AND available >= {number} RETURNING 1),
"""
    head, _, rest = WRITE.partition("\ne AS MATERIALIZED (")
    head = head.replace("(SELECT $1::json AS made)", "bench_made")
    rest = rest[rest.index("put_purchase") :]
    return f"\\set spread random(1, {SPREAD})\n" + " ".join((head + made_up + rest).split()) + ";\n"


def _pgbench(folder: Path, script: str, clients: int) -> float:
    file = folder / "orders.sql"
    file.write_text(script)
    database = settings.DATABASES["default"]
    done = subprocess.run(
        [os.environ["MARKET_PGBENCH"], "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", "5",
         "-f", str(file), "-h", database["HOST"], "-U", database["USER"], database["NAME"]],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if done.returncode or not found or "ERROR" in done.stderr:
        raise RuntimeError(done.stderr[:2000])
    assert OrderGroup.objects.exists()
    return float(found[1])


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
