"""Parcels: some units at a time, never more than are still to send; when an order completes by itself."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from common.errors import Invalid, MoveRefused, NotFound
from orders.errors import AlreadyExtended, PartlySent, TooManyUnits
from orders.models import Order, OrderLine, RefundRequest, Shipment, TrackingEvent
from orders.selectors.arriving import receive_due_at
from orders.services.cancelling import cancel_by_buyer, cancel_by_shop
from orders.services.paying import mark_group_paid
from orders.services.receiving import auto_receive, extend_receiving, receive_order
from orders.services.shipping import Packed, ship_order, withdraw_units
from tests.factories.orders import make_paid, make_shipped, place
from tests.factories.shops import make_product

NOW = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_lines(market, arun) -> Order:
    other = make_product(shop=market.shop, farmer=market.farmer, title="花椒", price_fen=2000).variants.get()
    group = place(buyer=arun, lines=[(market.variant, 3), (other, 2)], now=NOW)
    mark_group_paid(group_id=group.pk, now=NOW)
    return group.orders.get()


def parcel(order: Order, mei, serial: int, lines=(), now=NOW) -> Order:
    return ship_order(
        actor=mei, number=order.number, carrier="sf", tracking_number=f"SF{serial:012d}", lines=lines, now=now
    )


def units(order: Order) -> list[tuple[int, int, int]]:
    return list(order.lines.values_list("quantity", "shipped_units", "withdrawn_units"))


def test_an_order_goes_out_in_parts_and_is_sent_with_the_last(two_lines, mei):
    first, second = two_lines.lines.all()

    parcel(two_lines, mei, 1, [Packed(first.pk, 2)])

    two_lines.refresh_from_db()
    assert (two_lines.status, two_lines.shipped_at) == ("paid", None)
    assert units(two_lines) == [(3, 2, 0), (2, 0, 0)]

    parcel(two_lines, mei, 2, now=NOW + timedelta(days=1))

    two_lines.refresh_from_db()
    assert (two_lines.status, two_lines.shipped_at) == ("shipped", NOW + timedelta(days=1))
    assert units(two_lines) == [(3, 3, 0), (2, 2, 0)]
    packed = [
        [(line.line_id, line.quantity) for line in one.lines.all()]
        for one in two_lines.shipments.order_by("pk")
    ]
    assert packed == [[(first.pk, 2)], [(first.pk, 1), (second.pk, 2)]]


@pytest.mark.parametrize("quantity", [4, 999])
def test_no_more_is_sent_than_was_bought(two_lines, mei, quantity):
    line = two_lines.lines.first()

    with pytest.raises(TooManyUnits):
        parcel(two_lines, mei, 1, [Packed(line.pk, quantity)])

    assert units(two_lines) == [(3, 0, 0), (2, 0, 0)]
    assert not Shipment.objects.exists()


def test_lines_of_others_named_twice_or_in_no_number_are_refused(two_lines, market, arun, mei):
    foreign = make_paid(buyer=arun, variant=market.variant, now=NOW).lines.get()
    line = two_lines.lines.first()

    with pytest.raises(NotFound):
        parcel(two_lines, mei, 1, [Packed(foreign.pk, 1)])
    for lines in ([Packed(line.pk, 1), Packed(line.pk, 1)], [Packed(line.pk, 0)], [Packed(line.pk, -1)]):
        with pytest.raises(Invalid):
            parcel(two_lines, mei, 1, lines)

    assert units(two_lines) == [(3, 0, 0), (2, 0, 0)]
    assert not Shipment.objects.exists()


def test_what_was_given_back_is_not_sent_and_the_rest_ends_the_sending(two_lines, mei):
    first, second = two_lines.lines.all()
    withdraw_units(order=two_lines, line_id=first.pk, quantity=1, now=NOW)
    with pytest.raises(TooManyUnits):
        parcel(two_lines, mei, 1, [Packed(first.pk, 3)])
    with pytest.raises(TooManyUnits):
        withdraw_units(order=two_lines, line_id=first.pk, quantity=3, now=NOW)

    parcel(two_lines, mei, 2, [Packed(first.pk, 2)])
    withdraw_units(order=two_lines, line_id=second.pk, quantity=2, now=NOW)

    two_lines.refresh_from_db()
    assert units(two_lines) == [(3, 2, 1), (2, 0, 2)]
    assert two_lines.status == "shipped"


def test_the_database_itself_refuses_more_than_was_bought(two_lines):
    line = two_lines.lines.first()

    with pytest.raises(IntegrityError, match="order_line_sent_within_bought"), transaction.atomic():
        OrderLine.objects.filter(pk=line.pk).update(shipped_units=3, withdrawn_units=1)

    assert units(two_lines) == [(3, 0, 0), (2, 0, 0)]


def test_a_part_sent_order_is_neither_called_off_nor_received(two_lines, arun, mei):
    parcel(two_lines, mei, 1, [Packed(two_lines.lines.first().pk, 1)])

    with pytest.raises(PartlySent):
        cancel_by_buyer(buyer=arun, number=two_lines.number, now=NOW)
    with pytest.raises(PartlySent):
        cancel_by_shop(actor=mei, number=two_lines.number, now=NOW)
    with pytest.raises(MoveRefused):
        receive_order(buyer=arun, number=two_lines.number, now=NOW)

    two_lines.refresh_from_db()
    assert (two_lines.status, RefundRequest.objects.count()) == ("paid", 0)


def test_a_buyer_gets_more_time_once(market, arun, mei, zoya):
    order = make_shipped(buyer=arun, seller=mei, variant=market.variant, now=NOW)
    assert receive_due_at(order) == NOW + timedelta(days=10)

    extend_receiving(buyer=arun, number=order.number, now=NOW)

    with pytest.raises(AlreadyExtended):
        extend_receiving(buyer=arun, number=order.number, now=NOW)
    with pytest.raises(NotFound):
        extend_receiving(buyer=zoya, number=order.number, now=NOW)
    order.refresh_from_db()
    assert receive_due_at(order) == NOW + timedelta(days=15)
    assert auto_receive(now=NOW + timedelta(days=14, hours=23)) == 0
    assert auto_receive(now=NOW + timedelta(days=15)) == 1


def test_only_what_is_on_its_way_is_extended(two_lines, arun):
    with pytest.raises(MoveRefused):
        extend_receiving(buyer=arun, number=two_lines.number, now=NOW)

    two_lines.refresh_from_db()
    assert two_lines.receive_extended_at is None


def test_what_a_carrier_reports_on_waits_for_its_word(market, arun, mei):
    order = make_shipped(buyer=arun, seller=mei, variant=market.variant, now=NOW)
    TrackingEvent.objects.create(
        shipment=order.shipments.get(), state="moving", words="成都", happened_at=NOW, told_at=NOW
    )
    assert receive_due_at(order) is None

    assert auto_receive(now=NOW + timedelta(days=40)) == 0

    order.shipments.update(status="delivered")
    Order.objects.update(status="delivered", delivered_at=NOW + timedelta(days=3))
    order.refresh_from_db()
    assert receive_due_at(order) == NOW + timedelta(days=10)
    assert auto_receive(now=NOW + timedelta(days=9, hours=23)) == 0
    assert auto_receive(now=NOW + timedelta(days=10)) == 1


def test_a_parcel_in_trouble_does_not_complete_the_order(market, arun, mei):
    order = make_shipped(buyer=arun, seller=mei, variant=market.variant, now=NOW)
    order.shipments.update(problem="lost")

    assert auto_receive(now=NOW + timedelta(days=40)) == 0
    assert receive_due_at(order) is None

    order.refresh_from_db()
    assert order.status == "shipped"
