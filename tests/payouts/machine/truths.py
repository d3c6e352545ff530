"""What holds after every step, asked of the database in another way than the services work it out."""

from collections.abc import Mapping

from django.db import connection
from hypothesis.stateful import invariant

from payouts.models import PayoutStatement
from payouts.selectors.seals import is_unaltered
from tests.payouts.machine.settling import OWED, SENT, frozen
from tests.payouts.machine.village import MoneyDay

# Each finds nothing while all is well.
QUESTIONS = {
    "a transaction that does not balance": """
        SELECT transaction_id FROM ledger_ledgerentry GROUP BY 1 HAVING sum(amount_fen) <> 0 OR count(*) < 2
    """,
    "a cached balance that is not the sum of its entries": """
        SELECT a.id FROM ledger_ledgeraccount a LEFT JOIN ledger_ledgerentry e ON e.account_id = a.id
        WHERE a.balance_fen IS NOT NULL
        GROUP BY a.id HAVING a.balance_fen <> coalesce(sum(e.amount_fen), 0)
    """,
    "a tally that is not its lines, kind by kind": """
        SELECT s.id FROM payouts_payoutstatement s JOIN payouts_statementline l ON l.statement_id = s.id
        GROUP BY s.id
        HAVING s.net_fen <> sum(l.amount_fen) + s.carried_fen
            OR s.gross_fen <>
                 coalesce(sum(l.gross_fen) FILTER (WHERE l.kind NOT IN ('gift', 'gift_returned')), 0)
            OR s.gift_fen <> coalesce(sum(l.gross_fen) FILTER (WHERE l.kind IN ('gift', 'gift_returned')), 0)
            OR s.commission_fen <> sum(l.commission_fen)
            OR s.platform_fee_fen <> sum(l.platform_fee_fen)
            OR s.refund_fen <> coalesce(sum(l.amount_fen) FILTER (WHERE l.kind = 'refund'), 0)
            OR s.coupon_fen <> coalesce(sum(l.amount_fen) FILTER (WHERE l.kind = 'coupon'), 0)
            OR s.freight_fen <> coalesce(sum(l.amount_fen) FILTER (WHERE l.kind = 'freight'), 0)
            OR s.correction_fen <> coalesce(sum(l.amount_fen) FILTER (WHERE l.kind = 'correction'), 0)
    """,
    "a line of a tally that is not its entry, or of somebody else": """
        SELECT l.entry_id FROM payouts_statementline l
        JOIN payouts_payoutstatement s ON s.id = l.statement_id
        JOIN payouts_settlementperiod p ON p.id = s.period_id
        JOIN ledger_ledgerentry e ON e.id = l.entry_id JOIN ledger_ledgeraccount a ON a.id = e.account_id
        JOIN ledger_ledgertransaction t ON t.id = e.transaction_id
        WHERE l.amount_fen <> -e.amount_fen OR t.posted_at >= p.ends_at OR a.purpose <> ALL(%(owed)s)
           OR a.owner_id <> coalesce(s.farmer_id, s.host_id, s.payee_shop_id)
           OR a.owner_kind <> CASE WHEN s.farmer_id IS NOT NULL THEN 'farmer'
                                   WHEN s.host_id IS NOT NULL THEN 'host' ELSE 'shop' END
    """,
    "an account whose balance is not what tallies left unpaid and what is on no tally yet": """
        SELECT a.owner_kind, a.owner_id FROM ledger_ledgeraccount a
        LEFT JOIN ledger_ledgerentry e ON e.account_id = a.id
        LEFT JOIN ledger_ledgertransaction t ON t.id = e.transaction_id
        LEFT JOIN payouts_statementline l ON l.entry_id = e.id
        WHERE a.purpose = ANY(%(owed)s)
        GROUP BY 1, 2
        HAVING coalesce(sum(e.amount_fen), 0)
            <> coalesce(sum(e.amount_fen) FILTER (WHERE l.entry_id IS NULL AND t.kind <> ALL(%(sent)s)), 0)
             - (SELECT coalesce(sum(s.net_fen), 0) FROM payouts_payoutstatement s
                LEFT JOIN payouts_payout p ON p.statement_id = s.id
                LEFT JOIN payouts_payoutstatement later ON later.carried_from_id = s.id
                WHERE coalesce(p.status, '') <> 'paid' AND later.id IS NULL
                  AND coalesce(s.farmer_id, s.host_id, s.payee_shop_id) = a.owner_id
                  AND a.owner_kind = CASE WHEN s.farmer_id IS NOT NULL THEN 'farmer'
                                          WHEN s.host_id IS NOT NULL THEN 'host' ELSE 'shop' END)
    """,
    "a payout for which another sum has left than bank, provider and till know": """
        SELECT coalesce(book.source, known.source)
        FROM (
          SELECT e.source, -sum(e.amount_fen) AS fen FROM ledger_ledgerentry e
          JOIN ledger_ledgeraccount a ON a.id = e.account_id AND a.purpose IN ('cash', 'bank')
          JOIN ledger_ledgertransaction t ON t.id = e.transaction_id AND t.kind = ANY(%(sent)s)
          GROUP BY 1
        ) book
        FULL JOIN (SELECT * FROM unnest(%(payouts)s::text[], %(left)s::bigint[]) AS x (source, fen)) known
          ON known.source = book.source
        WHERE coalesce(book.fen, 0) <> coalesce(known.fen, 0)
    """,
    "a payout that is called paid and was not, or was and is not called so": """
        SELECT p.id FROM payouts_payout p
        LEFT JOIN ledger_ledgertransaction t ON t.source = 'payout:' || p.id AND t.kind = ANY(%(sent)s)
        GROUP BY p.id
        HAVING count(t.id) FILTER (WHERE t.kind = 'payout') - count(t.id) FILTER (WHERE t.kind <> 'payout')
            <> (p.status = 'paid')::int
    """,
    "a payout that is in two runs at once, or is approved and in a run that nobody approved": """
        SELECT x.payout_id FROM payouts_payouttransfer x
        JOIN payouts_payout p ON p.id = x.payout_id JOIN payouts_payoutrun r ON r.id = x.run_id
        WHERE x.status IN ('held', 'ready', 'sending')
        GROUP BY x.payout_id, p.status
        HAVING count(*) > 1 OR bool_or(r.status IN ('done', 'cancelled'))
            OR bool_or((r.status IN ('approved', 'sending')) <> (p.status = 'processing'))
    """,
    "a farmer who was sold below the floor, or who paid for somebody's coupon": """
        SELECT l.id FROM orders_orderline l
        JOIN orders_order o ON o.id = l.order_id AND o.status = 'completed'
        JOIN shops_variant v ON v.id = l.variant_id
        JOIN ledger_ledgertransaction t ON t.key = 'completion:' || o.id
        LEFT JOIN ledger_ledgerentry e ON e.transaction_id = t.id AND e.source = 'order_line:' || l.id
        LEFT JOIN ledger_ledgeraccount a ON a.id = e.account_id AND a.purpose = 'farmer_payable'
        WHERE l.farmer_id IS NOT NULL OR EXISTS (
          SELECT 1 FROM orders_lotallocation x WHERE x.order_line_id = l.id AND x.gross_fen IS NOT NULL)
        GROUP BY l.id, v.price_fen
        HAVING l.total_fen * 10000 < l.quantity * v.price_fen * (
                 SELECT max(g.floor_price_bp) FROM shops_farmerauthorization g
                 WHERE (g.farmer_id = l.farmer_id OR l.farmer_id IS NULL AND g.farmer_id IN (
                          SELECT x.farmer_id FROM orders_lotallocation x WHERE x.order_line_id = l.id))
                   AND g.status = 'granted' AND l.live_session_id IS NOT NULL)
            OR coalesce(-sum(e.amount_fen) FILTER (WHERE a.id IS NOT NULL), 0) <> l.total_fen - (
                 SELECT coalesce(sum(c.amount_fen), 0) FROM orders_commissionline c
                 WHERE c.order_line_id = l.id)
    """,
    "a farmer of a pool who got another part than the lots say": """
        SELECT x.order_line_id, x.farmer_id FROM orders_lotallocation x
        WHERE x.gross_fen IS NOT NULL
        GROUP BY 1, 2
        HAVING sum(x.gross_fen - x.host_fen - x.platform_fen) <> (
          SELECT coalesce(-sum(e.amount_fen), 0) FROM ledger_ledgerentry e
          JOIN ledger_ledgertransaction t ON t.id = e.transaction_id AND t.kind = 'completion'
          JOIN ledger_ledgeraccount a ON a.id = e.account_id AND a.purpose = 'farmer_payable'
          WHERE e.source = 'order_line:' || x.order_line_id AND a.owner_id = x.farmer_id)
    """,
    "units of a lot that are promised more than once": """
        SELECT x.lot_id FROM orders_lotallocation x JOIN shops_lot b ON b.id = x.lot_id
        GROUP BY x.lot_id, b.quantity HAVING sum(x.quantity - x.moved - x.returned) > b.quantity
    """,
    "money of buyers that the book does not hold for them until it is shared out or sent back": """
        SELECT 1 WHERE (
          SELECT -coalesce(sum(e.amount_fen), 0) FROM ledger_ledgerentry e
          JOIN ledger_ledgeraccount a ON a.id = e.account_id AND a.purpose = 'buyer_held'
          JOIN ledger_ledgertransaction t ON t.id = e.transaction_id
          WHERE t.kind IN ('payment', 'completion', 'after_sale', 'refund', 'gift_returned')
        ) <> (SELECT sum(CASE WHEN status = 'completed' THEN refund_requested_fen ELSE captured_fen END)
              FROM orders_order)
           - (SELECT coalesce(sum(amount_fen), 0) FROM orders_refundrequest WHERE status = 'refunded')
           + (SELECT coalesce(sum(amount_fen), 0) FROM livestreams_gift WHERE status = 'returning')
    """,
    "a refund that somebody else bears than the case says": """
        SELECT al.id FROM orders_aftersaleline al
        JOIN orders_aftersalecase c ON c.id = al.case_id
        JOIN orders_orderline l ON l.id = al.order_line_id
        JOIN ledger_ledgertransaction t ON t.key = 'after_sale:' || c.id
        LEFT JOIN ledger_ledgerentry e ON e.transaction_id = t.id AND e.source = 'order_line:' || l.id
        LEFT JOIN ledger_ledgeraccount a ON a.id = e.account_id
        LEFT JOIN LATERAL (
          SELECT sum(r.amount_fen) AS given, sum(r.amount_fen) FILTER (WHERE k.kind = 'platform') AS fee
          FROM orders_commissionreturn r JOIN orders_commissionline k ON k.id = r.commission_id
          WHERE r.line_id = al.id
        ) back ON true
        GROUP BY al.id, c.id, l.id, back.given, back.fee
        HAVING coalesce(sum(e.amount_fen) FILTER (WHERE a.purpose = CASE
              WHEN NOT c.is_restocked AND al.cost_bearer = 'platform' THEN 'platform_fee'
              WHEN NOT c.is_restocked AND al.cost_bearer = 'carrier' THEN 'carrier_claim'
              WHEN (c.is_restocked OR al.cost_bearer = 'farmer')
                AND (l.farmer_id IS NOT NULL OR l.term_sheet_id IS NOT NULL) THEN 'farmer_payable'
              ELSE 'shop_payable' END
            AND (a.purpose <> 'farmer_payable' OR l.farmer_id IS NULL OR a.owner_id = l.farmer_id)), 0)
          <> al.amount_fen + al.discount_fen - coalesce(back.given, 0)
           + CASE WHEN NOT c.is_restocked AND al.cost_bearer = 'platform'
                  THEN coalesce(back.fee, 0) ELSE 0 END
    """,
    "a farmer of a pool who bears another part than that of the lots": """
        SELECT r.line_id, x.farmer_id FROM orders_lotreturn r
        JOIN orders_lotallocation x ON x.id = r.allocation_id
        JOIN orders_aftersaleline al ON al.id = r.line_id
        JOIN orders_aftersalecase c ON c.id = al.case_id AND (c.is_restocked OR al.cost_bearer = 'farmer')
        JOIN ledger_ledgertransaction t ON t.key = 'after_sale:' || c.id
        GROUP BY r.line_id, x.farmer_id, t.id, al.order_line_id
        HAVING sum(r.amount_fen) <> (
          SELECT coalesce(sum(e.amount_fen), 0) FROM ledger_ledgerentry e
          JOIN ledger_ledgeraccount a ON a.id = e.account_id AND a.purpose = 'farmer_payable'
          WHERE e.transaction_id = t.id AND e.source = 'order_line:' || al.order_line_id
            AND a.owner_id = x.farmer_id)
    """,
    "a farmer of a pool whose part is further from the units than a fen": """
        SELECT x.id FROM orders_lotallocation x JOIN orders_orderline l ON l.id = x.order_line_id
        LEFT JOIN (SELECT order_line_id, sum(amount_fen) AS fen FROM orders_commissionline GROUP BY 1) c
          ON c.order_line_id = l.id
        WHERE x.gross_fen IS NOT NULL
          AND abs((x.gross_fen - x.host_fen - x.platform_fen) * l.quantity
                  - (l.total_fen - coalesce(c.fen, 0)) * (x.quantity - x.moved)) >= l.quantity
    """,
    "a lot that has other units than its buyers left, or a pool with another stock than its lots": """
        SELECT b.id FROM shops_lot b JOIN shops_allocationpolicy p ON p.variant_id = b.variant_id
        LEFT JOIN orders_lotallocation x ON x.lot_id = b.id
        GROUP BY b.id HAVING b.taken <> coalesce(sum(x.quantity - x.moved - x.returned), 0)
        UNION ALL
        SELECT s.variant_id FROM shops_variantstock s JOIN shops_lot b ON b.variant_id = s.variant_id
        JOIN shops_allocationpolicy p ON p.variant_id = b.variant_id
        GROUP BY s.variant_id
        HAVING s.available + s.reserved + s.in_deals <>
          coalesce(sum(b.quantity - b.taken - b.lost) FILTER (WHERE b.status IN ('available', 'depleted')), 0)
    """,
    "a coupon that somebody else pays than it names": """
        SELECT o.id FROM orders_order o
        JOIN ledger_ledgertransaction t ON t.key = 'completion:' || o.id
        JOIN orders_couponclaim m ON m.id = o.coupon_id
        JOIN orders_couponcampaign k ON k.id = m.campaign_id
        LEFT JOIN ledger_ledgerentry e ON e.transaction_id = t.id AND e.amount_fen > 0
        LEFT JOIN ledger_ledgeraccount a ON a.id = e.account_id
          AND a.purpose IN ('coupon_cost', 'platform_coupon')
        GROUP BY o.id, k.id
        HAVING coalesce(sum(e.amount_fen) FILTER (WHERE a.id IS NOT NULL AND (a.owner_kind, a.owner_id) =
            (CASE k.cost_bearer WHEN 'platform' THEN 'system' ELSE k.cost_bearer END,
             CASE k.cost_bearer WHEN 'host' THEN k.host_id WHEN 'shop' THEN k.shop_id ELSE 0 END)), 0)
          <> o.discount_fen
    """,
    "a gift of which its host has another part than the list promised": """
        SELECT g.id FROM livestreams_gift g JOIN livestreams_giftkind k ON k.id = g.kind_id
        LEFT JOIN ledger_ledgerentry e ON e.source = 'gift:' || g.id
        LEFT JOIN ledger_ledgeraccount a ON a.id = e.account_id AND a.purpose = 'host_payable'
          AND (a.owner_kind, a.owner_id) = ('host', g.host_id)
        GROUP BY g.id, k.id
        HAVING coalesce(-sum(e.amount_fen) FILTER (WHERE a.id IS NOT NULL), 0) <> CASE g.status
            WHEN 'paid' THEN g.quantity * k.price_fen - g.quantity * k.price_fen * k.platform_bp / 10000
            ELSE 0 END
    """,
    "a paid line of a pool whose lots are not its units": """
        SELECT l.id FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
        JOIN orders_lotallocation x ON x.order_line_id = l.id
        WHERE l.term_sheet_id IS NOT NULL AND o.status IN ('paid', 'shipped', 'delivered', 'completed')
        GROUP BY l.id HAVING sum(x.quantity - x.moved) <> l.quantity
    """,
    "a case that took more from anybody than the sale gave": """
        SELECT c.id FROM orders_commissionline c JOIN orders_commissionreturn r ON r.commission_id = c.id
        GROUP BY c.id HAVING sum(r.amount_fen) > c.amount_fen
    """,
    "a line whose farmer lost more by cases than the sale brought": """
        SELECT e.source, a.owner_id FROM ledger_ledgerentry e
        JOIN ledger_ledgertransaction t ON t.id = e.transaction_id AND t.kind IN ('completion', 'after_sale')
        JOIN ledger_ledgeraccount a ON a.id = e.account_id AND a.purpose = 'farmer_payable'
        GROUP BY 1, 2 HAVING sum(e.amount_fen) > 0
    """,
}
_ASKED = " UNION ALL ".join(
    f"SELECT {number}, (SELECT count(*) FROM ({question}) found)"
    for number, question in enumerate(QUESTIONS.values())
)
# To plan them takes ten times as long as to answer them: planned once in each connection.
_PLACES = {"owed": "$1", "sent": "$2", "payouts": "$3", "left": "$4"}
_PLAN = "PREPARE truths (text[], text[], text[], bigint[]) AS " + _ASKED % _PLACES
_IS_PLANNED = (
    "SELECT EXISTS (SELECT 1 FROM pg_prepared_statements WHERE name = 'truths'),"
    " set_config('plan_cache_mode', 'force_generic_plan', true)"
)


