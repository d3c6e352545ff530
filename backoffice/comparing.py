"""The registry of comparisons: each asks whether two records agree, and repairs nothing (rules.md 15).

A question in SQL returns rows of (kind, subject, expected, found); it is one statement, so that it sees one
moment of a market that is open. `subject` names a document as the book does ("order:12").
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection

from backoffice.comparing_bills import PAYMENTS_AND_BILLS
from backoffice.comparing_gifts import GIFTS_AND_MONEY
from backoffice.comparing_payouts import PAYOUTS_AND_TALLIES
from backoffice.comparing_processes import take_differences
from ledger.selectors import trial_balance
from ledger.selectors.chain import verify_chain
from orders.services.reconciling import find_stock_discrepancies
from orders.services.reconciling_lots import find_lot_discrepancies
from payments.offers import CASH
from payouts.selectors.claims import PAYABLE, SENDING
from payouts.selectors.seals import altered_statements
from shops.models import Photo
from shops.statuses import PhotoStatus

LATE = timedelta(minutes=10)


@dataclass(frozen=True)
class Difference:
    """Two records that do not agree."""

    kind: str
    subject: str
    expected: str
    found: str


PAYMENTS_AND_BOOK = """
SELECT 'payment_not_posted', 'payment:' || p.id, p.amount_fen, 0
FROM payments_payment p
WHERE p.status = 'succeeded' AND p.gateway <> %(cash)s
  AND NOT EXISTS (SELECT 1 FROM ledger_ledgertransaction t WHERE t.key = 'payment:' || p.id)
UNION ALL
SELECT 'payment_amount', 'payment:' || p.id, p.amount_fen, sum(e.amount_fen)
FROM payments_payment p
JOIN ledger_ledgertransaction t ON t.key = 'payment:' || p.id
JOIN ledger_ledgerentry e ON e.transaction_id = t.id
JOIN ledger_ledgeraccount a ON a.id = e.account_id AND a.purpose = 'cash'
GROUP BY p.id HAVING sum(e.amount_fen) <> p.amount_fen
UNION ALL
SELECT 'payment_not_succeeded', 'payment:' || p.id, 1, 0
FROM payments_payment p JOIN ledger_ledgertransaction t ON t.key = 'payment:' || p.id
WHERE p.status <> 'succeeded'
UNION ALL
SELECT 'refund_not_posted', 'refund:' || r.id, r.amount_fen, 0
FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
WHERE r.status = 'succeeded' AND p.gateway <> %(cash)s
  AND NOT EXISTS (SELECT 1 FROM ledger_ledgertransaction t WHERE t.key = 'refund:' || r.id)
UNION ALL
SELECT 'refund_amount', 'refund:' || r.id, r.amount_fen, -sum(e.amount_fen)
FROM payments_refund r
JOIN ledger_ledgertransaction t ON t.key = 'refund:' || r.id
JOIN ledger_ledgerentry e ON e.transaction_id = t.id
JOIN ledger_ledgeraccount a ON a.id = e.account_id AND a.purpose = 'cash'
GROUP BY r.id HAVING -sum(e.amount_fen) <> r.amount_fen
UNION ALL
SELECT 'refund_given_twice', 'refund:' || r.id, 1, 2
FROM payments_refund r JOIN payments_handrefund h ON h.refund_id = r.id AND h.status = 'done'
WHERE r.last_error <> ''
UNION ALL
SELECT 'unmatched_' || u.status, 'unmatched_money:' || u.id, 0, u.amount_fen
FROM payments_unmatchedmoney u
WHERE u.status IN ('waiting', 'proposed') AND u.found_at < %(late)s
UNION ALL
SELECT 'unmatched_not_assigned', 'unmatched_money:' || u.id, u.amount_fen, 0
FROM payments_unmatchedmoney u
WHERE u.status = 'assigned' AND NOT EXISTS (
  SELECT 1 FROM ledger_ledgertransaction t JOIN ledger_ledgerentry e ON e.transaction_id = t.id
  JOIN ledger_ledgeraccount a ON a.id = e.account_id AND a.purpose = 'unmatched'
  WHERE t.key = 'payment:' || u.payment_id AND e.amount_fen = u.amount_fen)
