"""What can be wrong between bills, payments and fees in the book: each is found, a clean day has none."""

from datetime import timedelta

import pytest

from backoffice.services.reconciling import reconcile
from common.clock import utc_now
from ledger.models import LedgerAccount, ReconciliationFinding
from ledger.services.adjusting import (
    ProposedLine,
    approve_adjustment,
    propose_adjustment,
    propose_reversal,
)
from payments.models import Payment, ProviderBill
from payments.services.billing import import_bill
from tests.backoffice.test_reconciling import forge
from tests.factories.orders import make_payment, place_one
from tests.factories.providers import providers, providers_process
from tests.factories.shops import make_person
from tests.payments.test_bill_files import AT, DAY
from tests.providersim import bills

__all__ = ["providers", "providers_process"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def day(market, arun, providers):
    """A payment, and both bills of its day."""
    payment = make_payment(
        group=place_one(buyer=arun, variant=market.variant).group, gateway="wechatpay", status="succeeded",
        reference="P20261120a", provider_reference="4200000001", succeeded_at=AT,
    )  # fmt: skip
    rows = [bills.row("payment", payment.reference, payment.provider_reference, payment.amount_fen, at=AT)]
    trade = bring(bills.wechat_trade(rows))
    funds = bring(bills.wechat_funds(rows), kind="funds")
    return {"payment": payment, "rows": rows, "trade": trade, "funds": funds}


def bring(content, *, kind="trade", day=DAY) -> ProviderBill:
    return import_bill(gateway="wechatpay", kind=kind, day=day, content=content, now=utc_now())


def found() -> list[tuple[str, str, str, str]]:
    reconcile(now=AT + timedelta(days=1))
    rows = ReconciliationFinding.objects.filter(job="provider_bills", resolved_at=None)
    return sorted(rows.values_list("kind", "subject", "expected", "found"))


def test_a_clean_day_has_no_difference(day):
    assert found() == []


def test_a_fee_that_is_not_in_the_book_is_found(day):
    forge(
        "UPDATE ledger_ledgertransaction SET key = 'lost' WHERE key = %s", f"provider_fee:{day['trade'].pk}"
    )

    assert found() == [("bill_fees", f"provider_bill:{day['trade'].pk}", "46", "0")]


def test_lines_that_no_longer_add_up_are_found(day):
    forge("UPDATE payments_providerbill SET paid_fen = paid_fen + 1 WHERE id = %s", day["trade"].pk)
    forge("UPDATE payments_providerbill SET paid_fen = paid_fen + 1 WHERE id = %s", day["funds"].pk)

    assert found() == sorted(
        ("bill_sums", f"provider_bill:{day[kind].pk}", "7555", "7554") for kind in ("trade", "funds")
    )


def test_movements_that_tell_other_sums_than_the_trades_are_found(day):
    forge("UPDATE payments_providerbill SET fee_fen = 47 WHERE id = %s", day["funds"].pk)
    forge("UPDATE payments_providerbillline SET fee_fen = 47 WHERE bill_id = %s AND kind = 'fee'",
          day["funds"].pk)  # fmt: skip

    assert found() == [("bill_funds", f"provider_bill:{day['funds'].pk}", "7554", "7553")]


def test_a_payment_that_two_bills_list_is_found(day):
    again = bring(
        bills.wechat_trade([day["rows"][0] | {"at": AT + timedelta(days=1)}]), day=DAY + timedelta(days=1)
    )

    assert found() == [("bill_twice", f"provider_bill_line:{again.lines.get().pk}", "1", "2")]


def test_a_payment_that_changed_after_its_bill_is_found(day):
    Payment.objects.filter(pk=day["payment"].pk).update(amount_fen=7500, status="failed")

    line, moved = (day[kind].lines.get(kind="payment").pk for kind in ("trade", "funds"))
    assert found() == sorted(
        [("bill_amount", f"provider_bill_line:{pk}", "7500", "7600") for pk in (line, moved)]
        + [("bill_state", f"provider_bill_line:{pk}", "0", "7600") for pk in (line, moved)]
    )


def test_a_line_that_nothing_explains_is_settled_by_a_correction_that_names_it(day, operator):
    taken_out = bring(
        bills.wechat_funds(
            [day["rows"][0] | {"at": AT + timedelta(days=1)}], (("T1", "提现", 5000),)
        ),
        kind="funds",
        day=DAY + timedelta(days=1),
    ).lines.get(kind="other")  # fmt: skip
    subject = f"provider_bill_line:{taken_out.pk}"
    before = found()
    bank, _made = LedgerAccount.objects.get_or_create(purpose="bank", owner_kind="system", owner_id=0)
    cash = LedgerAccount.objects.get(purpose="cash")

    proposed = propose_adjustment(
        actor=operator, reason="to the bank", now=utc_now(),
        lines=[ProposedLine(bank.pk, 5000, subject), ProposedLine(cash.pk, -5000, subject)],
    )  # fmt: skip
    approve_adjustment(
        actor=make_person(name="复核员", is_staff=True), adjustment_id=proposed.pk, now=utc_now()
    )

    assert before == [("bill_other_movement", subject, "0", "-5000")]
    assert found() == []
    # Taken back it settles nothing any more.
    proposed.refresh_from_db()
    undone = propose_reversal(
        actor=operator, transaction_id=proposed.posted_id, reason="wrong line", now=utc_now()
    )
    approve_adjustment(actor=make_person(is_staff=True), adjustment_id=undone.pk, now=utc_now())
    assert found() == before
