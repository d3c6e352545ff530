"""The buyer's coupons at the till: the best is chosen by itself, another one tap away."""

from dataclasses import dataclass

from django.http import HttpRequest

from common.clock import database_now
from orders.coupon_cards import condition_of, promise_of
from orders.coupon_selectors import offers_for
from orders.services.discounting import goods_of_quote
from orders.services.quoting import Quote


@dataclass(frozen=True)
class TillOffer:
    """One coupon that could be used."""

    coupon_id: int
    promise: str
    condition: str
    saving_fen: int
    is_chosen: bool


@dataclass(frozen=True)
class Till:
    """What is paid with the chosen coupon; `coupon_id` is 0 without one."""

    offers: list[TillOffer]
    coupon_id: int
    saving_fen: int
    total_fen: int


def till_of(request: HttpRequest, quote: Quote) -> Till:
    """Return the quote with the coupon that the request names, else with the best of the buyer's."""
    offers = offers_for(request.user, goods_of_quote(quote), now=database_now())
    # The button of a coupon goes before what the page had chosen.
    named = request.POST.get("choose", request.POST.get("coupon", request.GET.get("coupon")))
    if named is None:
        chosen = offers[0] if offers else None
    else:
        chosen = next((offer for offer in offers if str(offer.coupon.pk) == named), None)
    saving_fen = chosen.saving_fen if chosen else 0
    return Till(
        offers=[
            TillOffer(
                coupon_id=offer.coupon.pk,
                promise=promise_of(offer.coupon.campaign),
                condition=condition_of(offer.coupon.campaign),
                saving_fen=offer.saving_fen,
                is_chosen=offer is chosen,
            )
            for offer in offers
        ],
        coupon_id=chosen.coupon.pk if chosen else 0,
        saving_fen=saving_fen,
        total_fen=quote.total_fen - saving_fen,
    )
