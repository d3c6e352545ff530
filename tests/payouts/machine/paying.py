"""Rules of paying and of correcting the book: always two people."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from ledger.models import LedgerAccount, LedgerAdjustment, LedgerTransaction
from ledger.services.adjusting import (
    ProposedLine,
    approve_adjustment,
    propose_adjustment,
    propose_reversal,
    reject_adjustment,
)
from orders.models import Order
from payouts.models import Payout
from payouts.services.paying import approve_payout, fail_payout, mark_paid, note_hand_return
from tests.payouts.machine.village import PICK, WHO, MoneyDay


class Paying(MoneyDay):
    """The market's two operators."""

    @rule(which=PICK, who=WHO)
    def approve(self, which, who):
        payout = self.one(which, Payout.objects.filter(status__in=["pending", "failed"]))
        if payout is None:
            return
        actor = self.village.operators[who]
        if self.in_run(payout):
            with self.refused("in_run"):
                approve_payout(actor=actor, payout_id=payout.pk, now=self.now)
        elif payout.statement.status == "disputed":
            with self.refused("statement_questioned"):
                approve_payout(actor=actor, payout_id=payout.pk, now=self.now)
        elif not self.payable(payout):
            with self.refused("not_payable"):
                approve_payout(actor=actor, payout_id=payout.pk, now=self.now)
        else:
            approve_payout(actor=actor, payout_id=payout.pk, now=self.now)

    @rule(which=PICK, who=WHO)
    def pay(self, which, who):
        payout = self.one(which, Payout.objects.filter(status="processing"))
        if payout is None:
            return
        actor = self.village.operators[who]
        wrong = self.wrong_by_hand(payout, actor)
        if wrong:
            with self.refused(wrong):
                mark_paid(actor=actor, payout_id=payout.pk, reference="1", now=self.now)
            return
        mark_paid(actor=actor, payout_id=payout.pk, reference=f"B{payout.pk}", now=self.now)
        self.left[payout.pk] += payout.amount_fen

    @rule(which=PICK, who=WHO)
    def pay_again(self, which, who):
        payout = self.one(which, Payout.objects.filter(status="paid"))
        if payout:
            with self.refused("move_refused"):
                mark_paid(
                    actor=self.village.operators[who], payout_id=payout.pk, reference="again", now=self.now
                )

    @rule(which=PICK)
    def bank_says_no(self, which):
        payout = self.one(which, Payout.objects.filter(status="processing"))
        if payout and not self.in_run(payout):
            fail_payout(actor=self.village.operators[0], payout_id=payout.pk, reason="卡号不对", now=self.now)

    def wrong_by_hand(self, payout: Payout, actor) -> str:
        """Why it may not be paid by hand now."""
        if self.in_run(payout):
            return "in_run"
        if payout.approved_by == actor:
            return "second_person_needed"
        if payout.statement.status == "disputed":
            return "statement_questioned"
        return "cash_in_run" if payout.method == "cash" else ""

    @rule(which=PICK, who=WHO)
    def what_was_paid_by_hand_comes_back(self, which, who):
        payout = self.one(which, Payout.objects.filter(status="paid"))
        if payout is None:
            return
        asked = {
            "actor": self.village.operators[who], "payout_id": payout.pk, "reason": "退票", "now": self.now
        }  # fmt: skip
        if payout.transfers.filter(status="paid").exists():
            with self.refused("move_refused"):
                note_hand_return(**asked)
            return
        note_hand_return(**asked)
        self.left[payout.pk] -= payout.amount_fen
        payout.refresh_from_db()
        assert payout.status == "failed"

    def in_run(self, payout: Payout) -> bool:
        """It is in a run that has not done with it: nobody touches it by hand."""
        return payout.transfers.filter(status__in=["held", "ready", "sending"]).exists()

    @rule(which=PICK, who=WHO, order=PICK, fen=st.integers(-50_000, 50_000).filter(bool))
    def propose_a_correction(self, which, who, order, fen):
        account = self.one(which, LedgerAccount.objects.filter(owner_kind__in=["farmer", "host", "shop"]))
        fee = LedgerAccount.objects.filter(purpose="platform_fee").first()
        document = self.one(order, Order.objects.filter(paid_at__isnull=False))
        if account and fee and document:
            lines = [
                ProposedLine(account.pk, fen, f"order:{document.pk}"), ProposedLine(fee.pk, -fen)
            ]  # fmt: skip
            propose_adjustment(actor=self.village.operators[who], lines=lines, reason="秤坏了", now=self.now)

    @rule(which=PICK, who=WHO)
    def propose_to_take_back(self, which, who):
        """A completion, or what a case took back."""
        taken = LedgerAdjustment.objects.filter(reverses__isnull=False, status__in=["proposed", "posted"])
        posted = LedgerTransaction.objects.filter(kind__in=["completion", "after_sale"], reversal_of=None)
        found = self.one(which, posted.exclude(pk__in=taken.values("reverses")))
        if found:
            propose_reversal(
                actor=self.village.operators[who], transaction_id=found.pk, reason="记错了", now=self.now
            )

    @rule(which=PICK, who=WHO)
    def second_person_posts(self, which, who):
        adjustment = self.one(which, LedgerAdjustment.objects.filter(status="proposed"))
        if adjustment is None:
            return
        actor = self.village.operators[who]
        if adjustment.proposed_by == actor:
            with self.refused("second_person_needed"):
                approve_adjustment(actor=actor, adjustment_id=adjustment.pk, now=self.now)
        else:
            approve_adjustment(actor=actor, adjustment_id=adjustment.pk, now=self.now)

    @rule(which=PICK, who=WHO)
    def second_person_turns_it_down(self, which, who):
        adjustment = self.one(which, LedgerAdjustment.objects.filter(status="proposed"))
        if adjustment:
            reject_adjustment(
                actor=self.village.operators[who],
                adjustment_id=adjustment.pk,
                reason="没有单据",
                now=self.now,
            )
