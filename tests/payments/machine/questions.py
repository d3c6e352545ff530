"""Questions to the database without an answer while all is well; each is counted from the documents."""

from django.db import connection

GRANTED = "('awaiting_refund', 'refunded')"
HOLDING = (
    "('requested', 'offered', 'rejected', 'awaiting_return', 'awaiting_receipt', 'awaiting_refund',"
    " 'refunded')"
)

QUESTIONS = {
    "a transaction that does not balance": """
        SELECT transaction_id FROM ledger_ledgerentry GROUP BY 1 HAVING SUM(amount_fen) <> 0 OR COUNT(*) < 2
    """,
    "a cached balance that is not its entries": """
        SELECT a.id FROM ledger_ledgeraccount a LEFT JOIN ledger_ledgerentry e ON e.account_id = a.id
        WHERE a.balance_fen IS NOT NULL
        GROUP BY a.id HAVING a.balance_fen <> COALESCE(SUM(e.amount_fen), 0)
    """,
    "an order that promises back what it did not take, or forgets a promise": """
        SELECT o.id FROM orders_order o
        LEFT JOIN (SELECT order_id, SUM(amount_fen) AS fen FROM orders_refundrequest GROUP BY 1) r
          ON r.order_id = o.id
        WHERE o.refund_requested_fen <> COALESCE(r.fen, 0) OR o.refund_requested_fen > o.captured_fen
           OR o.captured_fen NOT IN (0, o.total_fen)
           OR (o.status = 'cancelled' AND o.refund_requested_fen <> o.captured_fen)
    """,
    "a payment of which more went back than came in": """
        SELECT p.id FROM payments_payment p JOIN payments_refund r ON r.payment_id = p.id
        WHERE r.status <> 'failed' GROUP BY p.id HAVING SUM(r.amount_fen) > p.amount_fen
    """,
    "a line that gives back more than was paid, or than its coupon took off": f"""
        SELECT l.id FROM orders_orderline l
        JOIN orders_aftersaleline a ON a.order_line_id = l.id
        JOIN orders_aftersalecase c ON c.id = a.case_id AND c.status IN {GRANTED}
        GROUP BY l.id HAVING SUM(a.amount_fen) > l.total_fen - l.discount_fen
                          OR SUM(a.discount_fen) > l.discount_fen
    """,
    "a share that is taken back more than once": """
        SELECT c.id FROM orders_commissionline c JOIN orders_commissionreturn r ON r.commission_id = c.id
        GROUP BY c.id HAVING SUM(r.amount_fen) > c.amount_fen
    """,
    "a line whose counters of cases or parcels are not its cases and parcels": f"""
        SELECT l.id FROM orders_orderline l
        LEFT JOIN (SELECT a.order_line_id AS id, SUM(a.quantity) AS units, SUM(a.worth_fen) AS fen
                   FROM orders_aftersaleline a JOIN orders_aftersalecase c ON c.id = a.case_id
                   WHERE c.status IN {HOLDING} GROUP BY 1) held ON held.id = l.id
        LEFT JOIN (SELECT line_id AS id, SUM(quantity) AS units FROM orders_shipmentline GROUP BY 1) sent
          ON sent.id = l.id
        WHERE l.after_sale_units <> COALESCE(held.units, 0) OR l.after_sale_fen <> COALESCE(held.fen, 0)
           OR l.shipped_units <> COALESCE(sent.units, 0)
    """,
    "more of a line that comes back than was ever sent": f"""
        SELECT l.id FROM orders_orderline l
        JOIN orders_aftersaleline a ON a.order_line_id = l.id
        JOIN orders_aftersalecase c ON c.id = a.case_id
          AND c.kind = 'return_and_refund' AND c.status IN {HOLDING}
        GROUP BY l.id HAVING SUM(a.quantity) > l.shipped_units
    """,
    "goods that are paid back as not sent, and sent as well": f"""
        SELECT l.id FROM orders_orderline l
        JOIN orders_aftersaleline a ON a.order_line_id = l.id
        JOIN orders_aftersalecase c ON c.id = a.case_id AND c.reason = 'changed_mind'
          AND c.kind = 'refund_only' AND c.status IN {GRANTED}
        WHERE NOT EXISTS (SELECT 1 FROM orders_caseoffer f WHERE f.case_id = c.id AND f.outcome = 'accepted')
          AND NOT EXISTS (SELECT 1 FROM orders_aftersaleevent e WHERE e.case_id = c.id AND e.by = 'operator')
          AND NOT EXISTS (SELECT 1 FROM orders_aftersaleevent e
                          WHERE e.case_id = c.id AND e.status = 'rejected')
        GROUP BY l.id HAVING SUM(a.quantity) > MIN(l.withdrawn_units)
    """,
    "a line on its way of which something is still to send": """
        SELECT l.id FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
        WHERE o.status IN ('shipped', 'delivered') AND l.quantity <> l.shipped_units + l.withdrawn_units
    """,
    "an order whose state and money contradict each other": """
        SELECT id FROM orders_order
        WHERE (status IN ('pending_payment', 'cancelling', 'confirmed') AND captured_fen > 0)
           OR (status IN ('paid', 'completed') AND captured_fen = 0)
           OR (status IN ('shipped', 'delivered') AND (captured_fen > 0) <> (confirmed_at IS NULL))
           OR (status = 'completed') <> (completed_at IS NOT NULL)
    """,
    "a variant whose counter of sold units is not its movements": """
        SELECT s.variant_id FROM shops_variantstock s
        LEFT JOIN (SELECT variant_id, SUM(quantity) AS units FROM shops_stockmovement
                   WHERE kind <> 'intake' GROUP BY 1) m ON m.variant_id = s.variant_id
        WHERE s.sold <> -COALESCE(m.units, 0)
    """,
    "a deal that sells more than it has": """
        SELECT id FROM shops_dealstock WHERE available + reserved + sold > quantity
    """,
    "a campaign that lost count": """
        SELECT m.id FROM orders_couponcampaign m LEFT JOIN orders_couponclaim c ON c.campaign_id = m.id
        GROUP BY m.id HAVING m.claimed <> COUNT(c.id) OR m.claimed > m.total
    """,
    "a coupon whose purchase is in another state": """
        SELECT c.id FROM orders_couponclaim c JOIN orders_order o ON o.group_id = c.group_id
        WHERE (c.status = 'held') <> (o.status IN ('pending_payment', 'cancelling'))
          AND NOT (c.status = 'used' AND o.status = 'cancelled')
    """,
    "a discount that no used or returned coupon stands for": """
        SELECT o.id FROM orders_order o JOIN orders_couponclaim c ON c.id = o.coupon_id
        WHERE o.status IN ('confirmed', 'paid', 'shipped', 'delivered', 'completed')
          AND NOT (c.status = 'used' AND c.group_id = o.group_id)
    """,
    "a case whose deadline or trail contradicts its state": """
        SELECT c.id FROM orders_aftersalecase c
        WHERE (c.deadline_at IS NOT NULL) <> (
                c.status IN ('requested', 'offered', 'rejected', 'awaiting_return', 'awaiting_receipt')
                AND NOT (c.status = 'rejected' AND c.appealed_at IS NOT NULL))
           OR c.status <> (SELECT e.status FROM orders_aftersaleevent e WHERE e.case_id = c.id
                           ORDER BY e.id DESC LIMIT 1)
    """,
    "a case whose money went back though it is not refunded, or the other way round": """
        SELECT c.id FROM orders_aftersalecase c JOIN orders_refundrequest r ON r.id = c.refund_request_id
        WHERE (r.status = 'refunded') <> (c.status = 'refunded')
           OR r.amount_fen <> c.amount_fen + c.freight_fen
    """,
    "a tally that is not what the book says": """
        SELECT s.id FROM payouts_payoutstatement s
        LEFT JOIN payouts_statementline l ON l.statement_id = s.id
        LEFT JOIN ledger_ledgerentry e ON e.id = l.entry_id
        GROUP BY s.id HAVING s.net_fen <> s.carried_fen - COALESCE(SUM(e.amount_fen), 0)
    """,
}
EVERYTHING = " UNION ALL ".join(
    f"SELECT '{name}', id FROM ({question}) AS found (id)" for name, question in QUESTIONS.items()
)


def contradictions() -> list[tuple[str, int]]:
    """Return (what it is, pk of the row) of everything that contradicts itself."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")  # what a commit asks
        cursor.execute(EVERYTHING)
        return cursor.fetchall()
