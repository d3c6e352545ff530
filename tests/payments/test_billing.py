"""The providers' daily bills: brought in once, matched, their fees posted; what disagrees is found."""

from datetime import datetime, timedelta

import pytest
from django.db.models import Sum

from backoffice.services.reconciling import reconcile
from common.clock import utc_now
from common.models import AuditEntry
from ledger.models import LedgerEntry, LedgerTransaction, ReconciliationFinding
from orders.models import RefundRequest
from orders.services.cancelling import cancel_by_buyer
from payments.errors import BadBill, BillDiffers, GatewayUnavailable, NoBill
from payments.models import Payment, ProviderBill, ProviderBillLine, Refund
from payments.services.billing import SHANGHAI, fetch_bill, fetch_bills, import_bill
from payments.services.closing import check_payment
from payments.services.matching import match_again
from payments.services.refunding import execute_refund
from tests.factories.providers import started
from tests.providersim import bills

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _providers(providers):
    """No callbacks."""


def paid(arun, market, gateway, providers, quantity=1) -> Payment:
    payment = started(arun, market, gateway, quantity=quantity)
    providers.pay(payment)
    return check_payment(payment=payment, now=utc_now() + timedelta(seconds=3))


def today():
    return utc_now().astimezone(SHANGHAI).date()


def a_day(arun, market, gateway, providers) -> tuple[Payment, Payment, Refund]:
    """Two payments, one of which goes back."""
    kept, given_back = (paid(arun, market, gateway, providers, quantity) for quantity in (1, 2))
    order = given_back.group.orders.get()
    cancel_by_buyer(buyer=arun, number=order.number, now=utc_now())
    refund = execute_refund(request_id=RefundRequest.objects.get(order=order).pk, now=utc_now())
    return kept, given_back, Refund.objects.get(pk=refund.pk)


def fetched(gateway, kind="trade", **more) -> ProviderBill:
    return fetch_bill(gateway=gateway, kind=kind, day=today(), now=utc_now(), **more)


def balance(purpose) -> int:
    return LedgerEntry.objects.filter(account__purpose=purpose).aggregate(sum=Sum("amount_fen"))["sum"] or 0


def found() -> list[tuple[str, str]]:
    reconcile(now=utc_now())
    rows = ReconciliationFinding.objects.filter(resolved_at=None).exclude(job__in=["outbox", "files"])
    return sorted(rows.values_list("kind", "subject"))


def everything() -> tuple:
    return (
        list(ProviderBill.objects.order_by("pk").values()),
        list(ProviderBillLine.objects.order_by("pk").values()),
        list(LedgerTransaction.objects.order_by("pk").values()),
    )


def test_a_bill_is_matched_line_by_line_and_its_fees_are_posted(market, arun, providers, gateway):
    kept, given_back, refund = a_day(arun, market, gateway, providers)
    cash = balance("cash")

    bill = fetched(gateway)

    lines = list(bill.lines.order_by("position").values_list("kind", "match", "payment", "refund", "fee_fen"))
    fees = [bills.fee_of(one.amount_fen) for one in (kept, given_back)]
    assert lines == [
        ("payment", "matched", kept.pk, None, fees[0]),
        ("payment", "matched", given_back.pk, None, fees[1]),
        ("refund", "matched", given_back.pk, refund.pk, -fees[1]),
    ]
    assert (bill.line_count, bill.paid_fen, bill.refunded_fen, bill.fee_fen) == (
        3, kept.amount_fen + given_back.amount_fen, refund.amount_fen, fees[0]
    )  # fmt: skip
    posted = LedgerTransaction.objects.get(kind="provider_fee")
    assert (posted.key, posted.source) == (f"provider_fee:{bill.pk}", f"provider_bill:{bill.pk}")
    sources = [
        f"provider_bill_line:{pk}" for pk in bill.lines.order_by("position").values_list("pk", flat=True)
    ]
    assert sorted(posted.entries.values_list("account__purpose", "amount_fen", "source")) == sorted(
        [
            ("provider_fee", fees[0], sources[0]), ("provider_fee", fees[1], sources[1]),
            ("provider_fee", -fees[1], sources[2]), ("cash", -fees[0], f"provider_bill:{bill.pk}"),
        ]
    )  # fmt: skip
    assert (balance("provider_fee"), balance("cash")) == (fees[0], cash - fees[0])
    assert found() == []


