"""Sheets of tracking numbers: encodings, formula cells, wrong headings, doubles, strangers, dry runs."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from common.clock import utc_now
from orders.errors import BadSheet
from orders.models import Order, Shipment
from orders.services.importing import check_sheet, read_sheet, send_sheet
from tests.factories.orders import make_paid, make_shipped

HEADER = "订单号,快递公司,快递单号\n"

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(market, arun) -> list[Order]:
    return [make_paid(buyer=arun, variant=market.variant) for _ in range(3)]


def sheet(*rows: str, header: str = HEADER, encoding: str = "utf-8") -> bytes:
    return (header + "".join(f"{row}\n" for row in rows)).encode(encoding)


def problems(rows) -> list[tuple[int, str, str]]:
    return [(row.row, row.outcome, row.problem) for row in rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_sheet_is_sent_whatever_wrote_it(paid, mei, encoding, delimiter):
    lines = [f"{order.number},顺丰速运,SF 0000 0000 000{i}" for i, order in enumerate(paid)]
    data = sheet(*lines).decode().replace(",", delimiter).replace("\n", "\r\n").encode(encoding)

    rows = send_sheet(actor=mei, rows=read_sheet(data), now=utc_now())

    assert problems(rows) == [(2, "sent", ""), (3, "sent", ""), (4, "sent", "")]
    assert set(Order.objects.values_list("status", flat=True)) == {"shipped"}
    numbers = Shipment.objects.order_by("pk").values_list("carrier", "tracking_number")
    assert list(numbers) == [("sf", f"SF00000000000{i}") for i in range(3)]


def test_a_dry_run_says_what_would_happen_and_changes_nothing(paid, market, arun, mei):
    gone = make_shipped(buyer=arun, seller=mei, variant=market.variant)
    used = gone.shipments.get().tracking_number
    rows = check_sheet(
        actor=mei,
        rows=read_sheet(
            sheet(
                f"{paid[0].number},中通,75123456789012",
                f"{paid[1].number},sf,{used}",
                f"{gone.number},sf,SF000000000009",
                f"{gone.number}x,sf,SF000000000008",
            )
        ),
    )

    assert problems(rows) == [
        (2, "ready", ""),
        (3, "refused", "tracking_number_taken"),
        (4, "refused", "move_refused"),
        (5, "refused", "not_found"),
    ]
    assert Shipment.objects.count() == 1
    assert set(Order.objects.exclude(pk=gone.pk).values_list("status", flat=True)) == {"paid"}


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ("{n},sf,=HYPERLINK(1)", "formula"), ("{n},sf,+861234567890", "formula"),
        ("{n},@sf,SF000000000001", "formula"),
        ("{n},sf,＝1＋1", "formula"), ("{n},sf,7.51235E+13", "rounded"), ("{n},sf,", "empty_cell"),
        ("{n}", "empty_cell"),
        ("{n},马帮,SF000000000001", "bad_carrier"), ("{n},sf,12", "bad_tracking_number"),
        ("{n},sf,ＳＦ１２３４５６７８", "bad_tracking_number"),
    ],
)  # fmt: skip
def test_a_bad_row_is_named_and_the_good_one_goes(paid, mei, cells, problem):
    data = sheet(cells.format(n=paid[0].number), "", f"{paid[1].number},sf,SF000000000002")

    rows = send_sheet(actor=mei, rows=read_sheet(data), now=utc_now())

    assert problems(rows) == [(2, "refused", problem), (4, "sent", "")]
    assert list(Order.objects.order_by("pk").values_list("status", flat=True)) == ["paid", "shipped", "paid"]


def test_what_stands_twice_is_sent_once(paid, mei):
    first, second, _third = paid
    data = sheet(
        f"{first.number},sf,SF000000000001", f"{first.number},sf,SF000000000002",
        f"{second.number},sf,SF000000000001",
    )  # fmt: skip

    rows = send_sheet(actor=mei, rows=read_sheet(data), now=utc_now())

    assert problems(rows) == [(2, "sent", ""), (3, "refused", "twice"), (4, "refused", "twice")]
    assert Shipment.objects.get().order == first


def test_a_sheet_sent_again_changes_nothing_and_goes_on_where_it_stopped(paid, mei):
    data = sheet(*(f"{order.number},sf,SF00000000000{i}" for i, order in enumerate(paid)))
    send_sheet(actor=mei, rows=read_sheet(data)[:1], now=utc_now())

    out_of_time = send_sheet(actor=mei, rows=read_sheet(data), now=utc_now(), seconds=-1)
    again = send_sheet(actor=mei, rows=read_sheet(data), now=utc_now())

    assert problems(out_of_time) == [(2, "repeated", ""), (3, "left", ""), (4, "left", "")]
    assert problems(again) == [(2, "repeated", ""), (3, "sent", ""), (4, "sent", "")]
    assert Shipment.objects.count() == 3


@pytest.mark.parametrize(
    "data",
    [
        b"", b"PK\x03\x04rest of a workbook", b"\xff\xff\xff", b"a,b\0c", HEADER.encode(),
        "订单,单号\n1,2\n".encode(), "订单号,订单号,快递公司,快递单号\n1,1,sf,SF12345678\n".encode(),
        b"x" * (2 * 1024 * 1024 + 1), sheet(*(["1,sf,SF12345678"] * 10_001)),
    ],
)  # fmt: skip
def test_what_is_no_sheet_is_refused_whole(data):
    with pytest.raises(BadSheet):
        read_sheet(data)


def test_ten_thousand_rows_are_read_and_checked(mei):
    data = sheet(*(f"N{i},sf,SF{i:012d}" for i in range(10_000)))

    rows = check_sheet(actor=mei, rows=read_sheet(data))

    assert (len(rows), {row.problem for row in rows}) == (10_000, {"not_found"})


def test_another_shops_orders_are_not_there(paid, zoya, arun):
    data = sheet(f"{paid[0].number},sf,SF000000000001")

    for stranger in (zoya, arun):
        rows = send_sheet(actor=stranger, rows=read_sheet(data), now=utc_now())
        assert problems(rows) == [(2, "refused", "not_found")]

    assert not Shipment.objects.exists()


def test_the_api_checks_first_and_sends_when_told(paid, mei, client):
    client.force_login(mei)
    data = sheet(f"{paid[0].number},sf,SF000000000001")

    def send(**fields):
        return client.post("/api/v1/shipments/import/", {"file": SimpleUploadedFile("a.csv", data), **fields})

    assert send().json()[0]["outcome"] == "ready"
    assert not Shipment.objects.exists()
    assert send(dry_run="false").json()[0]["outcome"] == "sent"
    assert Shipment.objects.get().tracking_number == "SF000000000001"