def contradictions(left: Mapping[int, int]) -> list[str]:
    """Return what was found; `left` is what bank, provider and till know."""
    values = [list(OWED), list(SENT), [f"payout:{pk}" for pk in left], list(left.values())]
    with connection.cursor() as cursor:
        cursor.execute(_IS_PLANNED)
        if not cursor.fetchone()[0]:
            cursor.execute(_PLAN)
        cursor.execute("EXECUTE truths (%s, %s, %s, %s)", values)
        names = list(QUESTIONS)
        return [names[number] for number, count in cursor.fetchall() if count]


class Truths(MoneyDay):
    """Book, tallies, payouts."""

    @invariant()
    def nothing_contradicts_itself(self):
        if not self.writes.pop("any", False):
            return  # the step has only looked
        found = contradictions(self.left)
        assert not found, found
        self.tallies_are_as_they_were()

    def tallies_are_as_they_were(self) -> None:
        """Closed stays closed."""
        tallies = {one.pk: frozen(one) for one in PayoutStatement.objects.filter(pk__in=self.sealed)}
        assert tallies == self.sealed, "a tally was changed"

    def all_is_well_at_last(self) -> None:
        """Every seal still fits what its tally says."""
        for statement in PayoutStatement.objects.select_related("period"):
            assert is_unaltered(statement)
