"""The world of the role matrix: one of everything that an address can name."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from accounts.models import User
from accounts.services.contacts import contact_of
from accounts.services.signing_in import issue_token
from common.clock import utc_now
from livestreams.models import ChatMessage, FlashDeal, LiveSession, PinEvent, RundownItem, Take
from livestreams.statuses import SessionStatus
from notifications.models import Notification
from orders.models import CartLine, Order, OrderGroup
from orders.services.carting import add_to_cart
from payments.models import Payment
from payouts.models import PayoutStatement
from shops.models import Farmer, Photo, Product
from shops.statuses import ProductStatus
from tests.factories.livestreams import add_to_rundown, make_deal, make_pin, make_session, make_take
from tests.factories.orders import make_paid, make_payment, place_one
from tests.factories.payouts import close_week, make_completed
from tests.factories.people import Market
from tests.factories.shops import authorize_shop, make_farmer, make_person, make_product


@dataclass(frozen=True)
class World:
    """Who calls (`people`, `tokens` by role), and what can be named."""

    people: dict[str, User]
    tokens: dict[str, str]
    market: Market
    farmer: Farmer  # with an account: people["farmer"]
    product: Product  # published, of tashi
    draft: Product  # seen only by the shop's members
    photo: Photo
    cart_line: CartLine
    group: OrderGroup  # not paid yet
    order: Order  # of that group
    payment: Payment  # open, of that group
    paid_order: Order
    notification: Notification  # the buyer's
    session: LiveSession  # on air
    scheduled: LiveSession
    draft_session: LiveSession
    item: RundownItem
    pin: PinEvent
    deal: FlashDeal  # of that session, on sale
    message: ChatMessage
    take: Take
    farmer_statement: PayoutStatement
    host_statement: PayoutStatement | None


@pytest.fixture
def world(market: Market, mei: User, zhuoma: User, arun: User, zoya: User, operator: User) -> World:
    """Everything there is one of; arun bought, the farmer's account is a farmer's."""
    now = utc_now()
    person = make_person(name="白玛")
    farmer = make_farmer(village=market.village, name="白玛", user=person)
    authorize_shop(farmer=farmer, shop=market.shop)
    sold = make_product(shop=market.shop, farmer=farmer, title="雪菊", price_fen=3000)
    weeks_ago = now - timedelta(days=15)
    make_completed(buyer=arun, seller=mei, variant=sold.variants.get(), now=weeks_ago)
    period = close_week(shop=market.shop, now=weeks_ago)

    people = {
        "buyer": arun, "stranger": zoya, "farmer": person, "clerk": mei, "host": zhuoma, "staff": operator,
    }  # fmt: skip
    order = place_one(buyer=arun, variant=market.variant)
    session = make_session(host=market.host, shop=market.shop, at=now)
    item = add_to_rundown(session=session, variant=market.variant, live_price_fen=6000)
    later = {"host": market.host, "shop": market.shop, "at": now + timedelta(days=2)}
    return World(
        people=people,
        tokens={role: issue_token(user=one, now=now) for role, one in people.items()},
        market=market,
        farmer=farmer,
        product=market.product,
        draft=make_product(shop=market.shop, farmer=market.farmer, title="新酒", status=ProductStatus.DRAFT),
        photo=market.product.photos.first(),
        cart_line=add_to_cart(user=arun, variant_id=market.variant.pk, quantity=1, now=now),
        group=order.group,
        order=order,
        payment=make_payment(group=order.group),
        paid_order=make_paid(buyer=arun, variant=market.variant),
        notification=Notification.objects.create(
            contact=contact_of(arun), kind="order", title="到货", dedupe_key="world", created_at=now
        ),
        session=session,
        scheduled=make_session(status=SessionStatus.SCHEDULED, **later),
        draft_session=make_session(status=SessionStatus.DRAFT, **later),
        item=item,
        pin=make_pin(item=item, at=now),
        deal=make_deal(item=item, price_fen=5900),
        message=ChatMessage.objects.create(session=session, author=arun, text="好看", created_at=now),
        take=make_take(session=session, at=now, publisher=zhuoma),
        farmer_statement=PayoutStatement.objects.get(period=period, farmer=farmer),
        host_statement=PayoutStatement.objects.filter(period=period, host=market.host).first(),
    )
