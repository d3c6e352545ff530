"""Invoices in the API: asked for, issued as multipart, fetched by who may, reversed."""

import pytest

from orders.models import Invoice
from tests.factories.invoices import CREDIT_CODE, NUMBER, PDF, issue, pdf_file, want_invoice
from tests.factories.orders import make_paid

pytestmark = pytest.mark.django_db
JSON = {"content_type": "application/json"}


@pytest.fixture
def order(market, arun):
    return make_paid(buyer=arun, variant=market.variant)


def test_an_invoice_goes_its_way(client, order, arun, mei, zoya):
    client.force_login(arun)
    wish = {"kind": "company", "title": "云岭餐饮公司", "tax_number": CREDIT_CODE, "email": "a@b.cn"}
    asked = client.post(f"/api/v1/orders/{order.number}/invoices/", wish, **JSON)
    assert (asked.status_code, asked.json()["status"], asked.json()["has_document"]) == (
        201,
        "requested",
        False,
    )
    again = client.post(f"/api/v1/orders/{order.number}/invoices/", wish, **JSON)
    assert (again.status_code, again.json()["code"]) == (409, "invoice_exists")
    address = f"/api/v1/invoices/{asked.json()['id']}/"
    assert client.get(f"{address}pdf/").status_code == 404

    client.force_login(mei)
    today = order.paid_at.date().isoformat()
    given = client.post(f"{address}issue/", {"number": NUMBER, "issued_on": today, "file": pdf_file()})
    assert (given.status_code, given.json()["amount_fen"]) == (200, order.captured_fen)

    for person, status in ((arun, 200), (mei, 200), (zoya, 404)):
        client.force_login(person)
        answer = client.get(f"{address}pdf/")
        assert answer.status_code == status
        if status == 200:
            assert b"".join(answer.streaming_content) == PDF
            assert answer["Content-Type"] == "application/pdf"
            assert answer["Content-Disposition"] == f'attachment; filename="{NUMBER}.pdf"'
            assert answer["Cache-Control"] == "private, no-store"
            assert answer["X-Content-Type-Options"] == "nosniff"
    assert client.get(address).status_code == 404
    assert client.get("/api/v1/invoices/").json()["results"] == []

    client.force_login(mei)
    red = client.post(f"{address}reverse/", {"number": "87654321", "reason": "写错了"}, **JSON)
    assert (red.status_code, red.json()["status"]) == (200, "reversed")


@pytest.mark.parametrize(
    "sent",
    [
        {"number": "123"},
        {"issued_on": "2999-01-01"},
        {"issued_on": "x"},
        {"file": "x"},
        {"file": pdf_file(b"<html>" * 100)},
    ],
)
def test_what_is_no_invoice_is_not_issued(client, order, mei, sent, media_root):
    invoice = want_invoice(order)
    client.force_login(mei)
    whole = {"number": NUMBER, "issued_on": order.paid_at.date().isoformat(), "file": pdf_file()}

    answer = client.post(f"/api/v1/invoices/{invoice.pk}/issue/", whole | sent)

    assert answer.status_code in (400, 415)
    assert Invoice.objects.get().status == "requested"
    assert not [path for path in media_root.rglob("*") if path.is_file()]


def test_c5_a_buyer_sets_no_amount(client, order, arun):
    client.force_login(arun)
    wish = {"kind": "personal", "title": "阿润", "amount_fen": 1, "status": "issued", "number": NUMBER}

    client.post(f"/api/v1/orders/{order.number}/invoices/", wish, **JSON)

    invoice = Invoice.objects.get()
    assert (invoice.status, invoice.amount_fen, invoice.number) == ("requested", None, "")


def test_the_media_door_does_not_know_the_document(client, order, mei):
    invoice = issue(want_invoice(order), seller=mei)
    client.force_login(mei)

    assert client.get(f"/media/{invoice.document_path}").status_code == 404
