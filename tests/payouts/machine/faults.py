"""How a service does wrong: each takes the real function and returns the faulty one."""

import itertools
from dataclasses import replace

from django.db import connection

from ledger.services.posting import Posting
from ledger.statuses import Kind, Purpose


def refund_from_the_till(real):
    def postings(case, order):
        first, *rest = real(case, order)
        return [Posting(Purpose.CASH, first.amount_fen, first.source), *rest]

    return postings


def under_a_fresh_key(real):
    numbers = itertools.count()

    def post(*, key, **given):
        return real(key=f"{key}:{next(numbers)}" if given["kind"] == Kind.AFTER_SALE else key, **given)

    return post


def nobody(_real):
    return lambda bearer: None


def all_of_every_commission(real):
    def parts_of(line):
        discount_fen, parts = real(line)
        return discount_fen, [(one, one.amount_fen) for one, _ in parts]

    return parts_of


def two_fen_for_the_neighbour(real):
    def shares_of(line):
        first, *others = real(line)
        if not others:
            return [first]
        *others, last = others
        return [
            replace(first, farmer_fen=first.farmer_fen + 2), *others,
            replace(last, farmer_fen=last.farmer_fen - 2),
        ]  # fmt: skip

    return shares_of


def each_for_the_next(real):
    """Everybody's sum on the neighbour's account."""

    def postings(line):
        found = real(line)
        return [
            replace(one, owner_id=other.owner_id)
            for one, other in zip(found, [*found[1:], *found[:1]], strict=True)
        ]

    return postings


def one_unit_too_few(real):
    def take(shares):
        first, *rest = list(shares)
        real([replace(first, units=first.units - 1), *rest])

    return take


def paid_by_the_market(_real):
    def postings(order):
        lines = order.lines.filter(discount_fen__gt=0)
        return [
            Posting(Purpose.PLATFORM_COUPON, line.discount_fen, f"order_line:{line.pk}") for line in lines
        ]

    return postings


def without_the_last_line(real):
    def gather(**given):
        payees = real(**given)
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM payouts_claim WHERE entry_id = (SELECT max(entry_id) FROM payouts_claim)"
            )
        return payees

    return gather


def without_debts(real):
    return lambda **given: [replace(one, debt=None) for one in real(**given)]


def a_fen_more(real):
    """Earned, and a fen more of commission: the tally adds up, but not to its lines."""

    def write(*, statement, **given):
        statement.gross_fen += 1
        statement.commission_fen += 1
        return real(statement=statement, **given)

    return write


def with_lines_of_the_neighbour(real):
    def gather(**given):
        payees = real(**given)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE payouts_claim SET owner_id = o.lowest + o.highest - owner_id FROM (SELECT"
                " min(owner_id) AS lowest, max(owner_id) AS highest FROM payouts_claim"
                " WHERE owner_kind = 'farmer') o WHERE owner_kind = 'farmer'"
            )
        return payees

    return gather


def from_the_neighbours_account(real):
    def postings_of(payout, paid_from):
        return [
            replace(one, owner_id=one.owner_id + 1) if one.owner_kind == "farmer" else one
            for one in real(payout, paid_from)
        ]

    return postings_of


def never(kind):
    def change(real):
        return lambda *, key, **given: None if given["kind"] == kind else real(key=key, **given)

    return change


def posted_twice(kind):
    def change(real):
        def post(*, key, **given):
            if given["kind"] == kind:
                real(key=f"{key}:again", **given | {"reversal_of": None})
            return real(key=key, **given)

        return post

    return change


def under_a_fresh_number(real):
    numbers = itertools.count()

    def wish_of(transfer):
        wish = real(transfer)
        return replace(wish, reference=f"{wish.reference}{next(numbers)}")

    return wish_of


def all_but_the_last(real):
    def bought_of(lot):
        rows = real(lot)
        last = rows.order_by("pk").last()
        return rows.exclude(order_line=last.order_line) if last else rows

    return bought_of


def paid_by_the_farmer(_real):
    def postings(order):
        lines = order.lines.filter(discount_fen__gt=0)
        return [
            Posting(
                Purpose.FARMER_PAYABLE, line.discount_fen, f"order_line:{line.pk}", "farmer", line.farmer_id
            )
            for line in lines
        ]

    return postings


def with_a_fine(real):
    def postings(line, case, order):
        sold, source = line.order_line, f"order_line:{line.order_line_id}"
        farmer = sold.farmer_id or sold.allocations.first().farmer_id
        return [
            *real(line, case, order),
            Posting(Purpose.FARMER_PAYABLE, sold.total_fen, source, "farmer", farmer),
            Posting(Purpose.PLATFORM_FEE, -sold.total_fen, source),
        ]

    return postings


def all_but_one_unit(real):
    def take(decisions, reason, now):
        short = []
        for one in decisions:
            first, *rest = one.shares
            short.append(replace(one, shares=[replace(first, units=first.units - 1), *rest]))
        real(short, reason, now)

    return take


def of_the_other_lot(real):
    def made(_cls, *, order_line, lot_id, **given):
        other = order_line.variant.lots.exclude(pk=lot_id).get()
        return real(order_line=order_line, lot=other, **given)

    return type("LotAllocation", (), {"objects": real.objects, "__new__": made})


def without_the_last_entry(real):
    class Entries:
        @staticmethod
        def bulk_create(rows):
            return real.objects.bulk_create(list(rows)[:-1])

    return type("LedgerEntry", (), {"objects": Entries, "__new__": lambda _cls, **given: real(**given)})


def nothing(_real):
    return lambda *args, **kwargs: 0


def far_too_cheap(real):
    def read_source(*args, **given):
        return replace(real(*args, **given), live_price_fen=4_000)

    return read_source


def none_at_all(_real):
    return ()


def all_for_the_host(real):
    def shares_of(gift):
        host, market = real(gift)
        return [replace(host, amount_fen=host.amount_fen + market.amount_fen), replace(market, amount_fen=0)]

    return shares_of


def nobody_of(_real):
    """The market alone gives it back."""
    return lambda gift: [Posting(Purpose.PLATFORM_FEE, -gift.amount_fen, f"gift:{gift.pk}")]


def whatever_it_is(real):
    return lambda payment, *, now: real(payment, now=now) or True


def without_gifts(real):
    def gather(**given):
        payees = real(**given)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM payouts_claim WHERE kind = 'gift'")
        return payees

    return gather


def _rewritten(statement):
    """Change a tally as somebody would who can do anything at the database."""

    def tell(*, question, now):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(statement, [question.statement_id])
            cursor.execute("SET LOCAL session_replication_role = DEFAULT")

    return tell


def with_another_name(_real):
    return _rewritten("UPDATE payouts_payoutstatement SET payee_name = '别人' WHERE id = %s")


def with_another_order(_real):
    return _rewritten("UPDATE payouts_statementline SET order_number = 'x' WHERE statement_id = %s")
