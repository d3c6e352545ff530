"""Doors for the outbox and the clock."""

from celery import shared_task

from common.clock import database_now, utc_now
from common.masking import mask_name
from livestreams.services.announcing import announce_sale, announce_stock
from livestreams.services.timing_deals import settle_deal
from orders.models import (
    AfterSaleEvent,
    Invoice,
    Order,
    PrivateMessage,
    RefundRequest,
    Review,
    Shipment,
    Weighing,
)
from orders.services import (
    cancelling,
    correcting,
    judging,
    recalling,
    receiving,
    reconciling,
    reconciling_scores,
    telling,
    telling_cases,
    telling_invoices,
    telling_lots,
    telling_parcels,
    telling_reviews,
    telling_talk,
    tracking,
)
from orders.services.using import expire_coupons
from shops.models import Lot


def _order(order_id: int) -> Order:
    return Order.objects.select_related("shop__contact", "group__buyer").get(pk=order_id)


def _parcel(shipment_id: int) -> Shipment:
    return Shipment.objects.select_related("order__shop__contact", "order__group__buyer").get(pk=shipment_id)


def _announce_stock(order: Order) -> None:
    for variant_id in order.lines.values_list("variant_id", flat=True).distinct():
        announce_stock(variant_id=variant_id, now=utc_now())
    for deal_id in order.lines.exclude(flash_deal=None).values_list("flash_deal_id", flat=True).distinct():
        settle_deal(deal_id=deal_id)


def _announce_sales(order: Order) -> None:
    buyer = mask_name(order.group.buyer.display_name) or "***"
    for line in order.lines.exclude(live_session=None):
        announce_sale(
            session_id=line.live_session_id, buyer_masked=buyer, title=line.title, quantity=line.quantity
        )


@shared_task(name="orders.after_placed")
def after_placed(order_id: int) -> None:
    """Rooms that show the goods learn how many are left."""
    _announce_stock(_order(order_id))


@shared_task(name="orders.after_paid")
def after_paid(order_id: int) -> None:
    """Buyer, shop and farmers are told; the rooms that sold it say so."""
    order = _order(order_id)
    telling.tell_paid(order=order, now=utc_now())
    _announce_sales(order)


@shared_task(name="orders.after_confirmed")
def after_confirmed(order_id: int) -> None:
    """Buyer, shop and farmers are told that cash will be paid on delivery; the rooms that sold it say so."""
    order = _order(order_id)
    telling.tell_confirmed(order=order, now=utc_now())
    _announce_sales(order)


@shared_task(name="orders.after_shipped")
def after_shipped(order_id: int, shipment_id: int | None = None) -> None:
    """The buyer is told."""
    telling.tell_shipped(order=_order(order_id), shipment_id=shipment_id, now=utc_now())


@shared_task(name="orders.follow_parcel")
def follow_parcel(shipment_id: int) -> bool:
    """Somebody follows the parcel for us; while there is no answer the outbox asks again."""
    return tracking.follow_parcel(shipment_id=shipment_id)


@shared_task(name="orders.ask_about_parcels")
def ask_about_parcels() -> int:
    """What no carrier has told us we ask for."""
    return tracking.ask_about_parcels(now=utc_now())


@shared_task(name="orders.after_parcel_delivered")
def after_parcel_delivered(shipment_id: int) -> None:
    """The buyer is told."""
    telling_parcels.tell_delivered(shipment=_parcel(shipment_id), now=utc_now())


@shared_task(name="orders.after_parcel_problem")
def after_parcel_problem(shipment_id: int, problem: str) -> None:
    """Buyer and shop are told what happens next."""
    telling_parcels.tell_problem(shipment=_parcel(shipment_id), problem=problem, now=utc_now())


@shared_task(name="orders.after_parcel_corrected")
def after_parcel_corrected(shipment_id: int) -> None:
    """The buyer is told the right number."""
    telling_parcels.tell_corrected(shipment=_parcel(shipment_id), now=utc_now())


@shared_task(name="orders.after_parcel_late")
def after_parcel_late(shipment_id: int) -> None:
    """Shop and buyer are told that it takes long."""
    telling_parcels.tell_late(shipment=_parcel(shipment_id), now=utc_now())


@shared_task(name="orders.tell_late_parcels")
def tell_late_parcels() -> int:
    """Look for parcels that do not arrive."""
    return correcting.tell_late_parcels(now=utc_now())


