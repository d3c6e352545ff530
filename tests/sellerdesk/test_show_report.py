"""What a show brought: every number from what really happened, and for nobody else's eyes."""

from datetime import timedelta

import pytest

from common.clock import utc_now
from livestreams.models import Interruption, ViewerSample
from livestreams.sources import make_source
from livestreams.statuses import EndReason, SessionStatus
from orders.models import CommissionLine
from orders.services.cancelling import cancel_by_shop
from sellerdesk.charts import HEIGHT, WIDTH, columns_of, line_of
from sellerdesk.selectors import show_report
from sellerdesk.selectors.show_report import Minute
from tests.factories.livestreams import add_to_rundown, make_pin, make_session
from tests.factories.orders import make_paid, place_one
from tests.factories.shops import authorize_host, authorize_shop, make_farmer, make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def start():
    return utc_now().replace(second=0, microsecond=0) - timedelta(minutes=30)


@pytest.fixture
def show(market, start):
    return make_session(host=market.host, shop=market.shop, at=start)


def pinned(show, variant, *, at, until=None, **item):
    """Show a variant from `at` to `until`; return the signed source of it."""
    pin = make_pin(item=add_to_rundown(session=show, variant=variant, **item), at=at, closed_at=until)
    return make_source(kind="pin", session_id=show.pk, pin_event_id=pin.pk, variant_id=variant.pk)


def test_sales_airtime_and_drop_outs_are_counted_where_they_happened(market, arun, show, start):
    other = make_farmer(village=market.village, name="央金")
    authorize_shop(farmer=other, shop=market.shop)
    authorize_host(farmer=other, host=market.host)
    butter = make_product(shop=market.shop, farmer=other, title="酥油", price_fen=3000).variants.get()
    barley = pinned(show, market.variant, at=start, until=start + timedelta(minutes=4), live_price_fen=5800)
    pinned(show, butter, at=start + timedelta(minutes=4), until=start + timedelta(seconds=330))
    third = start + timedelta(minutes=2, seconds=30)
    first = make_paid(buyer=arun, variant=market.variant, quantity=2, source=barley, now=third)
    make_paid(buyer=arun, variant=market.variant, source=barley, now=third + timedelta(seconds=20))
    place_one(buyer=arun, variant=market.variant, source=barley, now=third)
    make_paid(buyer=arun, variant=butter, now=third)  # from the shop, not from the show
    Interruption.objects.create(
        session=show, began_at=start + timedelta(seconds=70), ended_at=start + timedelta(seconds=95)
    )
    ViewerSample.objects.create(session=show, minute_at=start, viewers=12, likes=4)

    report = show_report(session=show, now=start + timedelta(minutes=5, seconds=30), with_earnings=True)

    assert (report.orders, report.units, report.goods_fen, report.unpaid_orders) == (2, 3, 17400, 1)
    assert [(one.orders, one.goods_fen) for one in report.minutes] == [(0, 0)] * 2 + [(2, 17400)] + [
        (0, 0)
    ] * 3
    assert [one.is_dark for one in report.minutes] == [False, True, False, False, False, False]
    assert [one.viewers for one in report.minutes] == [12, 0, 0, 0, 0, 0]
    assert [one.likes for one in report.minutes] == [4] * 6
    assert [
        (row.title, row.pinned_seconds, row.pins, row.units, row.goods_fen) for row in report.products
    ] == [
        ("高山青稞米", 240, 1, 3, 17400),
        ("酥油", 90, 1, 0, 0),
    ]
    frozen = sum(one.amount_fen for one in CommissionLine.objects.filter(order_line__live_session=show))
    unpaid = sum(
        one.amount_fen for one in CommissionLine.objects.filter(order_line__order__status="pending_payment")
    )
    assert [
        (row.name, row.pinned_seconds, row.units, row.goods_fen, row.earned_fen) for row in report.farmers
    ] == [
        ("扎西", 240, 3, 17400, 17400 - (frozen - unpaid)),
        ("央金", 90, 0, 0, 0),
    ]
    assert frozen > unpaid > 0
    assert [one.seconds for one in report.drop_outs] == [25]
    assert report.dark_seconds == 25

    cancel_by_shop(actor=market.shop.members.get(), number=first.number, now=third + timedelta(minutes=1))

    report = show_report(session=show, now=start + timedelta(minutes=5, seconds=30), with_earnings=False)
    assert (report.orders, report.units, report.goods_fen) == (1, 1, 5800)
    assert [row.earned_fen for row in report.farmers] == [None, None]


