"""Who may give what in a room, and when; refused, nothing is there."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from common.clock import utc_now
from common.errors import IdempotencyConflict, Invalid, NotFound, TooMany
from livestreams.errors import Banned, GiftGone, GiftLimit, HostNotActive, Muted, NotOnAir, OwnGift
from livestreams.models import ChatMessage, Gift, GiftKind
from livestreams.services.gifting import expire_gift, mark_gift_paid
from livestreams.services.silencing import set_standing
from tests.factories.gifts import choose, make_gift_kind
from tests.factories.livestreams import make_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def show(market):
    return make_session(host=market.host, shop=market.shop)


@pytest.fixture
def kind(db):
    return make_gift_kind()


def test_a_gift_keeps_what_held_when_it_was_chosen(market, arun, show, kind):
    now = utc_now()

    gift = choose(giver=arun, session=show, kind=kind, quantity=3, now=now)

    GiftKind.objects.update(name="青稞", price_fen=5000, platform_bp=0)
    gift.refresh_from_db()
    assert (gift.host, gift.name, gift.quantity, gift.status) == (market.host, "格桑花", 3, "pending")
    # 30 % of 29.97 are 8.991: the market's part is rounded down, the rest is the host's.
    assert (gift.amount_fen, gift.platform_fen, gift.host_fen) == (2997, 899, 2098)
    assert gift.expires_at == now + timedelta(minutes=5)
    assert not ChatMessage.objects.exists()


def test_the_same_key_is_one_gift_and_another_body_is_refused(arun, show, kind):
    key = uuid.uuid4()

    first = choose(giver=arun, session=show, kind=kind, key=key)
    again = choose(giver=arun, session=show, kind=kind, key=key)

    assert first.pk == again.pk and Gift.objects.count() == 1
    with pytest.raises(IdempotencyConflict):
        choose(giver=arun, session=show, kind=kind, key=key, quantity=2)
    assert Gift.objects.count() == 1


@pytest.mark.parametrize("quantity", [0, -1, 100, 10**9])
def test_a3_a_senseless_number_is_refused(arun, show, kind, quantity):
    with pytest.raises(Invalid):
        choose(giver=arun, session=show, kind=kind, quantity=quantity)

    assert not Gift.objects.exists()


@pytest.mark.parametrize(
    ("status", "refusal"),
    [("draft", NotFound), ("cancelled", NotFound), ("scheduled", NotOnAir), ("ended", NotOnAir)],
)
def test_only_a_show_that_is_on_takes_gifts(market, arun, kind, status, refusal):
    other = make_session(host=market.host, shop=market.shop, status=status)

    with pytest.raises(refusal):
        choose(giver=arun, session=other, kind=kind)

    assert not Gift.objects.exists()


def test_a_lost_picture_does_not_stop_gifts(market, arun, kind):
    show = make_session(host=market.host, shop=market.shop, status="interrupted")

    assert choose(giver=arun, session=show, kind=kind).status == "pending"


def test_what_is_not_offered_cannot_be_given(arun, show, kind):
    GiftKind.objects.update(is_active=False)
    unknown = GiftKind(pk=kind.pk + 1)

    for one in (kind, unknown):
        with pytest.raises(GiftGone):
            choose(giver=arun, session=show, kind=one)

    assert not Gift.objects.exists()


@pytest.mark.parametrize(("word", "refusal"), [("mute", Muted), ("ban", Banned)])
def test_who_was_silenced_gives_nothing(arun, zhuoma, show, kind, word, refusal):
    set_standing(actor=zhuoma, session_id=show.pk, person_id=arun.pk, kind=word, now=utc_now())

    with pytest.raises(refusal):
        choose(giver=arun, session=show, kind=kind)

    assert not Gift.objects.exists()


def test_nobody_gives_to_themselves_or_to_a_suspended_host(market, arun, zhuoma, show, kind):
    with pytest.raises(OwnGift):
        choose(giver=zhuoma, session=show, kind=kind)
    market.host.status = "suspended"
    market.host.save(update_fields=["status"])
    with pytest.raises(HostNotActive):
        choose(giver=arun, session=show, kind=kind)

    assert not Gift.objects.exists()


def test_at_once_and_in_a_day_there_is_an_end(arun, show, kind, settings):
    settings.GIFT_MAX_FEN, settings.GIFT_DAY_MAX_FEN = 1998, 2997
    with pytest.raises(GiftLimit):
        choose(giver=arun, session=show, kind=kind, quantity=3)
    choose(giver=arun, session=show, kind=kind, quantity=2)
    gift = choose(giver=arun, session=show, kind=kind)
    with pytest.raises(GiftLimit):
        choose(giver=arun, session=show, kind=kind)
    assert Gift.objects.count() == 2

    # What was not paid in time counts no more; a new day begins anew.
    assert expire_gift(gift_id=gift.pk, now=gift.expires_at)
    choose(giver=arun, session=show, kind=kind)
    choose(giver=arun, session=show, kind=kind, quantity=2, now=utc_now() + timedelta(days=1))
    assert Gift.objects.count() == 4


def test_a_person_chooses_at_most_twenty_in_a_minute(arun, show, kind):
    now = utc_now()
    for _ in range(20):
        choose(giver=arun, session=show, kind=kind, now=now)

    with pytest.raises(TooMany):
        choose(giver=arun, session=show, kind=kind, now=now)

    assert Gift.objects.count() == 20


def test_it_is_given_once_and_never_after_it_expired(arun, show, kind):
    now = utc_now()
    gift, late = (choose(giver=arun, session=show, kind=kind, now=now) for _ in range(2))

    assert not expire_gift(gift_id=late.pk, now=late.expires_at - timedelta(seconds=1))
    assert expire_gift(gift_id=late.pk, now=late.expires_at)
    assert [mark_gift_paid(gift_id=gift.pk, now=now) for _ in range(2)] == [True, False]
    assert not mark_gift_paid(gift_id=late.pk, now=now)
    assert not expire_gift(gift_id=gift.pk, now=gift.expires_at)
    assert ChatMessage.objects.filter(kind="gift").count() == 1


@pytest.mark.parametrize(
    "values", [{"price_fen": 0}, {"price_fen": -1}, {"price_fen": 1_000_001}, {"platform_bp": 5_001}]
)
def test_the_database_refuses_a_senseless_kind(kind, values):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_gift_kind(name="x", **values)


def test_the_database_refuses_a_gift_of_less_than_nothing(arun, show, kind):
    gift = choose(giver=arun, session=show, kind=kind)

    for values in ({"amount_fen": -1}, {"quantity": 0}, {"platform_fen": 1000}, {"status": "paid"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Gift.objects.filter(pk=gift.pk).update(**values)