def test_the_same_bill_twice_changes_nothing(market, arun, providers, gateway):
    a_day(arun, market, gateway, providers)
    bill = fetched(gateway)
    before = everything()

    again = fetched(gateway)

    assert (again.pk, everything()) == (bill.pk, before)


def test_a_file_of_the_same_bill_exported_later_is_the_same(market, arun, providers):
    kept = paid(arun, market, "alipay", providers)
    rows = [bills.row("payment", kept.reference, kept.provider_reference, kept.amount_fen, at=noon())]
    first, later = (
        bills.alipay_zip(bills.alipay_text(rows, today(), made_at=at)) for at in ("10:00:00", "11:00:00")
    )

    made = [upload("alipay", content) for content in (first, later)]

    assert first != later
    assert made[0].pk == made[1].pk


def noon() -> datetime:
    day = today()
    return datetime(day.year, day.month, day.day, 12, tzinfo=SHANGHAI)


def upload(gateway, content, kind="trade", **more) -> ProviderBill:
    return import_bill(gateway=gateway, kind=kind, day=today(), content=content, now=utc_now(), **more)


def test_other_contents_are_refused_and_with_a_reason_become_a_new_version(
    market, arun, providers, gateway, operator
):
    kept, given_back, _refund = a_day(arun, market, gateway, providers)
    first = fetched(gateway)
    before = everything()
    providers.control("bill", provider=gateway, leave_out=[given_back.reference])

    with pytest.raises(BillDiffers):
        fetched(gateway)
    unchanged = everything() == before
    second = fetched(gateway, actor=operator, reason="the provider corrected it")

    assert unchanged
    assert AuditEntry.objects.filter(
        action="payments.bill_differs", target=f"providerbill:{first.pk}"
    ).exists()
    first.refresh_from_db()
    assert (first.is_current, second.version, second.is_current) == (False, 2, True)
    fees = bills.fee_of(kept.amount_fen) - bills.fee_of(given_back.amount_fen)
    assert (second.fee_fen, balance("provider_fee")) == (fees, fees)
    assert LedgerTransaction.objects.get(reversal_of__key=f"provider_fee:{first.pk}").memo == second.reason
    assert found() == [("bill_missing", f"payment:{given_back.pk}")]


def test_each_difference_is_found_and_a_clean_day_has_none(market, arun, providers, gateway):
    kept, _given_back, refund = a_day(arun, market, gateway, providers)
    left_out = paid(arun, market, gateway, providers)
    stranger = {"kind": "payment", "reference": "P20260101unknown", "number": "99001", "amount_fen": 4200}
    providers.control(
        "bill", provider=gateway, leave_out=[left_out.reference], add=[stranger],
        alter={
            kept.reference: {"amount_fen": kept.amount_fen + 1},
            refund.reference: {"amount_fen": refund.amount_fen - 1},
        },
    )  # fmt: skip

    bill = fetched(gateway)

    numbers = dict(bill.lines.values_list("reference", "pk"))
    assert found() == sorted(
        [
            ("bill_amount", f"provider_bill_line:{numbers[kept.reference]}"),
            ("bill_amount", f"provider_bill_line:{numbers[refund.reference]}"),
            ("bill_missing", f"payment:{left_out.pk}"),
            ("bill_unknown", f"provider_bill_line:{numbers['P20260101unknown']}"),
        ]
    )
    assert Payment.objects.get(pk=kept.pk).amount_fen == kept.amount_fen