UNION ALL
SELECT 'unmatched_not_returned', 'unmatched_money:' || u.id, u.amount_fen, coalesce(r.amount_fen, 0)
FROM payments_unmatchedmoney u LEFT JOIN payments_refund r ON r.unmatched_id = u.id
WHERE u.status IN ('returning', 'returned') AND (r.id IS NULL OR r.amount_fen <> u.amount_fen
  OR (u.status = 'returned') <> (r.status = 'succeeded'))
"""

ORDERS_AND_MONEY = """
SELECT 'order_captured', 'order_group:' || g.id, coalesce(p.fen, 0), coalesce(o.fen, 0)
FROM orders_ordergroup g
LEFT JOIN (SELECT group_id, sum(captured_fen) AS fen FROM orders_order GROUP BY 1) o ON o.group_id = g.id
LEFT JOIN (SELECT p.group_id, sum(p.amount_fen) AS fen FROM payments_payment p
           WHERE p.status = 'succeeded' AND NOT EXISTS
             (SELECT 1 FROM payments_refund r
              WHERE r.payment_id = p.id AND r.request_id IS NULL AND r.unmatched_id IS NULL)
           GROUP BY 1) p ON p.group_id = g.id
WHERE coalesce(p.fen, 0) <> coalesce(o.fen, 0)
UNION ALL
SELECT 'order_refunds', 'order:' || o.id, coalesce(sum(r.amount_fen), 0), o.refund_requested_fen
FROM orders_order o LEFT JOIN orders_refundrequest r ON r.order_id = o.id
GROUP BY o.id HAVING o.refund_requested_fen <> coalesce(sum(r.amount_fen), 0)
UNION ALL
SELECT 'refund_request_open', 'refund_request:' || q.id, 1, 0
FROM orders_refundrequest q JOIN payments_refund r ON r.request_id = q.id
WHERE r.status = 'succeeded' AND q.status <> 'refunded'
UNION ALL
SELECT 'completion_not_posted', 'order:' || o.id, o.captured_fen, 0
FROM orders_order o
WHERE o.status = 'completed'
  AND NOT EXISTS (SELECT 1 FROM ledger_ledgertransaction t WHERE t.key = 'completion:' || o.id)
UNION ALL
SELECT 'completed_too_early', 'order:' || o.id, 0, 1
FROM orders_order o JOIN ledger_ledgertransaction t ON t.key = 'completion:' || o.id
WHERE o.status <> 'completed'
UNION ALL
SELECT 'shipped_without_parcel', 'order:' || o.id, 1, 0
FROM orders_order o
WHERE o.status IN ('shipped', 'delivered')
  AND NOT EXISTS (SELECT 1 FROM orders_shipment s WHERE s.order_id = o.id)
UNION ALL
SELECT 'units_in_parcels', 'order_line:' || l.id, coalesce(sum(s.quantity), 0), l.shipped_units
FROM orders_orderline l LEFT JOIN orders_shipmentline s ON s.line_id = l.id
GROUP BY l.id HAVING l.shipped_units <> coalesce(sum(s.quantity), 0)
"""

BOOK_AND_DOCUMENTS = """
SELECT 'document_missing', source, 1, 0 FROM (
  SELECT DISTINCT e.source, split_part(e.source, ':', 1) AS kind,
         CASE WHEN split_part(e.source, ':', 2) ~ '^[0-9]{1,18}$'
              THEN split_part(e.source, ':', 2)::bigint END AS pk
  FROM ledger_ledgerentry e
) d
WHERE CASE d.kind
  WHEN 'order' THEN NOT EXISTS (SELECT 1 FROM orders_order WHERE id = d.pk)
  WHEN 'order_line' THEN NOT EXISTS (SELECT 1 FROM orders_orderline WHERE id = d.pk)
  WHEN 'payment' THEN NOT EXISTS (SELECT 1 FROM payments_payment WHERE id = d.pk)
  WHEN 'refund' THEN NOT EXISTS (SELECT 1 FROM payments_refund WHERE id = d.pk)
  WHEN 'provider_bill' THEN NOT EXISTS (SELECT 1 FROM payments_providerbill WHERE id = d.pk)
  WHEN 'provider_bill_line' THEN NOT EXISTS (SELECT 1 FROM payments_providerbillline WHERE id = d.pk)
  WHEN 'gift' THEN NOT EXISTS (SELECT 1 FROM livestreams_gift WHERE id = d.pk)
  WHEN 'payout' THEN NOT EXISTS (SELECT 1 FROM payouts_payout WHERE id = d.pk)
  WHEN 'ledger_adjustment' THEN NOT EXISTS (SELECT 1 FROM ledger_ledgeradjustment WHERE id = d.pk)
  ELSE false END
