"""Doors for the outbox and the clock."""

from celery import shared_task

from common.clock import utc_now
from livestreams.models import Gift
from payments.models import HandRefund, Refund
from payments.services import billing, closing, matching, refunding, telling


@shared_task(name="payments.close_group")
def close_group(group_id: int) -> None:
    """Close a purchase at its providers, then give its units back."""
    closing.close_group(group_id=group_id, now=utc_now())


@shared_task(name="payments.execute_refund")
def execute_refund(request_id: int) -> None:
    """Carry out a refund request."""
    refunding.execute_refund(request_id=request_id, now=utc_now())


@shared_task(name="payments.send_refund")
def send_refund(refund_id: int) -> None:
    """Send back a payment that nothing was owed for."""
    refunding.send_refund(refund_id=refund_id, now=utc_now())


@shared_task(name="payments.poll_pending")
def poll_pending() -> int:
    """Ask providers about what we have not heard of; finish closings and refunds that were interrupted."""
    now = utc_now()
    asked = closing.poll_open(now=now)
    closing.close_leftovers(now=now)
    refunding.retry_refunds(now=now)
    return asked


@shared_task(name="payments.fetch_bills")
def fetch_bills() -> int:
    """Bring in the providers' bills of the last days; look again at lines that did not agree."""
    came = billing.fetch_bills(now=utc_now())
    matching.match_again()
    return came


@shared_task(name="payments.after_given_back")
def after_given_back(refund_id: int) -> None:
    """Who paid learns that it goes back."""
    refunds = Refund.objects.select_related("payment__group__buyer", "payment__gift__giver")
    telling.tell_given_back(refund=refunds.get(pk=refund_id), now=utc_now())


@shared_task(name="payments.after_hand_refund_due")
def after_hand_refund_due(refund_id: int) -> None:
    """The shop learns that a buyer gets cash back."""
    refund = Refund.objects.select_related("request__order__shop__contact").get(pk=refund_id)
    telling.tell_hand_refund_due(refund=refund, now=utc_now())


@shared_task(name="payments.after_hand_refund_noted")
def after_hand_refund_noted(note_id: int) -> None:
    """The buyer is asked whether the money has come."""
    telling.tell_hand_refund_noted(note=_note(note_id), now=utc_now())


@shared_task(name="payments.after_hand_refund_declined")
def after_hand_refund_declined(note_id: int) -> None:
    """The shop learns that it has not."""
    telling.tell_hand_refund_declined(note=_note(note_id), now=utc_now())


@shared_task(name="payments.after_gift_returned")
def after_gift_returned(gift_id: int) -> None:
    """The giver learns that the money goes back."""
    telling.tell_gift_returned(gift=Gift.objects.select_related("giver").get(pk=gift_id), now=utc_now())


def _note(note_id: int) -> HandRefund:
    notes = HandRefund.objects.select_related(
        "refund__request__order__shop__contact", "refund__request__order__group__buyer"
    )
    return notes.get(pk=note_id)
