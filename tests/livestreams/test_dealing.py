"""Flash deals on the server's clock: what may be planned, who may move it, where the units are."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum

from common.clock import database_now
from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from common.models import AuditEntry
from livestreams import selectors
from livestreams.errors import BelowFloorPrice, DealClosed, DealRunning, NotAuthorized, NotOnAir, QuotaReached
from livestreams.models import FlashDeal, SessionModerator
from livestreams.services import dealing, timing_deals
from livestreams.services.overseeing import end_by_operator
from livestreams.services.presenting import end_session
from livestreams.statuses import DealStatus, SessionStatus
from shops.errors import StockTooLow
from shops.models import DealStock, FarmerAuthorization, VariantStock
from shops.statuses import AuthorizationStatus
from tests.factories.livestreams import add_to_rundown, make_deal, make_session
from tests.factories.shops import make_product

pytestmark = pytest.mark.django_db


def counters(variant) -> tuple[int, int, int, int]:
    """(available, reserved, sold, in_deals), after asserting that they are what the movements say."""
    row = VariantStock.objects.get(pk=variant.pk)
    assert row.available + row.reserved + row.in_deals == variant.movements.aggregate(n=Sum("quantity"))["n"]
    deals = DealStock.objects.filter(variant=variant).aggregate(a=Sum("available"), r=Sum("reserved"))
    assert row.in_deals == (deals["a"] or 0) + (deals["r"] or 0)
    return row.available, row.reserved, row.sold, row.in_deals


def at(deal: FlashDeal, *, seconds: float) -> None:
    """Move the deal's times so that it is `seconds` after its beginning now."""
    begin = database_now() - timedelta(seconds=seconds)
    FlashDeal.objects.filter(pk=deal.pk).update(
        starts_at=begin, ends_at=begin + timedelta(seconds=deal.seconds)
    )


def test_a_planned_deal_holds_nothing(item, market, zhuoma):
    deal = make_deal(item=item, starts=False)

    assert (deal.status, deal.stock, deal.starts_at) == ("scheduled", None, None)
    assert counters(market.variant) == (100, 0, 0, 0)
    assert AuditEntry.objects.get(target=f"flashdeal:{deal.pk}").action == "livestreams.deal_create"


def test_the_countdown_sets_the_units_aside_and_the_clock_begins(item, market, zhuoma):
    deal = make_deal(item=item, quantity=30, countdown=10, seconds=60, starts=False)
    now = database_now()

    deal = dealing.start_deal(actor=zhuoma, deal_id=deal.pk, now=now)

    assert deal.status == "countdown"
    assert (deal.starts_at, deal.ends_at) == (now + timedelta(seconds=10), now + timedelta(seconds=70))
    assert (deal.stock.quantity, deal.stock.available) == (30, 30)
    assert counters(market.variant) == (70, 0, 0, 30)
    again = dealing.start_deal(actor=zhuoma, deal_id=deal.pk, now=now + timedelta(seconds=5))
    assert (again.starts_at, counters(market.variant)) == (deal.starts_at, (70, 0, 0, 30))


@pytest.mark.parametrize(
    ("seconds", "state"),
    [(-3, "countdown"), (0.5, "active"), (299, "active"), (301, "ended")],
)
def test_a_read_is_true_by_the_clock_however_late_the_sweeper_is(item, seconds, state):
    deal = make_deal(item=item, countdown=30)
    at(deal, seconds=seconds)
    deal = selectors.get_deal(deal.pk)

    now = database_now()
    data = selectors.deal_data(deal, now=now)

    assert (deal.status, data["status"]) == ("countdown", state)
    assert data["remaining"] == (0 if state == "ended" else 10)
    assert [one.pk for one in selectors.open_deals(item.session, now=now)] == (
        [] if state == "ended" else [deal.pk]
    )


def test_what_can_be_bought_comes_before_what_is_sold_out(session, item, market):
    other = add_to_rundown(
        session=session, variant=make_product(shop=market.shop, title="酥油", stock=50).variants.get()
    )
    first, second = make_deal(item=item), make_deal(item=other)
    at(first, seconds=1)
    at(second, seconds=2)

    assert [one.pk for one in selectors.open_deals(session, now=database_now())] == [second.pk, first.pk]
    DealStock.objects.filter(pk=second.stock_id).update(available=0, reserved=10)

    assert [one.pk for one in selectors.open_deals(session, now=database_now())] == [first.pk, second.pk]


def test_the_sweeper_follows_the_clock_and_gives_the_rest_back(item, market):
    deal = make_deal(item=item, countdown=30)
    at(deal, seconds=1)

    timing_deals.watch_deals()
    deal.refresh_from_db()
    assert deal.status == "active"
    DealStock.objects.filter(pk=deal.stock_id).update(available=0, reserved=10)
    assert timing_deals.settle_deal(deal_id=deal.pk) == "sold_out"
    DealStock.objects.filter(pk=deal.stock_id).update(available=4, reserved=6)
    assert timing_deals.settle_deal(deal_id=deal.pk) == "active"
    at(deal, seconds=301)
    timing_deals.watch_deals()

    deal.refresh_from_db()
    assert (deal.status, deal.end_reason, deal.ended_at) == ("ended", "time", deal.ends_at)
    assert (deal.stock.is_open, deal.stock.available, deal.stock.reserved) == (False, 0, 6)
    assert counters(market.variant) == (94, 0, 0, 6)