UNION ALL
SELECT 'transaction_unbalanced', 'ledger_transaction:' || e.transaction_id, 0, sum(e.amount_fen)
FROM ledger_ledgerentry e GROUP BY e.transaction_id HAVING sum(e.amount_fen) <> 0
UNION ALL
SELECT 'snapshot', 'ledger_snapshot:' || s.id, coalesce(sum(e.amount_fen), 0), s.balance_fen
FROM ledger_ledgersnapshot s
LEFT JOIN ledger_ledgerentry e ON e.account_id = s.account_id AND e.transaction_id <= s.upto_id
GROUP BY s.id HAVING s.balance_fen <> coalesce(sum(e.amount_fen), 0)
"""

OUTBOX_AGE = """
SELECT CASE WHEN m.quarantined_at IS NULL THEN 'outbox_late' ELSE 'outbox_quarantined' END,
       'outbox_message:' || m.id, 0, m.attempts
FROM common_outboxmessage m
WHERE m.done_at IS NULL AND (m.quarantined_at IS NOT NULL OR m.due_at < %(late)s)
"""

ROOMS_AND_TAKES = """
SELECT 'take_after_the_show', 'take:' || t.id, 0, 1
FROM livestreams_take t
JOIN livestreams_broadcast b ON b.id = t.broadcast_id
JOIN livestreams_livesession s ON s.id = b.session_id
WHERE t.status = 'receiving' AND s.status NOT IN ('live', 'interrupted', 'scheduled')
UNION ALL
SELECT 'take_silent', 'take:' || t.id, 0, 1
FROM livestreams_take t
WHERE t.status = 'receiving' AND coalesce(t.last_chunk_at, t.started_at) < %(late)s
"""

PARCELS = """
SELECT 'parcel_never_delivered', 'shipment:' || s.id, 0, extract(day FROM %(now)s - s.shipped_at)::int
FROM orders_shipment s JOIN orders_order o ON o.id = s.order_id
WHERE s.status = 'shipped' AND o.status IN ('paid', 'confirmed', 'shipped')
  AND s.shipped_at < %(now)s - make_interval(days => %(lost_days)s)
"""

COUPONS = """
SELECT 'coupons_claimed', 'coupon_campaign:' || c.id, count(k.id), c.claimed
FROM orders_couponcampaign c LEFT JOIN orders_couponclaim k ON k.campaign_id = c.id
GROUP BY c.id HAVING c.claimed <> count(k.id)
UNION ALL
-- Used, though nothing that it made cheaper was paid for (a parcel refused at the door keeps it used).
SELECT 'coupon_used', 'coupon_claim:' || k.id, 1, 0
FROM orders_couponclaim k
WHERE k.status = 'used' AND NOT EXISTS (
  SELECT 1 FROM orders_order o WHERE o.coupon_id = k.id AND o.group_id = k.group_id
  AND (o.status NOT IN ('pending_payment', 'cancelling', 'cancelled') OR o.cancel_reason = 'refused'))
UNION ALL
SELECT 'coupon_not_used', 'coupon_claim:' || k.id, o.group_id, coalesce(k.group_id, 0)
FROM orders_order o JOIN orders_couponclaim k ON k.id = o.coupon_id
WHERE o.status NOT IN ('pending_payment', 'cancelling', 'cancelled')
  AND (k.status <> 'used' OR k.group_id <> o.group_id)
