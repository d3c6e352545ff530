"""Compare lots with what lines took of them, and with the stock; nothing is repaired (rules.md 15).

Every check is one statement, so that it sees one moment of a market that is open.
"""

from orders.services.reconciling import Discrepancy, run_checks

# name → (what the target is, rows of (pk, counted, expected))
CHECKS = {
    # What lots have sold is what lines took of them and did not give back.
    "lot_taken": (
        "lot",
        """
        SELECT l.id, l.taken, COALESCE(a.units, 0)
        FROM shops_lot l
        LEFT JOIN (SELECT lot_id, SUM(quantity - moved - returned) AS units
                   FROM orders_lotallocation GROUP BY 1) a
          ON a.lot_id = l.id
        WHERE l.taken <> COALESCE(a.units, 0)
        """,
    ),
    # Every paid line of a pool has exactly its units, of a simple listing never more.
    "line_allotted": (
        "orderline",
        """
        SELECT l.id, COALESCE(a.units, 0), l.quantity
        FROM orders_orderline l
        JOIN orders_order o ON o.id = l.order_id
        LEFT JOIN (SELECT order_line_id, SUM(quantity - moved) AS units
                   FROM orders_lotallocation GROUP BY 1) a
          ON a.order_line_id = l.id
        WHERE COALESCE(a.units, 0) > l.quantity
           OR (l.term_sheet_id IS NOT NULL AND (o.paid_at IS NOT NULL OR o.confirmed_at IS NOT NULL)
               AND COALESCE(a.units, 0) <> l.quantity)
        """,
    ),
    # Nothing is taken before somebody has paid or promised to.
    "line_unpaid": (
        "orderline",
        """
        SELECT a.order_line_id, SUM(a.quantity), 0
        FROM orders_lotallocation a
        JOIN orders_orderline l ON l.id = a.order_line_id JOIN orders_order o ON o.id = l.order_id
        WHERE o.paid_at IS NULL AND o.confirmed_at IS NULL
        GROUP BY 1
        """,
    ),
    # What can be sold of a pool is what its lots have. Of a lot that was put aside, what somebody held then
    # may still be counted, but nothing of it is free.
    "pool_units": (
        "variantstock",
        """
        SELECT s.variant_id, s.available + s.reserved + s.in_deals, COALESCE(l.units, 0)
        FROM shops_variantstock s
        LEFT JOIN (SELECT variant_id, SUM(quantity - taken - lost) AS units FROM shops_lot
                   WHERE status IN ('available', 'depleted') GROUP BY 1) l ON l.variant_id = s.variant_id
        WHERE EXISTS (SELECT 1 FROM shops_allocationpolicy p WHERE p.variant_id = s.variant_id)
          AND (s.available + s.reserved + s.in_deals < COALESCE(l.units, 0)
               OR s.available > 0 AND s.available + s.reserved + s.in_deals > COALESCE(l.units, 0))
        """,
    ),
    # A lot is empty exactly when it says so.
    "lot_depleted": (
        "lot",
        """
        SELECT l.id, (l.status = 'depleted')::int, (l.quantity = l.taken + l.lost)::int
        FROM shops_lot l
        WHERE l.status IN ('available', 'depleted')
          AND (l.status = 'depleted') <> (l.quantity = l.taken + l.lost)
        """,
    ),
    # The lots of a completed line share exactly its price.
    "line_shares": (
        "orderline",
        """
        SELECT l.id, COALESCE(a.fen, 0), l.total_fen
        FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
        LEFT JOIN (SELECT order_line_id, SUM(gross_fen) AS fen FROM orders_lotallocation GROUP BY 1) a
          ON a.order_line_id = l.id
        WHERE l.term_sheet_id IS NOT NULL AND o.status = 'completed' AND COALESCE(a.fen, 0) <> l.total_fen
        """,
    ),
    # Nobody was sold below what the farmers had agreed to.
    "line_below_floor": (
        "orderline",
        """
        SELECT l.id, l.price_fen, t.floor_fen
        FROM orders_orderline l JOIN shops_termsheet t ON t.id = l.term_sheet_id
        WHERE l.price_fen < t.floor_fen
        """,
    ),
}


def find_lot_discrepancies() -> list[Discrepancy]:
    """Return every lot, line and pool that do not agree with each other."""
    return run_checks(CHECKS)
