"""Parcels that need a hand: wrong numbers put right, trouble settled, what never arrives told."""

from datetime import timedelta

import pytest

from backoffice.comparing import JOBS
from common.clock import utc_now
from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from common.models import AuditEntry
from notifications.models import Notification
from orders.carriers.base import Event
from orders.errors import TrackingNumberTaken
from orders.models import ParcelCorrection, Shipment
from orders.services.correcting import clear_problem, correct_parcel, tell_late_parcels
from orders.services.receiving import receive_order
from orders.services.shipping import Packed, ship_order
from orders.services.tracking import note_events
from tests.factories.orders import make_paid, make_shipped

pytestmark = pytest.mark.django_db

RIGHT = {"carrier": "zto", "tracking_number": "7890 1234 5678 90"}


@pytest.fixture
def parcel(market, arun, mei) -> Shipment:
    return make_shipped(buyer=arun, seller=mei, variant=market.variant).shipments.get()


def told(kind: str) -> int:
    return Notification.objects.filter(kind=kind).count()


def happens(parcel, state: str, *, now=None, words: str = "x") -> Shipment:
    now = now or utc_now()
    return note_events(shipment_id=parcel.pk, events=[Event(state, words, now)], now=now)


def correct(actor, parcel, **options) -> Shipment:
    wanted = RIGHT | {"now": utc_now()} | options
    return correct_parcel(actor=actor, shipment_id=parcel.pk, **wanted)


def test_a_wrong_number_is_put_right_once_and_its_way_is_kept(parcel, mei, drain_outbox):
    happens(parcel, "moving", words="别人的包裹到了广州")
    old = parcel.tracking_number

    for _ in range(2):
        correct(mei, parcel)
    drain_outbox()

    parcel.refresh_from_db()
    assert (parcel.carrier, parcel.tracking_number, parcel.events.count()) == ("zto", "78901234567890", 0)
    trail = ParcelCorrection.objects.get()
    assert (trail.carrier, trail.tracking_number, trail.corrected_by) == ("sf", old, mei)
    assert [event["words"] for event in trail.events] == ["别人的包裹到了广州"]
    entry = AuditEntry.objects.get(action="orders.correct_parcel")
    assert (entry.before["tracking_number"], entry.after["tracking_number"]) == (old, "78901234567890")
    assert told("parcel_corrected") == 1


def test_a_parcel_that_came_back_goes_out_again_under_another_number(parcel, mei):
    happens(parcel, "returned")
    before = Shipment.objects.get()
    assert before.problem == "returned"
    later = utc_now() + timedelta(days=9)

    correct(mei, parcel, now=later)

    after = Shipment.objects.get()
    assert (after.problem, after.shipped_at, after.order.shipped_at) == ("", later, later)
    assert ParcelCorrection.objects.get().problem == "returned"
    happens(parcel, "delivered", now=later + timedelta(days=2))
    assert Shipment.objects.get().order.status == "delivered"


def test_after_the_delivery_nothing_is_put_right(parcel, mei):
    happens(parcel, "delivered")

    with pytest.raises(MoveRefused):
        correct(mei, parcel)

    parcel.refresh_from_db()
    assert parcel.carrier == "sf"
    assert not ParcelCorrection.objects.exists()


def test_c1_only_the_shop_puts_it_right(parcel, arun, zoya, operator):
    for stranger in (arun, zoya, operator):
        with pytest.raises(NotFound):
            correct(stranger, parcel)

    assert Shipment.objects.get().carrier == "sf"


def test_the_number_of_another_parcel_and_nonsense_are_refused(parcel, market, arun, mei):
    other = make_shipped(buyer=arun, seller=mei, variant=market.variant).shipments.get()

    with pytest.raises(TrackingNumberTaken):
        correct(mei, parcel, carrier="sf", tracking_number=other.tracking_number)
    with pytest.raises(Invalid):
        correct(mei, parcel, tracking_number="=1+1")

    parcel.refresh_from_db()
    assert parcel.carrier == "sf"
    assert not ParcelCorrection.objects.exists()
    assert not AuditEntry.objects.filter(action="orders.correct_parcel").exists()


