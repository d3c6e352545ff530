"""Pages of parcels: many at once, by the sheet, on paper, and the way of one order."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from orders.models import Order, Shipment, TrackingEvent
from tests.factories.orders import make_paid, make_shipped

pytestmark = pytest.mark.django_db

HEADER = "订单号,快递公司,快递单号\n"


@pytest.fixture
def desk(client, mei):
    client.force_login(mei)
    return client


@pytest.fixture
def paid(market, arun) -> list[Order]:
    return [make_paid(buyer=arun, variant=market.variant, quantity=3) for _ in range(2)]


def test_numbers_typed_by_hand_are_sent_and_empty_ones_stay(desk, paid):
    answer = desk.post(
        "/desk/parcels/",
        {
            "act": "send", "carrier": "zto", "number": [order.number for order in paid],
            "tracking_number": ["75123456789012", " "],
        },
    )  # fmt: skip

    assert answer.status_code == 200
    assert 'data-outcome="sent"' in answer.content.decode()
    assert list(Order.objects.order_by("pk").values_list("status", flat=True)) == ["shipped", "paid"]


def test_a_sheet_is_checked_with_the_first_press_and_sent_with_the_second(desk, paid):
    rows = f"{paid[0].number},sf,SF000000000001\n{paid[1].number},sf,=1+1\n"
    file = SimpleUploadedFile("sheet.csv", (HEADER + rows).encode("gb18030"))

    checked = desk.post("/desk/parcels/", {"file": file})

    assert [row.outcome for row in checked.context["rows"]] == ["ready", "refused"]
    assert 'data-problem="formula"' in checked.content.decode()
    assert not Shipment.objects.exists()

    sent = desk.post("/desk/parcels/", {"act": "send", "sheet": checked.context["sheet"]})

    assert [row.outcome for row in sent.context["rows"]] == ["sent"]
    assert Shipment.objects.get().order == paid[0]


def test_what_is_no_sheet_is_refused_with_words(desk, paid):
    answer = desk.post("/desk/parcels/", {"file": SimpleUploadedFile("a.xlsx", b"PK\x03\x04")})

    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert not Shipment.objects.exists()


@pytest.mark.parametrize("kind", ["list", "labels"])
def test_paper_shows_what_is_to_pack_with_a_masked_phone(desk, paid, kind):
    answer = desk.get(f"/desk/parcels/print/?kind={kind}").content.decode()

    assert answer.count("data:image/svg+xml") == 2 + 2  # of each order, and of the lot in it
    assert all(f'data-order="{order.number}"' in answer for order in paid)
    assert paid[0].phone not in answer and f"paper--{kind}" in answer
    one = desk.get(f"/desk/parcels/print/?kind={kind}&order={paid[0].number}").content.decode()
    assert one.count('class="slip"') == 1


def test_a_part_goes_from_the_orders_page(desk, paid):
    order = paid[0]
    line = order.lines.get()

    desk.post(
        f"/desk/orders/{order.number}/ship/",
        {"carrier": "sf", "tracking_number": "SF000000000001", f"line-{line.pk}": "2"},
    )

    line.refresh_from_db()
    assert (line.shipped_units, Order.objects.get(pk=order.pk).status) == (2, "paid")
    page = desk.get(f"/desk/orders/{order.number}/").content.decode()
    assert f'name="line-{line.pk}"' in page and 'max="1"' in page
    assert 'data-sheet-open="cancel"' not in page


def test_the_buyer_sees_the_parcels_way_and_asks_for_more_time_once(client, market, arun, mei):
    order = make_shipped(buyer=arun, seller=mei, variant=market.variant)
    parcel = order.shipments.get()
    client.force_login(arun)

    page = client.get(f"/orders/{order.number}/").content.decode()
    assert f'data-parcel="{parcel.pk}"' in page and f"/orders/{order.number}/more-time/" in page
    client.post(f"/orders/{order.number}/more-time/")

    order.refresh_from_db()
    assert order.receive_extended_at is not None
    TrackingEvent.objects.create(
        shipment=parcel, state="moving", words="<b>成都</b>", happened_at=order.shipped_at,
        told_at=order.shipped_at,
    )  # fmt: skip
    page = client.get(f"/orders/{order.number}/").content.decode()
    assert "&lt;b&gt;成都" in page and "<b>成都" not in page
    assert f"/orders/{order.number}/more-time/" not in page


@pytest.mark.parametrize("typed", ["0", "", "1.5", "-1", "zwei", "99999", "２"])
def test_a_slip_of_the_finger_sends_nothing(desk, paid, typed):
    line = paid[0].lines.get()

    answer = desk.post(
        f"/desk/orders/{paid[0].number}/ship/",
        {"carrier": "sf", "tracking_number": "SF0000000001", f"line-{line.pk}": typed},
    )

    assert (answer.status_code, Shipment.objects.count()) == (400, 0)
    assert answer.context["ship_form"].errors
