"""A season of a big co-operative for the benchmark of the tally, written by sets instead of by sales.

The rows are those that the services of buying and receiving write for an order, but for stock and payment;
the constraints hold, and that the book balances is checked at the end. Every order has one line, whose
farmer, price and shares follow from its number; one line
in five was sold live by the host.
"""

from datetime import datetime, timedelta

from django.db import connection, transaction

from accounts.models import User
from shops.models import Shop, Variant
from tests.factories.shops import (
    authorize_shop,
    make_farmer,
    make_host,
    make_person,
    make_product,
    make_shop,
    make_village,
)

_ORDERS = """
INSERT INTO orders_order (id, number, group_id, shop_id, status, goods_fen, freight_fen, total_fen,
  captured_fen, refund_requested_fen, recipient, phone, region_code, region, address, note, placed_at,
  paid_at, shipped_at,
  delivered_at, completed_at, cancel_reason)
SELECT n, 'T' || n, %(group)s, %(shop)s, 'completed', price, 800, price + 800, price + 800, 0,
  '', '', '', '', '', '',
  %(at)s, %(at)s, %(at)s, %(at)s, %(at)s, ''
FROM (SELECT n, 1000 + n %% 9000 AS price FROM generate_series(%(first)s, %(last)s) n) sale
"""
_LINES = """
INSERT INTO orders_orderline
  (id, order_id, variant_id, farmer_id, title, variant_name, price_fen, quantity, total_fen)
SELECT n, n, %(variant)s, (%(farmers)s::bigint[])[1 + n %% %(count)s], '青稞米', '500克', price, 1, price
FROM (SELECT n, 1000 + n %% 9000 AS price FROM generate_series(%(first)s, %(last)s) n) sale
"""
_SHARES = """
INSERT INTO orders_commissionline (order_line_id, kind, host_id, rate_bp, amount_fen)
SELECT n, 'platform', NULL, 300, (1000 + n %% 9000) * 3 / 100 FROM generate_series(%(first)s, %(last)s) n
UNION ALL
SELECT n, 'host', %(host)s, 500, (1000 + n %% 9000) * 5 / 100
FROM generate_series(%(first)s, %(last)s) n WHERE n %% 5 = 0
"""
_ACCOUNTS = """
INSERT INTO ledger_ledgeraccount (purpose, owner_kind, owner_id, balance_fen)
SELECT 'farmer_payable', 'farmer', unnest(%(farmers)s::bigint[]), 0
UNION ALL VALUES ('host_payable', 'host', %(host)s, 0), ('freight_payable', 'shop', %(shop)s, 0),
  ('buyer_held', 'system', 0, NULL), ('platform_fee', 'system', 0, NULL)
ON CONFLICT DO NOTHING
"""
_POSTINGS = """
INSERT INTO ledger_ledgertransaction (id, kind, source, key, memo, posted_at)
SELECT n, 'completion', 'order:' || n, 'completion:' || n, '', %(at)s
FROM generate_series(%(first)s, %(last)s) n
"""
_ENTRIES = """
WITH sale AS (
  SELECT n, price, price * 3 / 100 AS fee, CASE WHEN n %% 5 = 0 THEN price * 5 / 100 ELSE 0 END AS host,
         (%(farmers)s::bigint[])[1 + n %% %(count)s] AS farmer
  FROM (SELECT n, 1000 + n %% 9000 AS price FROM generate_series(%(first)s, %(last)s) n) priced)
INSERT INTO ledger_ledgerentry (transaction_id, account_id, amount_fen, source)
SELECT sale.n, account.id, entry.amount_fen, entry.source
FROM sale CROSS JOIN LATERAL (VALUES
  ('buyer_held', 0::bigint, price + 800, 'order:' || n), ('platform_fee', 0, -fee, 'order_line:' || n),
  ('host_payable', %(host)s, -host, 'order_line:' || n), ('freight_payable', %(shop)s, -800, 'order:' || n),
  ('farmer_payable', farmer, fee + host - price, 'order_line:' || n)
) AS entry (purpose, owner_id, amount_fen, source)
JOIN ledger_ledgeraccount account USING (purpose, owner_id)
WHERE entry.amount_fen <> 0
"""
# The book's own guards look at every row; a million of them are checked at once instead.
_MADE = "UPDATE ledger_ledgertransaction SET made_in = pg_current_xact_id() WHERE made_in IS NULL"
_BALANCED = """
SELECT count(*) FROM (
  SELECT transaction_id FROM ledger_ledgerentry GROUP BY 1 HAVING sum(amount_fen) <> 0) wrong
"""


class Season:
    """One shop with its farmers and host, and sales that are completed in batches."""

    def __init__(self, *, farmers: int) -> None:
        """Make the people."""
        owner, self.buyer = make_person(name="梅姐"), make_person(name="阿润")
        village = make_village(name="云岭村")
        self.shop: Shop = make_shop(owner=owner, village=village)
        self.host = make_host(user=make_person(name="卓玛"), village=village)
        self.farmers = []
        for number in range(farmers):
            farmer = make_farmer(village=village, name=f"农户{number}")
            authorize_shop(farmer=farmer, shop=self.shop)
            self.farmers.append(farmer.pk)
        self.variant: Variant = make_product(shop=self.shop).variants.get()
        self.sold = 0

    def sell(self, *, count: int, at: datetime) -> None:
        """Write so many completed orders with their postings, all at one instant."""
        values = {
            "first": self.sold + 1, "last": self.sold + count, "at": at, "shop": self.shop.pk,
            "host": self.host.pk, "variant": self.variant.pk, "farmers": self.farmers,
            "count": len(self.farmers), "group": _group_of(self.buyer, at),
        }  # fmt: skip
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            for statement in (_ORDERS, _LINES, _SHARES, _ACCOUNTS, _POSTINGS, _ENTRIES):
                cursor.execute(statement, values)
            cursor.execute(_MADE)
        self.sold += count
        with connection.cursor() as cursor:
            cursor.execute(_BALANCED)
            if cursor.fetchone()[0]:
                raise RuntimeError("the book of the benchmark does not balance")
            cursor.execute("VACUUM ANALYZE")


def _group_of(buyer: User, at: datetime) -> int:
    return buyer.order_groups.create(total_fen=1, created_at=at, expires_at=at + timedelta(days=1)).pk