def test_an_operator_settles_the_trouble_and_new_trouble_counts_anew(parcel, operator, mei):
    happens(parcel, "refused", now=utc_now() - timedelta(hours=2))
    with pytest.raises(NotAllowed):
        clear_problem(actor=mei, shipment_id=parcel.pk, reason="x", now=utc_now())
    with pytest.raises(Invalid):
        clear_problem(actor=operator, shipment_id=parcel.pk, reason=" ", now=utc_now())

    clear_problem(actor=operator, shipment_id=parcel.pk, reason="买家自取", now=utc_now())

    assert happens(parcel, "moving").problem == ""
    entry = AuditEntry.objects.get(action="orders.clear_problem")
    assert (entry.before, entry.reason) == ({"problem": "refused"}, "买家自取")
    with pytest.raises(MoveRefused):
        clear_problem(actor=operator, shipment_id=parcel.pk, reason="x", now=utc_now())
    assert happens(parcel, "lost", now=utc_now() + timedelta(minutes=1)).problem == "lost"


def test_a_parcel_that_takes_too_long_is_told_once_and_then_alarms(parcel, arun, settings, drain_outbox):
    settings.PARCEL_LATE_DAYS, settings.PARCEL_LOST_DAYS = 7, 21
    day = parcel.shipped_at + timedelta(days=6, hours=23)
    assert tell_late_parcels(now=day) == 0
    assert tell_late_parcels(now=day + timedelta(hours=2)) == 1
    assert tell_late_parcels(now=day + timedelta(hours=3)) == 0
    drain_outbox()
    assert told("parcel_late") == 2  # the shop and the buyer

    assert [*JOBS["parcels"](parcel.shipped_at + timedelta(days=21))] == []
    found = JOBS["parcels"](parcel.shipped_at + timedelta(days=21, hours=1))
    assert [(one.kind, one.subject) for one in found] == [("parcel_never_delivered", f"shipment:{parcel.pk}")]
    receive_order(buyer=arun, number=parcel.order.number, now=utc_now())
    assert [*JOBS["parcels"](parcel.shipped_at + timedelta(days=22))] == []


def test_the_desk_and_the_api_put_it_right(parcel, client, mei, operator):
    client.force_login(mei)
    desk = f"/desk/orders/{parcel.order.number}/"
    action = f"{desk}parcels/{parcel.pk}/"
    assert action in client.get(desk).content.decode()
    assert client.post(action, {"carrier": "zto", "tracking_number": "?"}).status_code == 302
    assert Shipment.objects.get().carrier == "sf"
    assert client.post(action, RIGHT).status_code == 302
    assert Shipment.objects.get().tracking_number == "78901234567890"

    again = {"carrier": "zto", "tracking_number": "78901234567891"}
    answer = client.post(f"/api/v1/shipments/{parcel.pk}/correct/", again, content_type="application/json")
    assert answer.status_code == 200
    assert Shipment.objects.get().tracking_number == "78901234567891"

    happens(parcel, "lost")
    client.force_login(operator)
    move = f"/admin/orders/shipment/{parcel.pk}/move/clear/"
    assert client.post(move, {"reason": "找到了"}).status_code == 302
    assert Shipment.objects.get().problem == ""


def test_of_an_order_that_is_sent_in_part_the_rest_is_still_to_send(market, arun, mei):
    order = make_paid(buyer=arun, variant=market.variant, quantity=2)
    part = [Packed(order.lines.get().pk, 1)]
    ship_order(
        actor=mei, number=order.number, carrier="sf", tracking_number="SF00000001", lines=part, now=utc_now()
    )
    parcel = happens(order.shipments.get(), "returned")

    correct(mei, parcel)

    order.refresh_from_db()
    assert (order.status, order.shipped_at) == ("paid", None)
