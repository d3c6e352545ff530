"""Compare counters of stock with what they are counted from, and report; nothing is repaired (rules.md 15).

Every check is one statement, so that it sees one moment of a sale that is going on.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from common import audit
from common.models import AuditEntry

logger = logging.getLogger(__name__)

ACTION = "orders.stock_discrepancy"
TOLD_AGAIN_AFTER = timedelta(hours=24)

# name → (what the target is, rows of (pk, counted, expected))
CHECKS = {
    "variant_units": (
        "variantstock",
        """
        SELECT s.variant_id, s.available + s.reserved + s.in_deals, COALESCE(m.units, 0)
        FROM shops_variantstock s
        LEFT JOIN (SELECT variant_id, SUM(quantity) AS units FROM shops_stockmovement GROUP BY 1) m
          ON m.variant_id = s.variant_id
        WHERE s.available + s.reserved + s.in_deals <> COALESCE(m.units, 0)
        """,
    ),
    "variant_held": (
        "variantstock",
        """
        SELECT s.variant_id, s.reserved, COALESCE(r.units, 0)
        FROM shops_variantstock s
        LEFT JOIN (SELECT variant_id, SUM(quantity) AS units FROM shops_stockreservation
                   WHERE status = 'held' AND deal_stock_id IS NULL GROUP BY 1) r
          ON r.variant_id = s.variant_id
        WHERE s.reserved <> COALESCE(r.units, 0)
        """,
    ),
    "variant_in_deals": (
        "variantstock",
        """
        SELECT s.variant_id, s.in_deals, COALESCE(d.units, 0)
        FROM shops_variantstock s
        LEFT JOIN (SELECT variant_id, SUM(available + reserved) AS units FROM shops_dealstock GROUP BY 1) d
          ON d.variant_id = s.variant_id
        WHERE s.in_deals <> COALESCE(d.units, 0)
        """,
    ),
    "deal_held": (
        "dealstock",
        """
        SELECT d.id, d.reserved, COALESCE(r.units, 0)
        FROM shops_dealstock d
        LEFT JOIN (SELECT deal_stock_id, SUM(quantity) AS units FROM shops_stockreservation
                   WHERE status = 'held' GROUP BY 1) r
          ON r.deal_stock_id = d.id
        WHERE d.reserved <> COALESCE(r.units, 0)
        """,
    ),
    "deal_sold": (
        "dealstock",
        """
        SELECT d.id, d.sold, COALESCE(r.units, 0)
        FROM shops_dealstock d
        LEFT JOIN (SELECT deal_stock_id, SUM(quantity) AS units FROM shops_stockreservation
                   WHERE status = 'committed' GROUP BY 1) r
          ON r.deal_stock_id = d.id
        WHERE d.sold <> COALESCE(r.units, 0)
        """,
    ),
    # An open deal has open stock of its size; stock without an open deal is closed.
    "deal_open": (
        "dealstock",
        """
        SELECT d.id, d.is_open::int, COUNT(f.id)
        FROM shops_dealstock d
        LEFT JOIN livestreams_flashdeal f
          ON f.stock_id = d.id AND f.status IN ('countdown', 'active', 'sold_out')
        GROUP BY d.id, d.is_open
        HAVING d.is_open::int <> COUNT(f.id)
        """,
    ),
    "deal_quantity": (
        "flashdeal",
        """
        SELECT f.id, d.quantity, f.quantity
        FROM livestreams_flashdeal f JOIN shops_dealstock d ON d.id = f.stock_id
        WHERE d.quantity <> f.quantity
        """,
    ),
    "deal_overdue": (
        "flashdeal",
        """
        SELECT f.id, 1, 0 FROM livestreams_flashdeal f
        WHERE f.status IN ('countdown', 'active', 'sold_out')
          AND f.ends_at < clock_timestamp() - INTERVAL '1 minute'
        """,
    ),
    # What was bought at a deal's price took the deal's units, and only that did.
    "deal_line": (
        "orderline",
        """
        SELECT l.id, COALESCE(r.deal_stock_id, 0), COALESCE(f.stock_id, 0)
        FROM orders_orderline l
        JOIN shops_stockreservation r ON r.id = l.reservation_id
        LEFT JOIN livestreams_flashdeal f ON f.id = l.flash_deal_id
        WHERE COALESCE(r.deal_stock_id, 0) <> COALESCE(f.stock_id, 0)
        """,
    ),
    "deal_price": (
        "orderline",
        """
        SELECT l.id, l.price_fen, f.price_fen
        FROM orders_orderline l JOIN livestreams_flashdeal f ON f.id = l.flash_deal_id
        WHERE l.price_fen <> f.price_fen
        """,
    ),
}


@dataclass(frozen=True)
class Discrepancy:
    """One row whose counter is not what it is counted from; `target` is "model:pk"."""

    check: str
    target: str
    counted: int
    expected: int


def find_stock_discrepancies() -> list[Discrepancy]:
    """Return every counter of stock and every deal that does not agree with its documents."""
    return run_checks(CHECKS)


def run_checks(checks: dict[str, tuple[str, str]]) -> list[Discrepancy]:
    """Return what the checks find: name → (what the target is, a question for (pk, counted, expected))."""
    found = []
    with connection.cursor() as cursor:
        for check, (model, question) in checks.items():
            cursor.execute(question)
            found += [
                Discrepancy(check, f"{model}:{pk}", int(counted), int(expected))
                for pk, counted, expected in cursor.fetchall()
            ]
    return found


def report_stock(*, now: datetime) -> int:
    """Log what does not agree and note it in the audit trail, once a day each; return how many there are."""
    return report_found(find_stock_discrepancies(), action=ACTION, now=now)


@transaction.atomic
def report_found(found: list[Discrepancy], *, action: str, now: datetime) -> int:
    """Log discrepancies and note them in the audit trail, once a day each; return how many there are."""
    for one in found:
        after = {"check": one.check, "counted": one.counted, "expected": one.expected}
        known = AuditEntry.objects.filter(
            action=action, target=one.target, after=after, at__gt=now - TOLD_AGAIN_AFTER
        )
        if known.exists():
            continue
        logger.error("%s of %s is %s, expected %s", one.check, one.target, one.counted, one.expected)
        audit.record(actor="system", action=action, target=one.target, after=after, now=now)
    return len(found)
