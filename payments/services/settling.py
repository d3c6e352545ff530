"""The one way in for what a provider says: callback, poller, sweeper and return page (rules.md 1)."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from common import outbox
from ledger.services.posting import Posting, post
from ledger.statuses import Kind, Purpose
from orders.statuses import RefundReason
from payments.gateways import get_gateway
from payments.gateways.base import Facts
from payments.models import Payment, PaymentCallback, Refund, UnmatchedMoney
from payments.selectors import OPEN
from payments.services.fulfilling import credited, fulfil, is_bought_before, kind_of, lock_bought
from payments.statuses import CallbackOutcome, PaymentStatus

CURRENCY = "CNY"
FINAL = {"failed": PaymentStatus.FAILED, "closed": PaymentStatus.CLOSED, "unknown": PaymentStatus.CLOSED}


@dataclass(frozen=True)
class Settled:
    """Where the payment stands now; `problem` says why the facts were quarantined, empty when they match."""

    payment: Payment
    problem: str = ""


@transaction.atomic
def settle_payment(
    *, payment_id: int, facts: Facts, now: datetime, callback: PaymentCallback | None = None
) -> Settled:
    """Make the books agree with the provider's facts, once, however often and by whomever it is called.

    Money that is real is always posted. It then pays the purchase or the gift, or becomes a refund with a
    reason (too late, twice). Facts that do not match are quarantined and move nothing else.
    """
    payment = Payment.objects.get(pk=payment_id)
    lock_bought(payment)
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    if callback is not None:
        callback = PaymentCallback.objects.select_for_update().get(pk=callback.pk)
        if callback.processed_at is not None:
            return Settled(payment, callback.problem)
    problem = _mismatch(payment, facts)
    if problem:
        _quarantine(payment, facts, problem, now)
        if callback is None:
            _keep_answer(payment, problem, now)
    elif facts.state == "paid":
        _take_money(payment, facts, now)
    elif facts.state in FINAL and payment.status in OPEN:
        payment.status = FINAL[facts.state]
        payment.closed_at = now
        payment.save(update_fields=["status", "closed_at"])
    if callback is not None:
        callback.payment = payment
        callback.outcome = CallbackOutcome.QUARANTINED if problem else CallbackOutcome.PROCESSED
        callback.problem = problem
        callback.processed_at = now
        callback.save(update_fields=["payment", "outcome", "problem", "processed_at"])
    return Settled(payment, problem)


def _mismatch(payment: Payment, facts: Facts) -> str:
    gateway = get_gateway(payment.gateway)
    if facts.state == "unknown":
        return ""
    compared = (
        ("merchant", gateway.merchant, facts.merchant),
        ("app", gateway.app, facts.app),
        ("reference", payment.reference, facts.reference),
        ("provider_reference", payment.provider_reference or facts.provider_reference,
         facts.provider_reference),
        ("currency", CURRENCY, facts.currency),
        ("amount_fen", payment.amount_fen, facts.amount_fen),
    )  # fmt: skip
    return ", ".join(
        f"{name}: {found!r} instead of {expected!r}"
        for name, expected, found in compared
        if expected != found
    )[:200]


def _quarantine(payment: Payment, facts: Facts, problem: str, now: datetime) -> None:
    gateway = get_gateway(payment.gateway)
    is_ours = facts.merchant == gateway.merchant and facts.currency == CURRENCY
    if facts.state == "paid" and is_ours and facts.amount_fen > 0:
        # The money is there, whatever it was for: the book says so until an operator decides.
        post(
            kind=Kind.UNMATCHED_PAYMENT,
            key=f"unmatched:{payment.gateway}:{facts.provider_reference}:{facts.amount_fen}",
            source=f"payment:{payment.pk}",
            postings=_received(facts.amount_fen, payment),
            now=now,
            memo=problem,
        )
        money = UnmatchedMoney(
            payment=payment,
            reference=facts.reference,
            provider_reference=facts.provider_reference,
            amount_fen=facts.amount_fen,
            problem=problem,
            found_at=now,
        )
        UnmatchedMoney.objects.bulk_create([money], ignore_conflicts=True)


def _keep_answer(payment: Payment, problem: str, now: datetime) -> None:
    """Show operators an answer to our own question that does not match, and stop asking."""
    PaymentCallback.objects.bulk_create(
        [
            PaymentCallback(
                gateway=payment.gateway,
                event_id=f"query:{payment.reference}",
                payment=payment,
                body=b"",
                outcome=CallbackOutcome.QUARANTINED,
                problem=problem,
                received_at=now,
                processed_at=now,
            )
        ],
        ignore_conflicts=True,
    )
    if payment.status in OPEN:
        payment.status = PaymentStatus.FAILED
        payment.closed_at = now
        payment.save(update_fields=["status", "closed_at"])


def _take_money(payment: Payment, facts: Facts, now: datetime) -> None:
    if payment.status == PaymentStatus.SUCCEEDED:
        return
    payment.status = PaymentStatus.SUCCEEDED
    payment.provider_reference = facts.provider_reference
    payment.succeeded_at = now
    payment.save(update_fields=["status", "provider_reference", "succeeded_at"])
    is_paid_before = is_bought_before(payment)
    fulfils = not is_paid_before and fulfil(payment, now=now)
    source = f"payment:{payment.pk}"
    if fulfils:
        cash = Posting(Purpose.CASH, payment.amount_fen, source)
        post(kind=kind_of(payment), key=source, source=source, postings=[cash, *credited(payment)], now=now)
    else:
        unmatched = _received(payment.amount_fen, payment)
        post(kind=Kind.UNMATCHED_PAYMENT, key=source, source=source, postings=unmatched, now=now)
    if not fulfils:
        reason = RefundReason.PAID_TWICE if is_paid_before else RefundReason.PAID_TOO_LATE
        _give_back(payment, reason, now)


def _received(amount_fen: int, payment: Payment) -> list[Posting]:
    source = f"payment:{payment.pk}"
    return [Posting(Purpose.CASH, amount_fen, source), Posting(Purpose.UNMATCHED, -amount_fen, source)]


def _give_back(payment: Payment, reason: str, now: datetime) -> None:
    refund = Refund.objects.create(
        payment=payment,
        reference=new_reference("R", now),
        amount_fen=payment.amount_fen,
        reason=reason,
        created_at=now,
    )
    outbox.enqueue("payments.send_refund", refund_id=refund.pk)
    outbox.enqueue("payments.after_given_back", refund_id=refund.pk)


def new_reference(letter: str, now: datetime) -> str:
    """Return an unguessable reference for the provider: a letter, the date, 20 hex digits."""
    return f"{letter}{now:%Y%m%d}{secrets.token_hex(10)}"
