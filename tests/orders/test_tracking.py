"""Carriers report: forged, repeated, reordered, late; what the parcel and its order make of it."""

import itertools
import json
from datetime import UTC, datetime, timedelta

import pytest

from common.errors import BodyTooLarge, NotFound
from common.models import OutboxMessage
from notifications.models import Notification
from orders.carriers.base import Event, TrackerUnavailable
from orders.carriers.catalogue import CATALOGUE, tracking_link
from orders.errors import BadTrackingReport, BadTrackingSignature
from orders.models import CarrierReport, Order, TrackingEvent
from orders.selectors.arriving import is_receiving_paused
from orders.services.receiving import auto_receive, receive_order
from orders.services.shipping import Packed, ship_order
from orders.services.tracking import ask_about_parcels, follow_parcel, note_events, receive_report
from orders.statuses import Carrier
from orders.tasks import after_parcel_problem
from tests import carriersim
from tests.carriersim import point, push
from tests.factories.orders import make_paid, make_shipped

NOW = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DOOR = "/api/v1/tracking/kuaidi100/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def kuaidi(settings):
    with carriersim.running() as server:
        settings.TRACKER = "kuaidi100"
        settings.KUAIDI100 = {
            "key": carriersim.KEY, "customer": carriersim.CUSTOMER, "salt": carriersim.SALT,
            "address": server.address,
        }  # fmt: skip
        yield server


@pytest.fixture
def order(market, arun, mei, kuaidi) -> Order:
    return make_shipped(buyer=arun, seller=mei, variant=market.variant, now=NOW)


def number_of(order: Order) -> str:
    return order.shipments.get().tracking_number


def tell(body: bytes, now=NOW + 48 * HOUR) -> CarrierReport:
    return receive_report(tracker="kuaidi100", headers={}, body=body, now=now)


def standing(order: Order) -> tuple[str, str, str]:
    order.refresh_from_db()
    parcel = order.shipments.get()
    return order.status, parcel.status, parcel.problem


def whole_way() -> list[dict]:
    return [
        point("1", NOW + HOUR, "已揽收"),
        point("0", NOW + 10 * HOUR, "成都中转"),
        point("5", NOW + 30 * HOUR, "派件中"),
        point("3", NOW + 31 * HOUR, "已签收"),
    ]


def test_a_signed_report_delivers_the_parcel_and_its_order(order, client):
    answer = client.post(
        DOOR, push(number_of(order), whole_way()), content_type="application/x-www-form-urlencoded"
    )

    assert (answer.status_code, answer.json()) == (
        200,
        {"result": True, "returnCode": "200", "message": "成功"},
    )
    assert standing(order) == ("delivered", "delivered", "")
    parcel = order.shipments.get()
    assert parcel.delivered_at == NOW + 31 * HOUR
    assert [event.state for event in parcel.events.all()] == ["accepted", "moving", "at_door", "delivered"]
    assert OutboxMessage.objects.filter(task="orders.after_parcel_delivered").count() == 1


@pytest.mark.parametrize("body", [b"", b"param={}", b"\xff\xfe", b"sign=AB&param=%7B%7D", b"a=1&" * 40])
def test_what_is_not_signed_is_refused_and_nothing_is_kept(order, client, body):
    answer = client.post(DOOR, body, content_type="application/x-www-form-urlencoded")

    assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")
    assert standing(order) == ("shipped", "shipped", "")
    assert not CarrierReport.objects.exists()


def test_a_forged_or_altered_report_changes_nothing(order):
    number = number_of(order)
    altered = push(number, whole_way()[:1]).replace(b"statusCode%22%3A+%221", b"statusCode%22%3A+%223")
    assert altered != push(number, whole_way()[:1])

    for body in (push(number, whole_way(), salt="another salt of theirs"), altered):
        with pytest.raises(BadTrackingSignature):
            tell(body)

    assert standing(order) == ("shipped", "shipped", "")
    assert not CarrierReport.objects.exists() and not TrackingEvent.objects.exists()