def test_what_is_bought_from_the_replay_is_told_apart(market, arun, show, start):
    source = pinned(show, market.variant, at=start, until=start + timedelta(minutes=9))
    make_paid(buyer=arun, variant=market.variant, source=source, now=start + timedelta(minutes=3))
    show.ended_at = start + timedelta(minutes=10)
    show.save(update_fields=["ended_at"])
    make_paid(buyer=arun, variant=market.variant, source=source, now=start + timedelta(minutes=20))

    report = show_report(session=show, now=start + timedelta(hours=1), with_earnings=True)

    assert (report.orders, report.goods_fen, report.replay_orders, report.replay_fen) == (1, 6800, 1, 6800)
    assert report.duration_seconds == 600
    assert len(report.minutes) == 11
    assert sum(one.orders for one in report.minutes) == 1


def test_page_says_why_the_market_ended_the_show(client, market, mei, arun, show, start):
    source = pinned(show, market.variant, at=start, until=start + timedelta(minutes=9))
    make_paid(buyer=arun, variant=market.variant, source=source, now=start + timedelta(minutes=3))
    show.status, show.end_reason = SessionStatus.ENDED, EndReason.PICTURE_LOST
    show.ended_at = start + timedelta(minutes=10)
    show.save(update_fields=["status", "end_reason", "ended_at"])
    mei.language = "en"
    mei.save(update_fields=["language"])
    client.force_login(mei)

    page = client.get(f"/desk/live/{show.pk}/report/").content.decode()

    assert "The picture stayed away for too long." in page
    assert "minutes__bar" in page
    assert "for the farmer" in page
    assert page.count('<tr><th scope="row">') == 1


def test_report_of_many_sales_takes_few_queries(
    client, market, mei, arun, show, start, django_assert_max_num_queries
):
    for number in range(12):
        farmer = make_farmer(village=market.village, name=f"农户{number}")
        authorize_shop(farmer=farmer, shop=market.shop)
        authorize_host(farmer=farmer, host=market.host)
        variant = make_product(shop=market.shop, farmer=farmer, title=f"货{number}").variants.get()
        make_paid(
            buyer=arun,
            variant=variant,
            source=pinned(show, variant, at=start, until=start + timedelta(seconds=number)),
            now=start + timedelta(minutes=number),
        )
    client.force_login(mei)

    with django_assert_max_num_queries(25):
        answer = client.get(f"/api/v1/live-sessions/{show.pk}/report/").json()

    assert len(answer["farmers"]) == 12
    assert answer["orders"] == 12


def test_only_the_shops_owner_sees_what_farmers_earn(client, market, zhuoma, arun, show, start):
    source = pinned(show, market.variant, at=start)
    make_paid(buyer=arun, variant=market.variant, source=source, now=start + timedelta(minutes=3))
    client.force_login(zhuoma)

    answer = client.get(f"/api/v1/live-sessions/{show.pk}/report/").json()

    assert [(row["goods_fen"], row["earned_fen"]) for row in answer["farmers"]] == [(6800, None)]
    assert "for the farmer" not in client.get(f"/desk/live/{show.pk}/report/").content.decode()


def test_show_that_has_not_begun_has_no_report(client, market, mei):
    planned = make_session(host=market.host, shop=market.shop, status=SessionStatus.SCHEDULED)
    client.force_login(mei)

    assert client.get(f"/desk/live/{planned.pk}/report/").status_code == 404


@pytest.mark.parametrize("count, step, columns", [(5, 1, 5), (60, 1, 60), (61, 2, 31), (1440, 30, 48)])
def test_long_shows_are_drawn_in_longer_steps(start, count, step, columns):
    minutes = [Minute(start + timedelta(minutes=m), m, 0, 1, 100, m == 1) for m in range(count)]

    sales = columns_of(minutes, "goods_fen")
    viewers = line_of(minutes, "viewers")

    assert (sales.step_minutes, len(sales.bars), sales.top) == (step, columns, 100 * step)
    assert viewers.top == count - 1
    assert min(bar.y for bar in sales.bars) == 0
    assert all(bar.y + bar.height == pytest.approx(HEIGHT, abs=0.2) for bar in sales.bars)
    assert max(bar.x + bar.width for bar in sales.bars) <= WIDTH
    assert [bar.is_dark for bar in sales.bars].count(True) == 1


def test_nothing_is_drawn_of_nothing(start):
    assert columns_of([Minute(start, 0, 0, 0, 0, False)], "goods_fen") is None
    assert line_of([], "viewers") is None