@shared_task(name="orders.after_private_message")
def after_private_message(message_id: int) -> None:
    """The other side is told, once until it has read."""
    messages = PrivateMessage.objects.select_related("conversation__shop__contact", "conversation__buyer")
    telling_talk.tell_message(message=messages.get(pk=message_id), now=utc_now())


@shared_task(name="orders.after_completed")
def after_completed(order_id: int) -> None:
    """Farmers, shop and buyer are told."""
    telling.tell_completed(order=_order(order_id), now=utc_now())


@shared_task(name="orders.after_cancelled")
def after_cancelled(order_id: int) -> None:
    """Buyer and shop are told; rooms learn that units came back."""
    order = _order(order_id)
    telling.tell_cancelled(order=order, now=utc_now())
    _announce_stock(order)


@shared_task(name="orders.after_refunded")
def after_refunded(request_id: int) -> None:
    """The buyer is told."""
    request = RefundRequest.objects.select_related("order__group__buyer").get(pk=request_id)
    telling.tell_refunded(request=request, now=utc_now())


@shared_task(name="orders.expire_unpaid")
def expire_unpaid() -> int:
    """Start closing purchases whose time to pay has run out."""
    return cancelling.expire_unpaid(now=database_now())


@shared_task(name="orders.expire_coupons")
def expire_unused_coupons() -> int:
    """Mark coupons whose time has run out; they are refused from that moment on anyway."""
    return expire_coupons()


@shared_task(name="orders.auto_receive")
def auto_receive() -> int:
    """Complete what was shipped long enough ago."""
    return receiving.auto_receive(now=utc_now())


@shared_task(name="orders.after_case_moved")
def after_case_moved(event_id: int) -> None:
    """The other side of the case is told."""
    event = AfterSaleEvent.objects.select_related("case__order__shop__contact", "case__order__group__buyer")
    telling_cases.tell_case(event=event.get(pk=event_id), now=utc_now())


@shared_task(name="orders.after_weighed")
def after_weighed(weighing_id: int) -> None:
    """The farmers of goods that weighed less are told."""
    weighings = Weighing.objects.select_related("order_line__order", "order_line__farmer__contact", "case")
    telling_lots.tell_weighed(weighing=weighings.get(pk=weighing_id), now=utc_now())


@shared_task(name="orders.settle_recall")
def settle_recall(lot_id: int) -> int:
    """Who bought of a recalled lot is told and refunded."""
    return recalling.settle_recall(lot_id=lot_id, now=utc_now())


@shared_task(name="orders.tell_recall")
def tell_recall(order_id: int, lot_id: int) -> None:
    """Who has not paid for goods that were called back is told."""
    telling_lots.tell_recall(order=_order(order_id), lot=Lot.objects.get(pk=lot_id), now=utc_now())


@shared_task(name="orders.settle_due_cases")
def settle_due_cases() -> int:
    """Do what silence means in after-sales cases."""
    return judging.settle_due_cases(now=database_now())


@shared_task(name="orders.reconcile_stock")
def reconcile_stock() -> int:
    """Report counters of stock and deals that disagree with their documents."""
    return reconciling.report_stock(now=utc_now())


def _review(review_id: int) -> Review:
    found = Review.objects.select_related("shop__contact", "buyer", "line__order")
    return found.get(pk=review_id)


@shared_task(name="orders.after_reviewed")
def after_reviewed(review_id: int) -> None:
    """The shop is told."""
    telling_reviews.tell_review(review=_review(review_id), now=utc_now())


@shared_task(name="orders.after_review_replied")
def after_review_replied(review_id: int) -> None:
    """The buyer is told."""
    telling_reviews.tell_reply(review=_review(review_id), now=utc_now())


@shared_task(name="orders.after_review_hidden")
def after_review_hidden(review_id: int) -> None:
    """The buyer is told why."""
    telling_reviews.tell_hidden(review=_review(review_id), now=utc_now())


@shared_task(name="orders.reconcile_scores")
def reconcile_scores() -> int:
    """Report scores that disagree with the reviews they are counted from."""
    return reconciling_scores.report_scores(now=utc_now())


@shared_task(name="orders.after_invoice_moved")
def after_invoice_moved(invoice_id: int, step: str) -> None:
    """The other side of the invoice is told."""
    invoices = Invoice.objects.select_related("shop__contact", "order__group__buyer")
    telling_invoices.tell_invoice(invoice=invoices.get(pk=invoice_id), step=step, now=utc_now())