def test_a_deal_that_sold_out_while_nobody_looked_goes_through_active(item):
    deal = make_deal(item=item, countdown=30)
    at(deal, seconds=1)
    DealStock.objects.filter(pk=deal.stock_id).update(available=0, reserved=10)

    assert timing_deals.settle_deal(deal_id=deal.pk) == "sold_out"


def test_extending_and_stopping(item, market, zhuoma):
    deal = make_deal(item=item, seconds=60)

    longer = dealing.extend_deal(actor=zhuoma, deal_id=deal.pk, seconds=120, now=database_now())
    assert longer.ends_at - longer.starts_at == timedelta(seconds=180)
    now = database_now()
    stopped = dealing.stop_deal(actor=zhuoma, deal_id=deal.pk, now=now)

    assert (stopped.status, stopped.end_reason, stopped.ended_at) == ("ended", "stopped", now)
    assert counters(market.variant) == (100, 0, 0, 0)
    again = dealing.stop_deal(actor=zhuoma, deal_id=deal.pk, now=now + timedelta(seconds=9))
    assert again.ended_at == now
    with pytest.raises(DealClosed):
        dealing.extend_deal(actor=zhuoma, deal_id=deal.pk, seconds=60, now=database_now())
    with pytest.raises(MoveRefused):
        dealing.start_deal(actor=zhuoma, deal_id=deal.pk, now=database_now())
    actions = AuditEntry.objects.filter(target=f"flashdeal:{deal.pk}").order_by("pk")
    assert [entry.action.removeprefix("livestreams.deal_") for entry in actions] == [
        "create", "start", "extend", "stop",
    ]  # fmt: skip


def test_what_is_over_by_the_clock_cannot_be_extended_though_nobody_swept(item, zhuoma):
    deal = make_deal(item=item, seconds=60)
    at(deal, seconds=61)

    with pytest.raises(DealClosed):
        dealing.extend_deal(actor=zhuoma, deal_id=deal.pk, seconds=60, now=database_now())

    deal.refresh_from_db()
    assert deal.status == "active"
    with pytest.raises(Invalid):
        other = make_deal(item=item, seconds=60)
        dealing.extend_deal(actor=zhuoma, deal_id=other.pk, seconds=14_401, now=database_now())


def test_one_deal_at_a_time_of_an_item(item, market, zhuoma):
    first = make_deal(item=item, seconds=60)
    with pytest.raises(DealRunning):
        make_deal(item=item)
    assert counters(market.variant) == (90, 0, 0, 10)
    stock = DealStock.objects.create(variant=market.variant, quantity=1, is_open=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        FlashDeal.objects.create(
            session=item.session, rundown_item=item, stock=stock, status=DealStatus.ACTIVE, price_fen=1,
            quantity=1, seconds=60, created_at=database_now(),
        )  # fmt: skip
    stock.delete()
    at(first, seconds=61)

    second = make_deal(item=item)

    first.refresh_from_db()
    assert (first.status, second.status) == ("ended", "active")
    assert counters(market.variant) == (90, 0, 0, 10)


def test_the_farmers_floor_holds_at_planning_and_at_the_start(item, market):
    FarmerAuthorization.objects.filter(farmer=market.farmer).update(floor_price_bp=7500)
    with pytest.raises(BelowFloorPrice) as refusal:
        make_deal(item=item, price_fen=5099)
    assert list(refusal.value.fields) == ["price_fen"]
    (terms,) = dealing.deal_terms(item.session)
    assert (terms["floor_fen"], terms["price_fen"], terms["available"]) == (5100, 6800, 100)
    planned = make_deal(item=item, price_fen=5100, starts=False)
    FarmerAuthorization.objects.filter(farmer=market.farmer).update(floor_price_bp=8000)
    with pytest.raises(BelowFloorPrice):
        dealing.start_deal(actor=market.host.user, deal_id=planned.pk, now=database_now())
    FarmerAuthorization.objects.update(status=AuthorizationStatus.REVOKED)
    with pytest.raises(NotAuthorized):
        dealing.start_deal(actor=market.host.user, deal_id=planned.pk, now=database_now())
    planned.refresh_from_db()
    assert (planned.status, FlashDeal.objects.count()) == ("scheduled", 1)
    assert counters(market.variant) == (100, 0, 0, 0)


def test_a_deal_cannot_set_aside_what_is_not_free(item, market):
    with pytest.raises(StockTooLow):
        make_deal(item=item, quantity=101)

    assert not FlashDeal.objects.exists()
    assert counters(market.variant) == (100, 0, 0, 0)


def test_the_rundowns_quota_caps_the_sum_of_its_deals(session, market, zhuoma):
    item = add_to_rundown(session=session, variant=market.variant, quota=25)
    first = make_deal(item=item, quantity=20)
    with pytest.raises(QuotaReached):
        make_deal(item=item, quantity=6, starts=False)
    dealing.stop_deal(actor=zhuoma, deal_id=first.pk, now=database_now())
    plan = make_deal(item=item, quantity=15, starts=False)
    with pytest.raises(QuotaReached):
        make_deal(item=item, quantity=11, starts=False)

    other = make_deal(item=item, quantity=10)

    assert other.status == "active"
    dealing.stop_deal(actor=zhuoma, deal_id=other.pk, now=database_now())
    assert dealing.start_deal(actor=zhuoma, deal_id=plan.pk, now=database_now()).status == "active"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("quantity", 0), ("quantity", -1), ("quantity", 10**9), ("seconds", 9), ("seconds", 14_401),
        ("per_buyer", 0), ("per_buyer", 1000), ("countdown", -1), ("countdown", 601), ("price_fen", 0),
        ("price_fen", 6801),
    ],
)  # fmt: skip
def test_numbers_out_of_bounds_are_refused_by_name(item, field, value):
    with pytest.raises(Invalid) as refusal:
        make_deal(item=item, **{field: value})

    assert list(refusal.value.fields) == [field]
    assert not FlashDeal.objects.exists()


