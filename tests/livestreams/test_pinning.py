"""What is shown now: who may say so, where in the picture it lies, and that everybody's card is true."""

import time
from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from common.clock import utc_now
from common.errors import NotFound
from livestreams.models import PinEvent, SessionModerator
from livestreams.services.announcing import announce_stock
from livestreams.services.presenting import pin_item
from livestreams.services.rundown import Change, change_item
from livestreams.services.timing_deals import watch_deals
from livestreams.statuses import TakeStatus
from livestreams.tasks import watch_deals as watch_task
from shops.models import VariantStock
from shops.services.listing import ListingData, VariantData, save_product
from tests.factories.livestreams import NOW, make_deal, make_take

pytestmark = pytest.mark.django_db


def after(seconds: float):
    return NOW + timedelta(seconds=seconds)


def told(valkey, session, event: str) -> list[str]:
    entries = valkey.xrange(f"room:{{session:{session.pk}}}:events")
    return [fields["data"] for _, fields in entries if fields["event"] == event]


def test_host_members_and_named_moderators_pin_and_nobody_else(session, item, zhuoma, mei, zoya, arun):
    SessionModerator.objects.create(session=session, user=zoya, created_at=NOW)
    with pytest.raises(NotFound):
        pin_item(actor=arun, session_id=session.pk, item_id=item.pk, now=NOW)
    assert not PinEvent.objects.exists()

    for number, person in enumerate((zhuoma, mei, zoya)):
        shown = pin_item(actor=person, session_id=session.pk, item_id=item.pk, now=after(number))
        assert (shown.opened_by, shown.closed_at) == (person, None)
        pin_item(actor=person, session_id=session.pk, item_id=None, now=after(number + 0.5))

    assert PinEvent.objects.filter(closed_at=None).count() == 0
    assert PinEvent.objects.count() == 3


@pytest.mark.parametrize(
    ("at", "expected_ms"),
    [
        (5, 0),  # before the first picture
        (22.5, 12_500),
        (45, 30_000),  # between two takes: where the next begins
        (63.25, 33_250),  # 3.25 s into the second
    ],
)
def test_a_pins_place_in_the_picture_comes_from_when_the_takes_began(session, item, zhuoma, at, expected_ms):
    make_take(
        session=session, number=1, at=after(8), began_at=after(10), status=TakeStatus.CLOSED,
        duration_ms=30_000, last_chunk_at=after(40),
    )  # fmt: skip
    if at > 40:
        make_take(session=session, number=2, at=after(58), began_at=after(60), last_chunk_at=after(62))

    pin = pin_item(actor=zhuoma, session_id=session.pk, item_id=item.pk, now=after(at))

    assert pin.media_time_ms == expected_ms


def test_whoever_comes_late_sees_price_stock_and_deal_as_they_are(session, item, market, zhuoma, arun):
    pin_item(actor=zhuoma, session_id=session.pk, item_id=item.pk, now=utc_now())
    change = Change(item.pk, {"live_price_fen": 5500})
    change_item(actor=zhuoma, session_id=session.pk, change=change, now=utc_now())
    deal = make_deal(item=item, price_fen=4000, quantity=30)
    VariantStock.objects.filter(pk=market.variant.pk).update(available=7)

    room = APIClient().get(f"/api/v1/live-sessions/{session.pk}/").json()

    assert (room["pinned"]["price_fen"], room["pinned"]["available"]) == (5500, 7)
    (shown,) = room["deals"]
    assert (shown["id"], shown["status"], shown["price_fen"]) == (deal.pk, "active", 4000)
    assert (shown["remaining"], shown["quantity"]) == (30, 30)
    assert shown["ends_at"] > room["server_now"] >= shown["starts_at"]
    assert "farmer_fen" not in shown
    page = APIClient().get(f"/live/{session.pk}/").content.decode()
    assert 'data-state="active"' in page
    assert 'value="30" max="30"' in page


def test_a_changed_price_is_told_with_the_card(
    session, item, zhuoma, valkey, django_capture_on_commit_callbacks
):
    pin_item(actor=zhuoma, session_id=session.pk, item_id=item.pk, now=utc_now())

    change = Change(item.pk, {"live_price_fen": 5500})
    with django_capture_on_commit_callbacks(execute=True):
        change_item(actor=zhuoma, session_id=session.pk, change=change, now=utc_now())

    (card,) = told(valkey, session, "pin")
    assert '"price_fen":5500' in card


def test_a_price_and_a_count_that_the_shop_changes_reach_the_card(
    session, item, market, mei, zhuoma, valkey, drain_outbox, django_capture_on_commit_callbacks
):
    pin_item(actor=zhuoma, session_id=session.pk, item_id=item.pk, now=utc_now())
    change_item(
        actor=zhuoma, session_id=session.pk, change=Change(item.pk, {"live_price_fen": None}), now=utc_now()
    )
    product = market.product
    wanted = VariantData(pk=market.variant.pk, name="500克", price_fen=7200, stock=42)
    data = ListingData(
        title=product.title, description="", category=product.category, village=product.village,
        farmer=product.farmer, variants=[wanted],
    )  # fmt: skip

    save_product(actor=mei, shop=market.shop, data=data, now=utc_now(), product=product)
    with django_capture_on_commit_callbacks(execute=True):
        assert set(drain_outbox()) == {"livestreams.announce_stock"}

    card = told(valkey, session, "pin")[-1]
    assert '"price_fen":7200' in card
    assert '"available":42' in card
    assert told(valkey, session, "stock")[-1] == f'{{"variant":{market.variant.pk},"available":42}}'


def test_a_deal_is_told_when_it_changes_and_again_after_a_while(
    session, item, valkey, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        deal = make_deal(item=item, quantity=10)
    assert len(told(valkey, session, "deal")) == 1

    watch_deals()
    assert len(told(valkey, session, "deal")) == 1
    valkey.delete(f"deal:{deal.pk}:shown")
    watch_deals()

    events = told(valkey, session, "deal")
    assert len(events) == 2
    assert '"status":"active"' in events[1]
    assert '"remaining":10' in events[1]
    (line,) = told(valkey, session, "chat")
    assert '"event":"started"' in line


def test_a_crowd_of_stock_changes_is_told_a_few_times_and_the_last_is_true(
    session, item, market, valkey, django_capture_on_commit_callbacks
):
    began = time.monotonic()
    with django_capture_on_commit_callbacks(execute=True):
        for left in range(99, 49, -1):
            VariantStock.objects.filter(pk=market.variant.pk).update(available=left)
            announce_stock(variant_id=market.variant.pk, now=utc_now())
    count = len(told(valkey, session, "stock"))
    assert 1 <= count <= (time.monotonic() - began) / 0.25 + 1

    watch_task()

    assert told(valkey, session, "stock")[-1] == f'{{"variant":{market.variant.pk},"available":50}}'
    watch_task()
    assert len(told(valkey, session, "stock")) == count + 1