@pytest.mark.parametrize(
    "param",
    ["[]", "{}", "nonsense", '{"lastResult": {"com": "shunfeng", "nu": "SF1", "state": "0", "data": [{}]}}',
     '{"lastResult": {"com": "dragon", "nu": "SF1", "state": "0", "data": []}}'],
)  # fmt: skip
def test_a_signed_report_that_cannot_be_read_is_refused(order, param):
    with pytest.raises(BadTrackingReport):
        tell(carriersim.signed(param))

    assert standing(order) == ("shipped", "shipped", "")


def test_a_report_that_is_too_large_is_not_read(order):
    with pytest.raises(BodyTooLarge):
        tell(b"x" * (64 * 1024 + 1))


def test_a_tracker_that_is_not_switched_on_is_not_there(order, settings):
    settings.TRACKER = ""

    with pytest.raises(NotFound):
        tell(push(number_of(order), whole_way()))


def test_the_same_report_eight_times_has_one_effect(order):
    body = push(number_of(order), whole_way())

    for _ in range(8):
        assert tell(body).outcome == "processed"

    assert standing(order) == ("delivered", "delivered", "")
    assert (CarrierReport.objects.count(), TrackingEvent.objects.count()) == (1, 4)
    assert OutboxMessage.objects.filter(task="orders.after_parcel_delivered").count() == 1


def test_reports_in_every_order_end_the_same(market, arun, mei, kuaidi):
    for turn in itertools.permutations(range(4)):
        order = make_shipped(buyer=arun, seller=mei, variant=market.variant, now=NOW)
        for i in turn:
            tell(push(number_of(order), [whole_way()[i]]))

        assert standing(order) == ("delivered", "delivered", "")
        assert order.shipments.get().delivered_at == NOW + 31 * HOUR


def test_a_late_report_gives_the_buyer_all_the_days(order):
    learned = NOW + timedelta(days=9)

    tell(push(number_of(order), whole_way()), now=learned)

    order.refresh_from_db()
    assert order.delivered_at == learned
    assert auto_receive(now=learned + timedelta(days=6, hours=23)) == 0
    assert auto_receive(now=learned + timedelta(days=7)) == 1


def test_a_report_after_completion_moves_nothing_back(order, arun):
    receive_order(buyer=arun, number=order.number, now=NOW + 40 * HOUR)

    tell(push(number_of(order), [*whole_way(), point("6", NOW + 40 * HOUR, "退回")]))

    assert standing(order)[:2] == ("completed", "delivered")


def test_what_happened_before_we_sent_it_is_another_parcels(order):
    last_year = point("3", NOW - timedelta(days=300), "已签收")
    next_year = point("3", NOW + timedelta(days=300), "已签收")

    tell(push(number_of(order), [last_year, next_year]))

    assert standing(order) == ("shipped", "shipped", "")
    assert not TrackingEvent.objects.exists()


def test_a_report_of_a_parcel_we_do_not_know_is_quarantined(order):
    report = tell(push("SF999999999999", whole_way()))

    assert (report.outcome, report.shipment) == ("quarantined", None)
    assert standing(order) == ("shipped", "shipped", "")


def test_every_parcel_has_to_arrive(market, arun, mei, kuaidi):
    order = make_paid(buyer=arun, variant=market.variant, quantity=2, now=NOW)
    line = order.lines.get()
    for number in ("SF000000000001", "SF000000000002"):
        ship_order(
            actor=mei, number=order.number, carrier="sf", tracking_number=number,
            lines=[Packed(line.pk, 1)], now=NOW,
        )  # fmt: skip
        tell(push("SF000000000001", whole_way()))

    order.refresh_from_db()
    assert order.status == "shipped"

    tell(push("SF000000000002", whole_way()))

    order.refresh_from_db()
    assert order.status == "delivered"


@pytest.mark.parametrize(
    ("code", "problem"), [("14", "refused"), ("203", "refused"), ("6", "returned"), ("4", "returned")]
)
def test_a_parcel_in_trouble_stops_the_clock_and_both_are_told(order, mei, code, problem):
    tell(push(number_of(order), [point("0", NOW + HOUR), point(code, NOW + 20 * HOUR, "异常")]))

    assert standing(order) == ("shipped", "shipped", problem)
    assert is_receiving_paused(order)
    assert auto_receive(now=NOW + timedelta(days=60)) == 0
    parcel = order.shipments.get()
    for _ in range(2):
        after_parcel_problem(shipment_id=parcel.pk, problem=problem)
    told = Notification.objects.filter(kind=f"parcel_{problem}").values_list("url", flat=True)
    assert sorted(told) == [f"/desk/orders/{order.number}/", f"/orders/{order.number}/"]


