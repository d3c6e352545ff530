"""The market's list of gifts, and what viewers of the past show gave."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from backoffice.demo.cast import Cast
from backoffice.demo.steps import Answer, Steps, key_of
from livestreams.models import GiftKind
from livestreams.services.gifting import send_gift
from livestreams.statuses import GiftIcon
from payments.gateways import get_gateway
from payments.services.settling import settle_payment
from payments.services.starting import start_gift_payment

# Name, sign, price in fen; the market keeps a fifth.
ON_OFFER = (
    ("青稞穗", GiftIcon.LEAF, 100),
    ("格桑花", GiftIcon.STAR, 520),
    ("哈达", GiftIcon.HEART, 990),
    ("一壶酥油茶", GiftIcon.GIFT, 2800),
    ("雪山", GiftIcon.MOUNTAIN, 9900),
)
PLATFORM_BP = 2000


@dataclass(frozen=True)
class Given:
    """Who gives what, at a part of the film."""

    at: float
    who: str
    name: str
    quantity: int


GIVEN = (Given(0.5, "arun", "哈达", 1), Given(0.88, "zoya", "格桑花", 3))


def offer_gifts(steps: Steps) -> Iterator[str]:
    """Write the list down."""

    def written() -> Answer:
        for place, (name, icon, price_fen) in enumerate(ON_OFFER):
            values = {"icon": icon, "price_fen": price_fen, "platform_bp": PLATFORM_BP, "position": place}
            GiftKind.objects.get_or_create(name=name, defaults=values)
        return {}

    steps.once("gifts on offer", written)
    yield f"{len(ON_OFFER)} kinds of gifts"


def give_in_show(cast: Cast, session_id: int, given: Given, at: datetime) -> None:
    """Choose a gift in a show that is on, and pay it at once."""
    giver, key = cast.user(given.who), f"gift {given.who} {given.name}"
    gift, _replayed = send_gift(
        giver=giver,
        session_id=session_id,
        kind_id=GiftKind.objects.get(name=given.name).pk,
        quantity=given.quantity,
        idempotency_key=key_of(key),
        now=at,
    )
    payment, _replayed = start_gift_payment(
        giver=giver,
        gift_id=gift.pk,
        gateway="sandbox",
        idempotency_key=key_of(f"pay {key}"),
        origin=settings.PUBLIC_URL,
        now=at,
    )
    facts = get_gateway(payment.gateway).query(payment.reference)
    settle_payment(payment_id=payment.pk, facts=facts, now=at)
