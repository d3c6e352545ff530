"""Rules of settling: periods end, are closed, closed again and half-way; payees agree or ask."""

from collections import defaultdict
from datetime import timedelta
from unittest import mock

from hypothesis import strategies as st
from hypothesis.stateful import rule

from ledger.models import LedgerEntry
from livestreams.models import Gift
from orders.models import Order
from payouts.models import PayoutStatement, SettlementPeriod, StatementLine, StatementQuestion
from payouts.services import closing
from payouts.services.questioning import accept_statement, answer_question, question_statement
from tests.payouts.machine.village import PICK, MoneyDay, payee_of

# Said here again on purpose: what the rules of the market owe to somebody, and what only sends it.
OWED = ("farmer_payable", "shop_payable", "host_payable", "freight_payable", "coupon_cost")
SENT = ("payout", "payout_returned")


class Killed(Exception):
    """The worker is gone."""


class Settling(MoneyDay):
    """The end of a week."""

    def closed_now(self, period: SettlementPeriod) -> None:
        """Compare a period that was just closed with the book, entry by entry."""
        period.refresh_from_db()
        assert period.status == "closed"
        expected: dict[tuple[str, int], int] = defaultdict(int)
        entries = []
        settled = self.settled.pop(period.pk, {})
        for entry in owed_entries().exclude(pk__in=self.claimed):
            payee = (entry.account.owner_kind, entry.account.owner_id)
            if self.shop_of(entry) != period.shop_id or entry.transaction.posted_at >= period.ends_at:
                continue
            if entry.pk > settled.get(payee, entry.pk):
                continue  # the payee's tally had been made when a worker was killed: into the next one
            expected[payee] -= entry.amount_fen
            entries.append(entry.pk)
        statements = list(period.statements.all())
        found = {payee_of(one): one.net_fen - one.carried_fen for one in statements}
        assert found == expected
        lines = StatementLine.objects.filter(statement__period=period)
        claims = dict(lines.values_list("entry", "statement"))
        assert sorted(claims) == sorted(entries)
        self.claimed |= claims
        for one in statements:
            self.sealed[one.pk] = frozen(one)
            # Nothing is owed twice: a debt is carried into the very next tally of the payee in this shop.
            # Looked for before this period: the beat may have closed the next one in the same round.
            own = PayoutStatement.objects.filter(
                period__shop=period.shop_id, period__starts_at__lt=period.starts_at,
                farmer=one.farmer_id, host=one.host_id, payee_shop=one.payee_shop_id,
            )  # fmt: skip
            last = own.order_by("-period__ends_at", "-pk").first()
            owed = last.net_fen if last is not None and last.net_fen < 0 else 0
            assert one.carried_fen == owed
            assert hasattr(one, "payout") == (one.net_fen > 0)

    def shop_of(self, entry: LedgerEntry) -> int:
        """Return whose period an entry belongs to, by the document that it names."""
        if entry.source not in self.shops:
            kind, _, pk = entry.source.partition(":")
            found = {
                "order": Order.objects.filter(pk=pk).values_list("shop", flat=True),
                "order_line": Order.objects.filter(lines=pk).values_list("shop", flat=True),
                "gift": Gift.objects.filter(pk=pk).values_list("session__shop", flat=True),
            }[kind]
            self.shops[entry.source] = found.get()
        return self.shops[entry.source]

    def shop_period(self, which: int) -> SettlementPeriod:
        """Return the open period of one of the shops."""
        shops = self.village.shops
        return SettlementPeriod.objects.get(shop=shops[which % len(shops)], status="open")

    @rule(days=st.integers(1, 9))
    def days_go_by(self, days):
        self.shift += timedelta(days=days)

    @rule()
    def beat_closes_what_is_due(self):
        due = list(SettlementPeriod.objects.exclude(status="closed").filter(ends_at__lte=self.now))
        halfway = list(SettlementPeriod.objects.filter(status="closing"))

        closed = closing.close_due_periods(now=self.now)

        assert {period.pk for period in [*due, *halfway]} == set(closed)
        for period in SettlementPeriod.objects.filter(pk__in=closed).order_by("ends_at", "pk"):
            self.closed_now(period)

    @rule(which=PICK)
    def week_ends(self, which):
        self.end_week(which)

    def end_week(self, which: int) -> None:
        """Close the open period of one of the shops at its end."""
        period = self.shop_period(which)
        self.shift = max(self.shift, period.ends_at - self.now + self.shift + timedelta(minutes=1))
        self.finish_halfway()
        closing.close_period(period=period, now=self.now)
        self.closed_now(period)

    @rule(which=PICK)
    def operator_ends_it_early(self, which):
        period = self.shop_period(which)
        self.finish_halfway()
        if period.starts_at >= self.now:
            return
        closing.begin_early_close(
            actor=self.village.operators[0], period_id=period.pk, now=self.now, reason="赶集"
        )
        closing.close_period(period=period, now=self.now)
        self.closed_now(period)

    @rule(
        which=PICK, after=st.integers(0, 3), place=st.sampled_from(["_settle", "write_statement", "_finish"])
    )
    def worker_is_killed_while_closing(self, which, after, place):
        """What a payee's transaction has not finished is undone; the rest stays until somebody goes on."""
        period = self.shop_period(which)
        self.shift = max(self.shift, period.ends_at - self.now + self.shift + timedelta(minutes=1))
        self.finish_halfway()
        real, calls = getattr(closing, place), []

        def dies(*args, **kwargs):
            if len(calls) >= (0 if place == "_finish" else after):
                raise Killed
            calls.append(1)
            return real(*args, **kwargs)

        with mock.patch.object(closing, place, dies):
            try:
                closing.close_period(period=period, now=self.now)
            except Killed:
                last = LedgerEntry.objects.latest("pk").pk
                self.settled[period.pk] = {payee_of(one): last for one in period.statements.all()}
                return
        self.closed_now(period)

    def finish_halfway(self) -> None:
        """Go on where a worker was killed."""
        for period in SettlementPeriod.objects.filter(status="closing").order_by("ends_at", "pk"):
            closing.close_period(period=period, now=self.now)
            self.closed_now(period)

    @rule(which=PICK)
    def somebody_closes_again(self, which):
        period = self.one(which, SettlementPeriod.objects.filter(status="closed"))
        if period:
            before = self.everything()
            closing.close_period(period=period, now=self.now)
            assert self.everything() == before

    @rule(which=PICK)
    def nothing_closes_before_its_end(self, which):
        period = self.shop_period(which)
        with self.refused("move_refused"):
            closing.close_period(period=period, now=period.ends_at - timedelta(seconds=1))

    @rule(which=PICK, text=st.sampled_from(["少了一箱", "斤两不对"]))
    def payee_asks(self, which, text):
        statement = self.one(which, PayoutStatement.objects.filter(status="issued", farmer__isnull=False))
        if statement:
            seller = self.village.sellers[statement.period.shop_id]
            question_statement(actor=seller, statement_id=statement.pk, text=text, now=self.now)

    @rule(which=PICK)
    def market_answers(self, which):
        question = self.one(which, StatementQuestion.objects.filter(answered_at=None))
        if question:
            answer_question(
                actor=self.village.operators[1], question_id=question.pk, answer="下期补上", now=self.now
            )

    @rule(which=PICK)
    def payee_agrees(self, which):
        statement = self.one(which, PayoutStatement.objects.filter(farmer__isnull=False))
        if statement is None:
            return
        seller = self.village.sellers[statement.period.shop_id]
        if statement.status == "disputed":
            with self.refused("move_refused"):
                accept_statement(actor=seller, statement_id=statement.pk, now=self.now)
        else:
            accept_statement(actor=seller, statement_id=statement.pk, now=self.now)


def owed_entries():
    """Return every entry by which the market owes somebody more or less."""
    entries = LedgerEntry.objects.filter(account__purpose__in=OWED).exclude(transaction__kind__in=SENT)
    return entries.select_related("account", "transaction").order_by("pk")


def frozen(statement: PayoutStatement) -> tuple:
    """Return what may never change once a tally is made."""
    return (
        statement.code, statement.payee_name, statement.gross_fen, statement.commission_fen,
        statement.platform_fee_fen, statement.freight_fen, statement.coupon_fen, statement.refund_fen,
        statement.gift_fen, statement.correction_fen, statement.carried_fen, statement.net_fen,
        statement.seal,
    )  # fmt: skip
