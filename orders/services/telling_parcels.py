"""What buyer and shop are told of a parcel, and what happens next, in their own language (rules.md PR5)."""

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.services.contacts import contact_of
from notifications.services.telling import in_language_of, tell
from orders.models import Shipment
from orders.services.telling import buyer_url, desk_url
from orders.statuses import ParcelProblem


def tell_delivered(*, shipment: Shipment, now: datetime) -> None:
    """Tell the buyer that the carrier has delivered a parcel."""
    buyer = contact_of(shipment.order.group.buyer)
    with in_language_of(buyer):
        tell(
            contact_id=buyer.pk,
            kind="parcel_delivered",
            title=_("Your parcel has been delivered"),
            body=_("Please look at the goods and confirm. If something is wrong, tell us in the order."),
            url=buyer_url(shipment.order),
            dedupe_key=f"parcel_delivered:{shipment.pk}:{buyer.pk}",
            now=now,
        )


def tell_problem(*, shipment: Shipment, problem: str, now: datetime) -> None:
    """Tell the buyer and the shop why a parcel does not arrive, and what happens next."""
    order = shipment.order
    for contact, url, words in (
        (contact_of(order.group.buyer), buyer_url(order), next_for_buyer),
        (order.shop.contact, desk_url(order), next_for_shop),
    ):
        with in_language_of(contact):
            tell(
                contact_id=contact.pk,
                kind=f"parcel_{problem}",
                title=f"{ParcelProblem(problem).label} · {order.number}"[:120],
                body=words(problem),
                url=url,
                dedupe_key=f"parcel_{problem}:{shipment.pk}:{contact.pk}",
                now=now,
            )


def tell_corrected(*, shipment: Shipment, now: datetime) -> None:
    """Tell the buyer under which number the parcel really travels."""
    buyer = contact_of(shipment.order.group.buyer)
    with in_language_of(buyer):
        tell(
            contact_id=buyer.pk,
            kind="parcel_corrected",
            title=_("Your parcel has another tracking number"),
            body=f"{shipment.carrier_name} {shipment.tracking_number}",
            url=buyer_url(shipment.order),
            dedupe_key=f"parcel_corrected:{shipment.pk}:{shipment.corrections.count()}:{buyer.pk}",
            now=now,
        )


def tell_late(*, shipment: Shipment, now: datetime) -> None:
    """Tell the shop and the buyer that a parcel is under way for too long, and what to do."""
    order = shipment.order
    for contact, url, is_buyer in (
        (contact_of(order.group.buyer), buyer_url(order), True),
        (order.shop.contact, desk_url(order), False),
    ):
        with in_language_of(contact):
            tell(
                contact_id=contact.pk,
                kind="parcel_late",
                title=_("The parcel of order %(number)s takes long") % {"number": order.number},
                body=_("Ask the shop, take more time, or ask for your money back.")
                if is_buyer
                else _("Ask the carrier where it is, and put the number right if it is wrong."),
                url=url,
                dedupe_key=f"parcel_late:{shipment.pk}:{shipment.corrections.count()}:{contact.pk}",
                now=now,
            )


def next_for_buyer(problem: str) -> str:
    """Return what a parcel in trouble means for its buyer."""
    words = {
        ParcelProblem.LOST: _(
            "The shop sends it again or you get your money back. Nothing completes by itself."
        ),
        ParcelProblem.RETURNED: _("The shop gets in touch with you. You can also ask for your money back."),
        ParcelProblem.REFUSED: _("If that was not you, tell the shop. Nothing completes by itself."),
    }
    return words[ParcelProblem(problem)]


def next_for_shop(problem: str) -> str:
    """Return what a parcel in trouble asks of its shop."""
    words = {
        ParcelProblem.LOST: _("Ask the carrier, then send it again or agree with the buyer on the money."),
        ParcelProblem.RETURNED: _("Take it back, look at the goods, and agree with the buyer what to do."),
        ParcelProblem.REFUSED: _("Call the buyer: try again, or agree on the money."),
    }
    return words[ParcelProblem(problem)]
