"""Several clerks pack the same order at once: what is sent is what was bought. The control sends too much."""

import threading

import pytest
from django.db import connections, transaction
from django.db.models import Sum

from common.clock import utc_now
from common.errors import MarketError
from orders.models import OrderLine, Shipment, ShipmentLine
from orders.services.shipping import Packed, ship_order
from tests.factories.orders import make_paid

pytestmark = pytest.mark.django_db(transaction=True)

CLERKS = 8


def all_at_once(act) -> list[str]:
    outcomes: list[str] = []
    start = threading.Barrier(CLERKS)

    def run(i: int) -> None:
        start.wait(10)
        try:
            act(i, start)
            outcomes.append("sent")
        except MarketError as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(CLERKS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return sorted(outcomes)


def sent_units(line: OrderLine) -> int:
    return ShipmentLine.objects.filter(line=line).aggregate(units=Sum("quantity"))["units"]


def test_eight_clerks_pack_two_of_five_and_two_parcels_leave(market, arun, mei):
    order = make_paid(buyer=arun, variant=market.variant, quantity=5)
    line = order.lines.get()

    outcomes = all_at_once(
        lambda i, _start: ship_order(
            actor=mei, number=order.number, carrier="sf", tracking_number=f"SF{i:012d}",
            lines=[Packed(line.pk, 2)], now=utc_now(),
        )
    )  # fmt: skip

    line.refresh_from_db()
    assert outcomes == ["sent", "sent"] + ["too_many_units"] * (CLERKS - 2)
    assert (line.shipped_units, sent_units(line), Shipment.objects.count()) == (4, 4, 2)


def test_control_looking_first_and_sending_then_sends_what_was_not_bought(market, arun):
    order = make_paid(buyer=arun, variant=market.variant, quantity=5)
    line = order.lines.get()

    def look_then_send(i: int, start: threading.Barrier) -> None:
        with transaction.atomic():
            seen = OrderLine.objects.get(pk=line.pk)
            start.wait(10)
            if seen.units_to_send < 2:
                raise AssertionError("somebody was faster")
            parcel = Shipment.objects.create(
                order=order, carrier="sf", tracking_number=f"SF{i:012d}", shipped_at=utc_now()
            )
            OrderLine.objects.filter(pk=line.pk).update(shipped_units=seen.shipped_units + 2)
            ShipmentLine.objects.create(shipment=parcel, line=line, quantity=2)

    outcomes = all_at_once(look_then_send)

    assert outcomes == ["sent"] * CLERKS
    assert sent_units(line) == 16