def test_another_number_of_the_provider_is_found(market, arun, providers, gateway):
    kept = paid(arun, market, gateway, providers)
    changed = {"number": "999", "transaction": "999"}
    providers.control("bill", provider=gateway, alter={kept.reference: changed})

    bill = fetched(gateway)

    line = bill.lines.get()
    assert (line.match, line.payment_id) == ("number", kept.pk)
    assert found() == [("bill_number", f"provider_bill_line:{line.pk}")]


def test_money_that_we_had_not_heard_of_agrees_once_it_is_settled(market, arun, providers, gateway):
    payment = started(arun, market, gateway)
    providers.pay(payment)
    bill = fetched(gateway)
    line = bill.lines.get()
    first = found()

    check_payment(payment=payment, now=utc_now() + timedelta(seconds=3))
    match_again()

    assert (line.match, first) == ("state", [("bill_state", f"provider_bill_line:{line.pk}")])
    assert bill.lines.get().match == "matched"
    assert found() == []


def test_the_bill_of_movements_tells_the_same_as_the_bill_of_trades(market, arun, providers):
    a_day(arun, market, "wechatpay", providers)
    trade = fetched("wechatpay")

    funds = fetched("wechatpay", kind="funds")

    assert (funds.paid_fen, funds.refunded_fen, funds.fee_fen) == (
        trade.paid_fen, trade.refunded_fen, trade.fee_fen
    )  # fmt: skip
    assert set(funds.lines.values_list("match", flat=True)) == {"matched"}
    assert LedgerTransaction.objects.filter(kind="provider_fee").count() == 1
    assert found() == []


def test_money_taken_out_of_the_account_waits_for_an_operator(market, arun, providers):
    kept = paid(arun, market, "wechatpay", providers)
    row = bills.row("payment", kept.reference, kept.provider_reference, kept.amount_fen, at=noon())

    bill = upload("wechatpay", bills.wechat_funds([row], (("T1", "提现", 5000),)), kind="funds")

    line = bill.lines.get(kind="other")
    assert (line.match, line.amount_fen) == ("none", -5000)
    assert found() == [("bill_other_movement", f"provider_bill_line:{line.pk}")]


def test_the_sweep_brings_every_bill_of_yesterday_once(market, arun, providers):
    for gateway in ("wechatpay", "alipay"):
        paid(arun, market, gateway, providers)
    tomorrow = datetime.combine(today() + timedelta(days=1), datetime.min.time(), SHANGHAI)

    too_early = fetch_bills(now=tomorrow + timedelta(hours=10))
    came = fetch_bills(now=tomorrow + timedelta(hours=10, minutes=15))
    again = fetch_bills(now=tomorrow + timedelta(hours=11))

    assert (too_early, came, again) == (0, 3, 0)
    assert sorted(ProviderBill.objects.values_list("gateway", "kind", "bill_on")) == [
        ("alipay", "trade", today()), ("wechatpay", "funds", today()), ("wechatpay", "trade", today())
    ]  # fmt: skip


def test_a_bill_that_never_came_is_found(market, arun, providers, gateway):
    payment = paid(arun, market, gateway, providers)
    three_days_ago = utc_now() - timedelta(days=3)
    Payment.objects.filter(pk=payment.pk).update(succeeded_at=three_days_ago)

    day = three_days_ago.astimezone(SHANGHAI).date()
    assert found() == [("bill_absent", f"provider_day:{gateway}:{day}")]


def test_a_silent_or_lying_provider_leaves_nothing_behind(market, arun, providers, gateway):
    paid(arun, market, gateway, providers)
    call = {"wechatpay": "bill", "alipay": "dataservice.bill.downloadurl.query"}[gateway]
    before = everything()

    providers.knobs(errors={call: ["SYSTEM_ERROR"]})
    with pytest.raises(GatewayUnavailable):
        fetched(gateway)
    with pytest.raises(NoBill):
        fetch_bill(gateway=gateway, kind="trade", day=today() - timedelta(days=1), now=utc_now())
    if gateway == "wechatpay":
        providers.control("bill", provider=gateway, other_digest=True)
        with pytest.raises(BadBill):
            fetched(gateway)

    assert everything() == before
