"""What the database does at most with the rows of orders, fed by itself: pgbench."""

import json
import os
import re
import subprocess
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
from shops.models import DealStock, VariantStock

SPREAD = 1000
SPREAD_STOCK = "(SELECT id FROM bench_spread WHERE n = :spread)"


def analyze() -> None:
    """Let the planner know how large the tables are."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def prepare(deal: FlashDeal, people: list, *, is_ordinary: bool = False) -> None:
    """The row that all orders have in common, as the door makes it, and rows of stock to spread over.

    An ordinary order is one without deal, show and host.
    """
    person, address_id = people[0]
    wish = Wish(person.pk, "", "", None, deal.pk, deal.rundown_item.variant_id, 1, address_id)
    batch = _Batch(deal.pk, [wish], utc_now())
    batch.terms = Terms(deal.pk, ask((LOOK, [deal.pk]))[0])
    batch.line = batch.terms.priced(wish)
    made = json.loads(batch._made())
    if is_ordinary:
        made["line"] |= {"live_session_id": None, "pin_event_id": None, "flash_deal_id": None}
        made["held"]["deal_stock_id"] = None
        spread = list(VariantStock.objects.values_list("pk", flat=True)[:SPREAD])
    else:
        fields = {"variant_id": wish.variant_id, "quantity": 10**6, "available": 10**6}
        spread = [one.pk for one in DealStock.objects.bulk_create(DealStock(**fields) for _ in range(SPREAD))]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_made AS SELECT %s::json AS made", [json.dumps(made)])
        cursor.execute("CREATE TABLE bench_spread (n int PRIMARY KEY, id bigint)")
        cursor.executemany("INSERT INTO bench_spread VALUES (%s, %s)", list(enumerate(spread, 1)))
        # People of its own: what others owe is looked at by the doors, not by the limit.
        cursor.execute(
            "CREATE TABLE bench_people AS SELECT row_number() OVER (ORDER BY id) AS n, user_id,"
            " id AS address_id FROM accounts_address WHERE user_id = ANY(%s)",
            [[person.pk for person, _ in people]],
        )
        cursor.execute("CREATE UNIQUE INDEX ON bench_people (n)")
    analyze()


def limit(folder: Path, *, number: int, stock: str, clients: int, is_ordinary: bool = False) -> float:
    """Return orders/s with `number` of them in a transaction on the row of stock that `stock` selects."""
    host_fen = "NULL" if is_ordinary else "250"
    table = "shops_variantstock" if is_ordinary else "shops_dealstock"
    where = f"variant_id = {stock}" if is_ordinary else f"id = {stock} AND is_open"
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
           5800::bigint AS total_fen, 150::bigint AS platform_fen, {host_fen}::bigint AS host_fen,
           gen_random_uuid() AS key, md5(random()::text) || md5(random()::text) AS body_hash,
           {answer} AS answer
    FROM (SELECT i, 1 + floor(random() * (SELECT max(n) FROM bench_people))::int AS n
          FROM generate_series(1, {number}) AS i) AS drawn JOIN bench_people AS person USING (n)
),
taken AS (UPDATE {table} SET available = available - {number}, reserved = reserved + {number}
          WHERE {where} AND available >= {number} RETURNING 1),
"""
    head, _, rest = WRITE.partition("\ne AS MATERIALIZED (")
    head = head.replace("(SELECT $1::json AS made)", "bench_made")
    rest = rest[rest.index("put_purchase") :]
    script = f"\\set spread random(1, {SPREAD})\n" + " ".join((head + made_up + rest).split()) + ";\n"
    return _pgbench(folder, script, clients) * number


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
