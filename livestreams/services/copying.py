"""Take over what an earlier show has shown."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from common.errors import Invalid, MarketError, NotFound
from livestreams.models import LiveSession, RundownItem
from livestreams.services import rundown
from livestreams.services.consenting import check_consent, terms_of
from livestreams.services.scheduling import locked_session


@dataclass(frozen=True)
class Copied:
    """What came over, and the words about what did not."""

    items: list[RundownItem]
    left_out: list[str]


@transaction.atomic
def copy_rundown(*, actor, session_id: int, from_id: int, now: datetime) -> Copied:
    """Add the goods of another show of the same shop at their prices there, as far as they may be sold now.

    What is in the list already stays as it is. What the farmer no longer allows at that price, and what is
    no longer on sale, is left out and named. Raises NotFound for a show that the person does not present,
    Invalid for one of another shop.
    """
    session = locked_session(actor=actor, session_id=session_id)
    earlier = LiveSession.objects.for_presenter(actor).filter(pk=from_id).first()
    if earlier is None:
        raise NotFound()
    if earlier.shop_id != session.shop_id:
        raise Invalid(fields={"from": _("Only the list of a show of the same shop can be taken over.")})
    present = set(session.rundown.values_list("variant_id", flat=True))
    items = [
        item
        for item in earlier.rundown.select_related("variant__product__farmer").order_by("position", "pk")
        if item.variant_id not in present
    ]
    on_sale = rundown.sellable(session, [item.variant_id for item in items])
    terms = terms_of(session=session, products=[item.variant.product for item in items])
    offers, left_out = [], []
    for item in items[: rundown.MAX_ITEMS - len(present)]:
        price = item.live_price_fen
        if price is not None and price > item.variant.price_fen:
            price = None
        try:
            if item.variant_id not in on_sale:
                raise NotFound(_("“%(goods)s” is no longer on sale.") % {"goods": item.variant.product.title})
            check_consent(
                variant=item.variant, terms=terms[item.variant.product_id], live_price_fen=price,
                commission_bp=None,
            )  # fmt: skip
        except MarketError as refusal:
            left_out.append(str(refusal.message))
            continue
        offers.append(rundown.Offer(item.variant_id, price, item.quota, item.per_buyer_limit))
    made = rundown.add_items(actor=actor, session_id=session_id, offers=offers, now=now) if offers else []
    return Copied(items=made, left_out=left_out)
