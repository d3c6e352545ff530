"""Let a signed-in person through the fast doors for a few minutes (decisions.md 2)."""

from dataclasses import dataclass
from datetime import UTC, datetime

from accounts.models import User
from accounts.selectors import mark_of
from common.errors import NotFound
from common.signing import BadToken, read_token, sign_token
from livestreams.models import FlashDeal
from livestreams.selectors import is_watchable
from orders.selectors.collection import check_collection

PURPOSE = "deal"
GOODS_PURPOSE = "goods"
GOODS_URL = "/api/v1/fast-orders/"
TOKEN_SECONDS = 600


@dataclass(frozen=True)
class Grant:
    """Where to order, with which token, until when."""

    order_url: str
    order_token: str
    expires_at: datetime


@dataclass(frozen=True)
class Buyer:
    """Who holds a grant; `mark` is their password's at the time, `language` that of their pages.

    `sign_in` is the digest of the session or token that they came with.
    """

    user_id: int
    mark: str
    sign_in: str
    language: str
    until: int


def grant_deal(*, buyer: User, deal_id: int, sign_in: str, language: str, now: datetime) -> Grant:
    """Give a token for the orders of one announced deal. NotFound for any other; ShopNotChecked.

    The fast door itself does not ask again for whom the market may take money: a deal is of one shop.
    `sign_in` is the digest of the session (common.sessions.digest_of) or token that the person came with:
    the grant ends with it.
    """
    announced = FlashDeal.objects.filter(pk=deal_id, stock__isnull=False)
    deal = announced.select_related("rundown_item__variant__product__shop").first()
    if deal is None or not is_watchable(session_id=deal.session_id):
        raise NotFound()
    check_collection([deal.rundown_item.variant.product.shop])
    until = int(now.timestamp()) + TOKEN_SECONDS
    return Grant(
        order_url=f"/api/v1/deals/{deal_id}/orders/",
        order_token=sign_grant(buyer=buyer, deal_id=deal_id, sign_in=sign_in, language=language, until=until),
        expires_at=datetime.fromtimestamp(until, UTC),
    )


def grant_goods(*, buyer: User, sign_in: str, language: str, now: datetime) -> Grant:
    """Give a token for the person's orders of ordinary goods; what may be sold is asked when they order."""
    until = int(now.timestamp()) + TOKEN_SECONDS
    return Grant(
        order_url=GOODS_URL,
        order_token=sign_grant(buyer=buyer, deal_id=None, sign_in=sign_in, language=language, until=until),
        expires_at=datetime.fromtimestamp(until, UTC),
    )


def sign_grant(*, buyer: User, deal_id: int | None, sign_in: str, language: str, until: int) -> str:
    """Return the token of a grant that holds until then (POSIX seconds), without looking whether it may.

    It is for one deal, or without one for ordinary goods.
    """
    payload = {
        "user": buyer.pk,
        "session": sign_in,
        "deal": deal_id,
        "mark": mark_of(buyer.password),
        "language": language,
        "until": until,
    }
    return sign_token(purpose=_purpose(deal_id), payload=payload)


def read_grant(token: str, *, deal_id: int | None, now: datetime) -> Buyer:
    """Return whose grant for this deal, or for ordinary goods, it is; BadToken for any other."""
    payload = read_token(token, purpose=_purpose(deal_id), max_age_seconds=TOKEN_SECONDS)
    if payload.get("deal") != deal_id or now.timestamp() >= payload["until"]:
        raise BadToken()
    return Buyer(payload["user"], payload["mark"], payload["session"], payload["language"], payload["until"])


def _purpose(deal_id: int | None) -> str:
    return GOODS_PURPOSE if deal_id is None else PURPOSE