GROUP BY k.id, o.group_id, k.group_id
UNION ALL
SELECT 'coupon_held', 'coupon_claim:' || k.id, 1, 0
FROM orders_couponclaim k
WHERE k.status = 'held' AND NOT EXISTS (
  SELECT 1 FROM orders_order o WHERE o.coupon_id = k.id AND o.group_id = k.group_id
  AND o.status IN ('pending_payment', 'cancelling'))
UNION ALL
SELECT 'coupon_discount', 'order:' || o.id, coalesce(sum(l.discount_fen), 0), o.discount_fen
FROM orders_order o LEFT JOIN orders_orderline l ON l.order_id = o.id
GROUP BY o.id HAVING o.discount_fen <> coalesce(sum(l.discount_fen), 0)
"""


def _asked(question: str) -> Callable[[datetime], list[Difference]]:
    def find(now: datetime) -> list[Difference]:
        wanted = {
            "cash": CASH,
            "late": now - LATE,
            "now": now,
            "lost_days": settings.PARCEL_LOST_DAYS,
            "overdue_hours": settings.SETTLEMENT_OVERDUE_HOURS,
            "payable": [str(purpose) for purpose in PAYABLE],
            "sending": [str(kind) for kind in SENDING],
        }
        with connection.cursor() as cursor:
            cursor.execute(question, wanted)
            return [Difference(kind, subject, str(a), str(b)) for kind, subject, a, b in cursor.fetchall()]

    return find


def _stock(now: datetime) -> list[Difference]:
    return [
        Difference(one.check, one.target, str(one.expected), str(one.counted))
        for one in find_stock_discrepancies()
    ]


def _lots(now: datetime) -> list[Difference]:
    return [
        Difference(one.check, one.target, str(one.expected), str(one.counted))
        for one in find_lot_discrepancies()
    ]


def _balances(now: datetime) -> list[Difference]:
    book = trial_balance()
    wrong = [
        Difference("cached_balance", f"ledger_account:{pk}", "sum of entries", "another balance")
        for pk in book.wrong_accounts
    ]
    total = [Difference("book_total", "book", "0", str(book.total_fen))] if book.total_fen else []
    return wrong + total


def _chain(now: datetime) -> list[Difference]:
    return [
        Difference(f"chain_{one.kind}", f"ledger_transaction:{one.transaction_id}", one.expected, one.found)
        for one in verify_chain()
    ]


def _seals(now: datetime) -> list[Difference]:
    return [
        Difference("tally_altered", f"payout_statement:{pk}", "as sealed", "altered")
        for pk in altered_statements()
    ]


def _processes(now: datetime) -> list[Difference]:
    return [Difference(*one) for one in take_differences(now=now)]


def _files(now: datetime) -> list[Difference]:
    root = Path(settings.MEDIA_ROOT)
    missing = []
    for pk, is_private, sizes in Photo.objects.filter(status=PhotoStatus.READY).values_list(
        "pk", "is_private", "sizes"
    ):
        folder = root / ("private" if is_private else "public")
        missing += [
            Difference("file_missing", f"photo:{pk}", path, "no file")
            for path in sizes.values()
            if not (folder / path).is_file()
        ][:1]
    return missing


JOBS: dict[str, Callable[[datetime], Iterable[Difference]]] = {
    "stock": _stock,
    "lots": _lots,
    "balances": _balances,
    "chain": _chain,
    "book_documents": _asked(BOOK_AND_DOCUMENTS),
    "payments_book": _asked(PAYMENTS_AND_BOOK),
    "provider_bills": _asked(PAYMENTS_AND_BILLS),
    "orders_money": _asked(ORDERS_AND_MONEY),
    "gifts_money": _asked(GIFTS_AND_MONEY),
    "payouts_tallies": _asked(PAYOUTS_AND_TALLIES),
    "seals": _seals,
    "outbox": _asked(OUTBOX_AGE),
    "rooms_takes": _asked(ROOMS_AND_TAKES),
    "processes": _processes,
    "coupons": _asked(COUPONS),
    "parcels": _asked(PARCELS),
    "files": _files,
}