def test_a_parcel_that_came_back_is_not_delivered_but_a_found_one_is(order):
    parcel = order.shipments.get()
    back = [Event("returned", "退回", NOW + HOUR), Event("delivered", "退回签收", NOW + 2 * HOUR)]

    note_events(shipment_id=parcel.pk, events=back, now=NOW + 3 * HOUR)

    assert standing(order) == ("shipped", "shipped", "returned")
    parcel.events.all().delete()

    found = [Event("lost", "丢失", NOW + HOUR), Event("delivered", "签收", NOW + 2 * HOUR)]
    note_events(shipment_id=parcel.pk, events=found[:1], now=NOW + 3 * HOUR)
    assert standing(order) == ("shipped", "shipped", "lost")
    note_events(shipment_id=parcel.pk, events=found, now=NOW + 3 * HOUR)
    assert standing(order) == ("delivered", "delivered", "")


def test_what_nobody_reports_is_asked_for_every_four_hours(order, kuaidi):
    number = number_of(order)
    assert ask_about_parcels(now=NOW + HOUR) == 1
    assert ask_about_parcels(now=NOW + 2 * HOUR) == 0
    kuaidi.ways[number] = carriersim.result(number, whole_way())

    assert ask_about_parcels(now=NOW + 48 * HOUR) == 1

    assert standing(order) == ("delivered", "delivered", "")
    assert kuaidi.asked == [number, number]
    assert ask_about_parcels(now=NOW + 96 * HOUR) == 0


def test_a_tracker_that_is_down_is_asked_later(order, kuaidi):
    kuaidi.is_down = True

    assert ask_about_parcels(now=NOW + HOUR) == 0
    with pytest.raises(TrackerUnavailable):
        follow_parcel(shipment_id=order.shipments.get().pk)

    assert standing(order) == ("shipped", "shipped", "")


def test_an_answer_about_another_parcel_is_not_taken(order, kuaidi):
    kuaidi.ways[number_of(order)] = carriersim.result("SF555555555555", whole_way())

    assert ask_about_parcels(now=NOW + 48 * HOUR) == 0

    assert standing(order) == ("shipped", "shipped", "")


def test_we_ask_to_be_told_and_give_no_more_of_the_phone_than_carriers_want(order, kuaidi):
    parcel = order.shipments.get()

    assert follow_parcel(shipment_id=parcel.pk) and follow_parcel(shipment_id=parcel.pk)

    wish = kuaidi.followed[0]
    assert (wish["company"], wish["number"]) == ("shunfeng", parcel.tracking_number)
    assert wish["parameters"]["phone"] == order.phone[-4:]
    assert order.phone not in json.dumps(kuaidi.followed)


@pytest.mark.parametrize(
    ("carrier", "good", "bad"),
    [
        ("china_post", "9876543210123", "98765"), ("ems", "EA123456789CN", "EA12345678CN"),
        ("sf", "SF1234567890123", "ZT123456789012"), ("zto", "75123456789012", "SF1234567890123"),
        ("yto", "YT1234567890123", "YT12"), ("sto", "773123456789012", "ABC"),
        ("yunda", "4312345678901", "43123"), ("jd", "JDVA12345678901", "JDVAX"),
    ],
)  # fmt: skip
def test_each_carrier_writes_its_own_numbers_and_shows_its_own_page(carrier, good, bad):
    info = CATALOGUE[carrier]

    assert (info.takes(good), info.takes(bad), info.takes("=1+1"), info.takes("")) == (
        True,
        False,
        False,
        False,
    )
    assert tracking_link(carrier, good).startswith("https://") and good in tracking_link(carrier, good)
    assert set(CATALOGUE) == set(Carrier.values)