def test_only_a_show_on_air_sells_by_deals(market, zhuoma):
    draft = make_session(host=market.host, shop=market.shop, status=SessionStatus.SCHEDULED)
    item = add_to_rundown(session=draft, variant=market.variant)
    planned = make_deal(item=item, starts=False)

    with pytest.raises(NotOnAir):
        dealing.start_deal(actor=zhuoma, deal_id=planned.pk, now=database_now())

    draft.status = SessionStatus.ENDED
    draft.save(update_fields=["status"])
    with pytest.raises(MoveRefused):
        make_deal(item=item, starts=False)


@pytest.mark.parametrize("ends", ["host", "operator"])
def test_the_end_of_the_show_ends_its_deals(item, market, zhuoma, operator, ends):
    running = make_deal(item=item, quantity=10)
    DealStock.objects.filter(pk=running.stock_id).update(available=7, reserved=3)
    planned = make_deal(item=item, starts=False)
    now = database_now()

    if ends == "host":
        end_session(actor=zhuoma, session_id=item.session_id, now=now)
    else:
        end_by_operator(actor=operator, session_id=item.session_id, reason="unsafe", now=now)

    for deal in (running, planned):
        deal.refresh_from_db()
        assert (deal.status, deal.end_reason, deal.ended_at) == ("ended", "session", now)
    assert counters(market.variant) == (97, 0, 0, 3)


def test_presenters_price_and_moderators_may_stop(item, market, mei, zoya, arun):
    SessionModerator.objects.create(session=item.session, user=zoya, created_at=database_now())
    values = {"session_id": item.session_id, "item_id": item.pk, "price_fen": 5000, "quantity": 5}
    deal = dealing.create_deal(actor=mei, seconds=60, now=database_now(), **values)
    for step in (dealing.start_deal, dealing.stop_deal):
        with pytest.raises(NotFound):
            step(actor=arun, deal_id=deal.pk, now=database_now())
    with pytest.raises(NotFound):
        dealing.create_deal(actor=arun, seconds=60, now=database_now(), **values)
    with pytest.raises(NotAllowed):
        dealing.create_deal(actor=zoya, seconds=60, now=database_now(), **values)
    with pytest.raises(NotAllowed):
        dealing.start_deal(actor=zoya, deal_id=deal.pk, now=database_now())
    deal.refresh_from_db()
    assert (deal.status, FlashDeal.objects.count()) == ("scheduled", 1)

    dealing.start_deal(actor=mei, deal_id=deal.pk, now=database_now())
    with pytest.raises(NotAllowed):
        dealing.extend_deal(actor=zoya, deal_id=deal.pk, seconds=60, now=database_now())
    stopped = dealing.stop_deal(actor=zoya, deal_id=deal.pk, now=database_now())

    assert stopped.status == "ended"


def test_an_operator_stops_a_deal_with_a_reason_that_is_kept(item, market, operator, arun, client):
    deal = make_deal(item=item)
    client.force_login(operator)
    address = f"/admin/livestreams/flashdeal/{deal.pk}"
    with pytest.raises(NotAllowed):
        dealing.stop_by_operator(actor=arun, deal_id=deal.pk, reason="x", now=database_now())
    assert client.post(f"{address}/move/stop/", {"reason": " "}).status_code == 200
    deal.refresh_from_db()
    assert deal.status == "active"

    assert client.post(f"{address}/move/stop/", {"reason": "wrong price"}).status_code == 302

    deal.refresh_from_db()
    assert (deal.status, deal.end_reason) == ("ended", "stopped")
    entry = AuditEntry.objects.get(action="livestreams.deal_stop")
    assert (entry.actor, entry.reason) == (f"user:{operator.pk}", "wrong price")
    assert (entry.before, entry.after) == ({"status": "active"}, {"status": "ended"})
    assert counters(market.variant) == (100, 0, 0, 0)
