"""What the market takes out of its balance at a provider: said by one operator, posted by another."""

from datetime import timedelta

import pytest

from common.clock import utc_now
from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from ledger.errors import SecondApproverNeeded
from ledger.models import LedgerAdjustment, LedgerTransaction
from ledger.selectors import balance_of, trial_balance
from ledger.services.adjusting import approve_adjustment, reject_adjustment
from payments.models import ProviderBillLine
from payments.services.billing import import_bill
from payments.services.withdrawing import propose_bank_transfer
from payouts.models import PayoutTransfer
from tests.backoffice.test_reconciling_bills import bring, day, found
from tests.factories.payouts import close_week, make_completed
from tests.factories.providers import providers, providers_process
from tests.factories.runs import make_account, started_run, transfer_of
from tests.factories.shops import make_person
from tests.payments.test_bill_files import AT, DAY
from tests.providersim import bills

__all__ = ["day", "providers", "providers_process"]
pytestmark = pytest.mark.django_db
NEXT = DAY + timedelta(days=1)


def funds_of(day, *others) -> bytes:
    return bills.wechat_funds([day["rows"][0] | {"at": AT + timedelta(days=1)}], others)


@pytest.fixture
def line(day) -> ProviderBillLine:
    return bring(funds_of(day, ("T1", "提现", 5000)), kind="funds", day=NEXT).lines.get(kind="other")


@pytest.fixture
def second(db):
    return make_person(name="复核员", phone="13800000099", is_staff=True)


def propose(actor, line, reason="to the bank"):
    return propose_bank_transfer(actor=actor, line_id=line.pk, reason=reason, now=utc_now())


def test_a_withdrawal_is_said_by_one_posted_by_another_and_no_difference_is_left(line, operator, second):
    cash, bank = balance_of(purpose="cash"), balance_of(purpose="bank")

    proposed = propose(operator, line)

    assert (balance_of(purpose="cash"), balance_of(purpose="bank")) == (cash, bank)
    assert found() == [("bill_other_movement", f"provider_bill_line:{line.pk}", "0", "-5000")]
    approve_adjustment(actor=second, adjustment_id=proposed.pk, now=utc_now())
    assert (balance_of(purpose="cash"), balance_of(purpose="bank")) == (cash - 5000, bank + 5000)
    assert found() == [] and trial_balance().is_right
    with pytest.raises(MoveRefused):
        propose(operator, line)


def test_who_said_it_does_not_post_it(line, operator):
    proposed = propose(operator, line)

    with pytest.raises(SecondApproverNeeded):
        approve_adjustment(actor=operator, adjustment_id=proposed.pk, now=utc_now())

    assert not LedgerTransaction.objects.filter(kind="adjustment").exists()


def test_it_is_said_once_until_it_was_turned_down(line, operator, second):
    proposed = propose(operator, line)
    with pytest.raises(MoveRefused):
        propose(second, line)
    reject_adjustment(actor=second, adjustment_id=proposed.pk, reason="not there", now=utc_now())

    again = propose(second, line)

    approve_adjustment(actor=operator, adjustment_id=again.pk, now=utc_now())
    assert LedgerTransaction.objects.filter(kind="adjustment").count() == 1


def test_what_is_no_withdrawal_is_refused(line, day, operator, zoya):
    sale = day["funds"].lines.get(kind="payment")
    for actor, subject, reason, refusal in (
        (zoya, line, "x", NotAllowed), (operator, sale, "x", MoveRefused), (operator, line, " ", Invalid),
    ):  # fmt: skip
        with pytest.raises(refusal):
            propose(actor, subject, reason)
    with pytest.raises(NotFound):
        propose_bank_transfer(actor=operator, line_id=0, reason="x", now=utc_now())

    assert not LedgerAdjustment.objects.exists()


def test_another_version_of_the_bill_neither_asks_nor_posts_again(line, day, operator, second):
    approve_adjustment(actor=second, adjustment_id=propose(operator, line).pk, now=utc_now())
    newer = import_bill(
        gateway="wechatpay", kind="funds", day=NEXT, now=utc_now(), actor=operator, reason="a row more",
        content=funds_of(day, ("T1", "提现", 5000), ("T2", "提现", 300)),
    )  # fmt: skip
    old, new = newer.lines.filter(kind="other").order_by("position")

    assert found() == [("bill_other_movement", f"provider_bill_line:{new.pk}", "0", "-300")]
    for subject in (line, old):
        with pytest.raises(MoveRefused):
            propose(operator, subject)
    assert LedgerAdjustment.objects.count() == 1


def test_the_button_proposes_and_the_book_waits(client, line, operator):
    client.force_login(operator)
    page = f"/admin/payments/providerbillline/{line.pk}"

    answer = client.post(f"{page}/move/bank/", {"reason": "to the bank"}, follow=True)

    assert answer.status_code == 200
    assert LedgerAdjustment.objects.get().status == "proposed"
    assert not LedgerTransaction.objects.filter(kind="adjustment").exists()


def paid_out(market, arun, mei, operator, checker, now) -> PayoutTransfer:
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    close_week(shop=market.shop, now=now)
    make_account(payee=market.farmer, writer=operator, checker=checker, now=now, method="wechat")
    return transfer_of(started_run(maker=operator, checker=checker, now=now), farmer=market.farmer)


def test_a_payout_of_ours_on_the_bill_is_known_once(market, day, arun, mei, operator, second, settings):
    settings.PAYOUT_WAYS = ["wechat"]
    transfer = paid_out(market, arun, mei, operator, second, utc_now())
    PayoutTransfer.objects.filter(pk=transfer.pk).update(status="paid", provider_reference="7001")

    bill = bring(
        funds_of(day, ("7001", "商家转账", 6596), ("7001", "商家转账", 6596), ("7002", "商家转账", 6596)),
        kind="funds", day=NEXT,
    )  # fmt: skip

    twice, foreign = bill.lines.filter(kind="other").order_by("position")[1:]
    assert found() == sorted(
        ("bill_other_movement", f"provider_bill_line:{one.pk}", "0", "-6596") for one in (twice, foreign)
    )
