"""Who is told when an after-sales case moves, in their own language. Repeatable by dedupe keys."""

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import Contact
from accounts.services.contacts import contact_of
from common.money import yuan_text
from notifications.services.telling import in_language_of, tell
from orders.models import AfterSaleEvent
from orders.statuses import SHOP_REASONS, CaseActor, CaseReason, CaseStatus


def tell_case(*, event: AfterSaleEvent, now: datetime) -> None:
    """Tell the side that did not move the case; what the clock or the market decides, both."""
    case = event.case
    buyer, shop = contact_of(case.order.group.buyer), case.order.shop.contact
    is_found_by_shop = case.reason in SHOP_REASONS
    if is_found_by_shop and event.status == CaseStatus.REQUESTED:  # granted in the same moment
        return
    if event.status == CaseStatus.REFUNDED:  # the refund itself is told to the buyer
        return
    if event.by != CaseActor.BUYER:
        with in_language_of(buyer):
            _tell(buyer, event, f"/after-sales/{case.pk}/", _title_for_buyer(event), now)
    if event.by != CaseActor.SHOP:
        with in_language_of(shop):
            _tell(shop, event, f"/desk/after-sales/{case.pk}/", _title_for_shop(event), now)


def _title_for_buyer(event: AfterSaleEvent) -> str:
    if event.status == CaseStatus.AWAITING_REFUND and event.case.reason in SHOP_REASONS:
        return {
            CaseReason.RECALLED: _("Do not use it: the shop calls goods back. You get your money back"),
            CaseReason.SHORT: _("Some of what you bought is not there. You get your money back"),
            CaseReason.UNDERWEIGHT: _("It weighs less than you paid for. You get the difference back"),
        }[CaseReason(event.case.reason)]
    return {
        CaseStatus.OFFERED: _("The shop offers less than you asked. Will you take it?"),
        CaseStatus.REQUESTED: _("The offer is off. The shop answers anew"),
        CaseStatus.AWAITING_RETURN: _("Yes: please send the goods back"),
        CaseStatus.AWAITING_REFUND: _("Yes: your money is on its way back"),
        CaseStatus.REJECTED: _("The shop said no. You can call the market in"),
        CaseStatus.CLOSED: _("Your request is closed"),
    }.get(CaseStatus(event.status), _("News about your request"))


def _title_for_shop(event: AfterSaleEvent) -> str:
    words = {"amount": yuan_text(event.case.total_fen)}
    if event.status == CaseStatus.REQUESTED and event.case.offers.exists():
        return _("Your offer was not taken. Please answer the buyer")
    return {
        CaseStatus.REQUESTED: _("A buyer asks for ¥%(amount)s back") % words,
        CaseStatus.REJECTED: _("The buyer has called the market in"),
        CaseStatus.AWAITING_RECEIPT: _("Goods are on their way back to you"),
        CaseStatus.AWAITING_REFUND: _("¥%(amount)s go back to the buyer") % words,
        CaseStatus.CLOSED: _("A request is closed without a refund"),
    }.get(CaseStatus(event.status), _("News about a request"))


def _tell(contact: Contact, event: AfterSaleEvent, url: str, title: str, now: datetime) -> None:
    number = event.case.order.number
    body = _("Order %(number)s.") % {"number": number}
    tell(
        contact_id=contact.pk,
        kind="recall" if event.case.reason == CaseReason.RECALLED else "after_sale",
        title=title[:120],
        body=f"{body} {event.text}"[:500],
        url=url,
        dedupe_key=f"after_sale:{event.pk}:{contact.pk}",
        now=now,
    )
