"""Rules of payout runs: two people, three ways out, and money that comes back."""

import contextlib
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from ledger.models import LedgerAccount
from payments.errors import GatewayUnavailable
from payouts.models import Payout, PayoutRun, PayoutTransfer
from payouts.services.banking import make_bank_file, take_bank_answer
from payouts.services.handing_out import hand_out
from payouts.services.keeping_accounts import confirm_account, write_account
from payouts.services.running import approve_run, cancel_run, leave_out, make_run, start_run
from payouts.services.transferring import ask_about, follow_transfers, note_returned, send_transfer
from tests.factories.runs import FACTS
from tests.factories.shops import make_photo
from tests.payouts.machine.outside import NEWS
from tests.payouts.machine.settling import OWED
from tests.payouts.machine.village import PICK, WHO, MoneyDay, key, payee_of

# Said here again on purpose.
OPEN = ("held", "ready", "sending")
MOSTLY = st.sampled_from([True, True, True, False])
STAGE = st.sampled_from([2, 2, 2, 1, 0])
ANSWERS = {"paid": "成功", "failed": "失败", "returned": "退票", "in_transit": "处理中"}


class Sending(MoneyDay):
    """Two operators, a bank, a provider and a till."""

    @initialize(which=PICK, is_closed=MOSTLY, is_run_made=MOSTLY, who=WHO, stage=STAGE)
    def a_week_is_over(self, which, is_closed, is_run_made, who, stage):
        """So that in most examples there is something to pay out, and in most of these a run that does it."""
        if is_closed:
            for kind in ("plain pool", "shown barley", "plain tea"):
                self.sell(kind, which)
            for shop in range(len(self.village.shops)):
                self.end_week(shop)
            if is_run_made:
                self.run_is_made(None, who, stage)

    @rule(shop=st.none() | PICK, who=WHO, stage=STAGE)
    def run_is_made(self, shop, who, stage):
        """All that waits is in it; often it is approved and started at once."""
        maker, checker = self.pair(who)
        waiting = Payout.objects.filter(status__in=["pending", "failed"]).exclude(transfers__status__in=OPEN)
        if shop is not None:
            shop = self.village.shops[shop % len(self.village.shops)].pk
            waiting = waiting.filter(statement__period__shop=shop)
        wanted = {payout.pk: self.payable(payout) for payout in waiting}
        asked = {"actor": maker, "idempotency_key": key(), "now": self.now, "shop_id": shop}
        if not wanted:
            with self.refused("nothing_to_pay"):
                make_run(**asked)
            return
        run, _ = make_run(**asked)
        found = run.transfers.values_list("payout", "status")
        assert dict(found) == {pk: "ready" if good else "held" for pk, good in wanted.items()}
        if stage and any(wanted.values()):
            self.approve_as(checker, run)
            if stage == 2:
                start_run(actor=maker, run_id=run.pk, now=self.now)

    @rule(which=PICK, who=WHO)
    def run_goes_on(self, which, who):
        run = self.one(which, PayoutRun.objects.filter(status__in=["draft", "approved"]))
        if run is None:
            return
        actor = self.village.operators[who]
        if run.status == "approved":
            start_run(actor=actor, run_id=run.pk, now=self.now)
        elif run.made_by == actor:
            with self.refused("other_checker_needed"):
                approve_run(actor=actor, run_id=run.pk, total_fen=self.total(run), now=self.now)
        elif not self.total(run):
            with self.refused("nothing_to_pay"):
                approve_run(actor=actor, run_id=run.pk, total_fen=0, now=self.now)
        else:
            with self.refused("run_changed"):
                approve_run(actor=actor, run_id=run.pk, total_fen=self.total(run) + 1, now=self.now)
            self.approve_as(actor, run)

    @rule(which=PICK, who=WHO)
    def run_is_called_off(self, which, who):
        run = self.one(which, PayoutRun.objects.exclude(status__in=["done", "cancelled"]))
        if run is None:
            return
        asked = {"actor": self.village.operators[who], "run_id": run.pk, "reason": "算错了", "now": self.now}
        if run.status == "sending":
            with self.refused("move_refused"):
                cancel_run(**asked)
            return
        held_back = list(run.transfers.filter(status__in=OPEN).values_list("payout", flat=True))
        cancel_run(**asked)
        assert not run.transfers.filter(status__in=OPEN).exists()
        assert not Payout.objects.filter(pk__in=held_back, status="processing").exists()

    @rule(which=PICK, who=WHO)
    def one_is_left_out(self, which, who):
        transfer = self.one(which, PayoutTransfer.objects.filter(status__in=["held", "ready"]))
        if transfer:
            leave_out(actor=self.village.operators[who], transfer_id=transfer.pk, reason="等等", now=self.now)
            transfer.payout.refresh_from_db()
            assert transfer.payout.status in ("pending", "failed")

    @rule(which=PICK, who=WHO, answer=st.sampled_from(list(ANSWERS)), twice=st.booleans())
    def bank_answers(self, which, who, answer, twice):
        """Its file is made first; the same answer may be brought in again."""
        actor = self.village.operators[who]
        waiting = PayoutTransfer.objects.filter(
            status__in=["ready", "sending"], way="bank", run__status="sending", run__file_made_at=None
        ) | PayoutTransfer.objects.filter(status="sending", way="bank", run__status="sending")
        transfer = self.one(which, waiting)
        if transfer is None:
            return
        is_good = transfer.status == "sending" or self.payable(transfer.payout)
        if transfer.status == "ready":
            ready = transfer.run.transfers.filter(way="bank", status="ready")
            if not any(self.payable(one.payout) for one in ready):
                return
            make_bank_file(actor=actor, run_id=transfer.run_id, layout="csv", now=self.now)
        transfer.refresh_from_db()
        assert transfer.status == ("sending" if is_good else "left_out")
        if not is_good:
            return
        row = f"{transfer.reference},{transfer.amount_fen / 100:.2f},{ANSWERS[answer]}"
        content = f"流水号,金额,结果\n{row}\n".encode()
        before = self.owed_to(transfer)
        for number in range(1 + twice):
            report = take_bank_answer(actor=actor, run_id=transfer.run_id, content=content, now=self.now)
            assert report.faults == []
            assert number == 0 or report.known + report.waiting == 1
        if answer == "paid":
            self.left[transfer.payout_id] += transfer.amount_fen
        transfer.refresh_from_db()
        assert transfer.status == {"in_transit": "sending"}.get(answer, answer)
        paid_fen = transfer.amount_fen if answer == "paid" else 0
        assert self.owed_to(transfer) == before - paid_fen

    @rule(which=PICK, news=st.sampled_from(NEWS))
    def worker_calls_the_provider(self, which, news):
        waiting = PayoutTransfer.objects.filter(
            status__in=["ready", "sending"], way="alipay", run__status="sending"
        )
        transfer = self.one(which, waiting)
        if transfer:
            self.provider.news = news
            with contextlib.suppress(GatewayUnavailable):
                send_transfer(transfer_id=transfer.pk, now=self.now)
            self.agrees_with_the_provider(transfer)

    @rule(news=st.sampled_from(NEWS), is_accepted=st.booleans())
    def worker_looks_after_transfers(self, news, is_accepted):
        """An hour later; the payee has looked at their phone meanwhile, or let it lie."""
        self.shift += timedelta(hours=1)
        self.provider.news = news
        for reference, facts in self.provider.known.items():
            if facts.state == "in_transit":
                self.provider.move(reference, "paid" if is_accepted else "failed")
        open_ones = list(PayoutTransfer.objects.filter(
            status__in=["ready", "sending"], way="alipay", run__status="sending"
        ))  # fmt: skip
        follow_transfers(now=self.now)
        for transfer in open_ones:
            self.agrees_with_the_provider(transfer)

    @rule(which=PICK, who=WHO)
    def cash_is_counted_into_a_hand(self, which, who):
        transfer = self.one(which, PayoutTransfer.objects.filter(
            status="ready", way="cash", run__status="sending"
        ))  # fmt: skip
        if transfer is None:
            return
        actor = self.village.operators[who]
        receipt = make_photo(user=actor, is_private=True)
        asked = {
            "actor": actor, "transfer_id": transfer.pk, "receipt_id": receipt.pk, "number": "1",
            "now": self.now,
        }  # fmt: skip
        if transfer.payout.approved_by == actor:
            with self.refused("second_person_needed"):
                hand_out(**asked)
        elif not self.payable(transfer.payout):
            with self.refused("not_payable"):
                hand_out(**asked)
        else:
            hand_out(**asked)
            self.left[transfer.payout_id] += transfer.amount_fen
            with self.refused("move_refused"):
                hand_out(**asked)

    @rule(which=PICK, who=WHO, is_asked=st.booleans())
    def money_comes_back(self, which, who, is_asked):
        """It is owed again, to the fen, and comes back once."""
        transfer = self.one(which, PayoutTransfer.objects.filter(status="paid"))
        if transfer is None:
            return
        actor, before = self.village.operators[who], self.owed_to(transfer)
        if transfer.way == "alipay":
            self.provider.move(transfer.reference, "returned")
        if is_asked and transfer.way == "alipay":
            ask_about(actor=actor, transfer_id=transfer.pk, now=self.now)
        else:
            note_returned(actor=actor, transfer_id=transfer.pk, reason="销户", now=self.now)
        self.left[transfer.payout_id] -= transfer.amount_fen
        assert self.owed_to(transfer) == before + transfer.amount_fen
        assert Payout.objects.get(pk=transfer.payout_id).status == "failed"
        with self.refused("move_refused"):
            note_returned(actor=actor, transfer_id=transfer.pk, reason="又退", now=self.now)

    @rule(
        which=PICK,
        who=WHO,
        is_checked=st.sampled_from([True, True, True, False]),
        method=st.sampled_from(["bank", "alipay", "cash"]),
    )
    def account_is_written_anew(self, which, who, is_checked, method):
        """What was approved for the old one and has not left waits for a look again."""
        payee = self.village.payees[which % len(self.village.payees)]
        kind = type(payee).__name__.lower()
        waiting = [
            one for one in PayoutTransfer.objects.filter(status="ready").select_related("run")
            if payee_of(one.payout.statement) == (kind, payee.pk)
        ]  # fmt: skip
        writer, checker = self.pair(who)
        account = write_account(actor=writer, payee=payee, facts=FACTS[method], reason="换卡", now=self.now)
        for one in waiting:
            is_draft = one.run.status == "draft"
            one.refresh_from_db()
            assert (one.status, one.problem) == ("held" if is_draft else "left_out", "account_changed")
            assert one.payout.status in ("pending", "failed")
        if is_checked:
            confirm_account(actor=checker, account_id=account.pk, reason="身份证", now=self.now)

    def approve_as(self, checker, run: PayoutRun) -> None:
        ready = {one.payout_id for one in run.transfers.filter(status__in=OPEN) if self.payable(one.payout)}
        approve_run(actor=checker, run_id=run.pk, total_fen=self.total(run), now=self.now)
        found = Payout.objects.filter(transfers__run=run, transfers__status="ready", status="processing")
        assert set(found.values_list("pk", flat=True)) == ready

    def pair(self, who: int) -> tuple:
        return self.village.operators[who], self.village.operators[1 - who]

    def total(self, run: PayoutRun) -> int:
        """What of it can be paid now, in fen."""
        transfers = run.transfers.filter(status__in=OPEN).select_related("payout__statement")
        return sum(one.payout.amount_fen for one in transfers if self.payable(one.payout))

    def owed_to(self, transfer: PayoutTransfer) -> int:
        """What the book owes the payee of a transfer in all, in fen."""
        kind, pk = payee_of(transfer.payout.statement)
        owed = LedgerAccount.objects.filter(purpose__in=OWED, owner_kind=kind, owner_id=pk)
        return -sum(owed.values_list("balance_fen", flat=True))

    def agrees_with_the_provider(self, transfer: PayoutTransfer) -> None:
        """What we have written down is what happened there, or we still ask."""
        transfer.refresh_from_db()
        there, reference = self.provider.query(transfer.reference).state, transfer.reference
        assert self.provider.effects[reference] <= 1
        ours = PayoutTransfer.objects.filter(reference__in=self.provider.known)
        assert ours.count() == len(self.provider.known)
        if transfer.status == "sending":
            assert there in ("unknown", "in_transit") or self.provider.news == "answer lost"
        elif transfer.status == "paid":
            assert there == "paid"
            self.left[transfer.payout_id] += transfer.amount_fen
        elif transfer.status == "failed":
            assert there in ("unknown", "failed")
        else:
            assert (transfer.status, there) == ("left_out", "unknown")
