"""Invoices: asked for, issued over what was paid, refused, reversed when money goes back; who reads them."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction

from common.errors import Invalid, MoveRefused, NotFound
from common.models import AuditEntry, OutboxMessage
from notifications.models import Notification
from orders.errors import InvoiceExists, InvoiceNumberTaken, InvoiceTooLate, NothingToInvoice
from orders.models import Invoice
from orders.selectors.invoicing import desk_invoices, may_request
from orders.services.cancelling import cancel_by_buyer
from orders.services.invoicing import open_document, refuse_invoice, reverse_invoice
from orders.services.judging import approve_case
from orders.tax_numbers import is_credit_code, tidy
from tests.factories.cases import ask
from tests.factories.invoices import CREDIT_CODE, NUMBER, PDF, issue, want_invoice
from tests.factories.orders import make_paid, make_shipped, place_one
from tests.factories.shops import make_person
from uploads.errors import FileTooLarge, NotADocument

NOW = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)
RED = "24312000000999999999"

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(market, arun, mei):
    return make_shipped(buyer=arun, seller=mei, variant=market.variant, quantity=2, now=NOW)


@pytest.fixture
def issued(order, mei) -> Invoice:
    return issue(want_invoice(order, now=NOW), seller=mei, now=NOW)


def files(media_root) -> list:
    return [path for path in media_root.rglob("*") if path.is_file()]


def refused(refusal, act) -> None:
    before = list(Invoice.objects.order_by("pk").values())
    with pytest.raises(refusal):
        act()
    assert list(Invoice.objects.order_by("pk").values()) == before


def give_back(order, buyer, seller, **wish):
    """Grant a wish; that the provider is asked is not of interest here."""
    case = ask(order, buyer, now=NOW, **wish)
    approve_case(actor=seller, case_id=case.pk, idempotency_key=uuid.uuid4(), now=NOW)
    OutboxMessage.objects.filter(task="payments.execute_refund").delete()


@pytest.mark.parametrize(
    ("code", "holds"),
    [
        (CREDIT_CODE, True),
        ("91440300708461136T", True),
        ("91350100M000100Y44", False),
        ("91350100M000100Y4", False),
        ("91350100M000100Y433", False),
        ("91350100MOOO100Y43", False),
        ("91350100m000100y43", False),
        ("９１350100M000100Y43", False),
        ("", False),
    ],
)
def test_tax_numbers_are_told_by_their_check_digit(code, holds):
    assert is_credit_code(code) is holds


def test_every_single_wrong_letter_of_a_tax_number_is_found():
    wrong = [
        CREDIT_CODE[:place] + letter + CREDIT_CODE[place + 1 :]
        for place in range(18)
        for letter in "0123456789ABCDEFGHJKLMNPQRTUWXY"
        if letter != CREDIT_CODE[place]
    ]
    assert [code for code in wrong if is_credit_code(code)] == []
    assert tidy(" 9135 0100m000 100y43 ") == CREDIT_CODE


def test_a_buyer_asks_for_a_company_and_the_shop_is_told(order, drain_outbox):
    invoice = want_invoice(
        order,
        kind="company",
        title=" 云岭  餐饮公司 ",
        tax_number=" 91350100m000100y43 ",
        email="a@b.cn",
        now=NOW,
    )

    assert (invoice.status, invoice.title, invoice.tax_number) == ("requested", "云岭 餐饮公司", CREDIT_CODE)
    assert (invoice.email, invoice.amount_fen, invoice.shop, invoice.requested_at) == (
        "a@b.cn",
        None,
        order.shop,
        NOW,
    )
    drain_outbox()
    told = Notification.objects.get(kind="invoice_requested")
    assert (told.contact, told.url) == (order.shop.contact, "/desk/invoices/")


def test_a_person_needs_no_tax_number(order):
    assert want_invoice(order, tax_number=CREDIT_CODE, now=NOW).tax_number == ""


@pytest.mark.parametrize(
    "wish",
    [
        {"kind": "company"},
        {"kind": "company", "tax_number": "91350100M000100Y44"},
        {"kind": "both"},
        {"title": "  "},
        {"title": "长" * 101},
        {"email": "nobody"},
    ],
)
def test_what_cannot_stand_on_an_invoice_is_refused(order, wish):
    refused(Invalid, lambda: want_invoice(order, now=NOW, **wish))


def test_strangers_and_members_ask_for_nothing(order, zoya, mei):
    for person in (zoya, mei):
        order.group.buyer = person
        refused(NotFound, lambda: want_invoice(order, now=NOW))


def test_there_is_one_at_a_time(order, mei):
    first = want_invoice(order, now=NOW)
    refused(InvoiceExists, lambda: want_invoice(order, now=NOW))
    issue(first, seller=mei, now=NOW)

    refused(InvoiceExists, lambda: want_invoice(order, now=NOW))
    assert not may_request(order, NOW)


def test_only_paid_money_is_invoiced_and_not_for_ever(market, arun, order):
    unpaid = place_one(buyer=arun, variant=market.variant, now=NOW)
    called_off = make_paid(buyer=arun, variant=market.variant, now=NOW)
    cancel_by_buyer(buyer=arun, number=called_off.number, now=NOW)
    late = NOW + timedelta(days=180, seconds=1)

    refused(NothingToInvoice, lambda: want_invoice(unpaid, now=NOW))
    refused(NothingToInvoice, lambda: want_invoice(called_off, now=NOW))
    refused(InvoiceTooLate, lambda: want_invoice(order, now=late))
    assert want_invoice(order, now=NOW + timedelta(days=180))


def test_it_is_issued_over_what_was_paid_and_the_buyer_is_told(order, issued, mei, media_root, drain_outbox):
    assert (issued.status, issued.number, issued.issued_by, issued.issued_at) == ("issued", NUMBER, mei, NOW)
    assert issued.amount_fen == order.captured_fen == 2 * 6800 + 800
    assert (media_root / issued.document_path).read_bytes() == PDF
    assert issued.document_path.startswith("private/")
    drain_outbox()
    assert Notification.objects.get(kind="invoice_issued").contact.user == order.group.buyer


def test_money_that_went_back_before_is_not_invoiced(order, arun, mei):
    invoice = want_invoice(order, now=NOW)
    give_back(order, arun, mei, quantity=1)

    assert issue(invoice, seller=mei, now=NOW).amount_fen == 6800 + 800


def test_money_that_goes_back_later_asks_for_the_reversal(order, issued, arun, mei, drain_outbox):
    give_back(order, arun, mei, quantity=1)

    issued.refresh_from_db()
    assert (issued.status, issued.amount_fen, issued.reversal_due_at) == ("issued", 2 * 6800 + 800, NOW)
    assert list(desk_invoices(user=mei)) == [issued]
    drain_outbox()
    assert Notification.objects.get(kind="invoice_reversal_due").contact == order.shop.contact

    reverse_invoice(actor=mei, invoice_id=issued.pk, number=RED, now=NOW)

    issued.refresh_from_db()
    assert (issued.status, issued.reversal_number, issued.reversed_at) == ("reversed", RED, NOW)
    again = Invoice.objects.get(status="requested")
    assert (again.order, again.title, again.kind) == (order, issued.title, issued.kind)
    assert issue(again, seller=mei, number="12345678", now=NOW).amount_fen == 6800 + 800
    drain_outbox()
    assert Notification.objects.get(kind="invoice_reversed").contact.user == arun


def test_when_all_went_back_nothing_more_is_asked_for(order, issued, arun, mei):
    give_back(order, arun, mei, quantity=2)

    reverse_invoice(actor=mei, invoice_id=issued.pk, number=RED, now=NOW)

    assert [invoice.status for invoice in Invoice.objects.all()] == ["reversed"]
    refused(NothingToInvoice, lambda: want_invoice(order, now=NOW))


def test_an_order_that_is_called_off_refuses_what_was_asked_for(market, arun, drain_outbox):
    order = make_paid(buyer=arun, variant=market.variant, now=NOW)
    invoice = want_invoice(order, now=NOW)

    cancel_by_buyer(buyer=arun, number=order.number, now=NOW)

    invoice.refresh_from_db()
    assert (invoice.status, invoice.refused_at, invoice.refused_reason != "") == ("refused", NOW, True)


def test_a_wrong_one_is_reversed_with_a_reason_and_asked_for_anew(order, issued, mei):
    refused(Invalid, lambda: reverse_invoice(actor=mei, invoice_id=issued.pk, number=RED, now=NOW))
    refused(
        Invalid, lambda: reverse_invoice(actor=mei, invoice_id=issued.pk, number="1", reason="x", now=NOW)
    )
    refused(
        Invalid, lambda: reverse_invoice(actor=mei, invoice_id=issued.pk, number=NUMBER, reason="x", now=NOW)
    )

    reverse_invoice(actor=mei, invoice_id=issued.pk, number=RED, reason="抬头写错", now=NOW)

    assert not Invoice.objects.filter(status="requested").exists()
    assert want_invoice(order, now=NOW)
    refused(
        MoveRefused, lambda: reverse_invoice(actor=mei, invoice_id=issued.pk, number=RED, reason="x", now=NOW)
    )


def test_the_shop_refuses_with_a_reason_and_the_buyer_may_ask_again(order, mei, drain_outbox):
    invoice = want_invoice(order, now=NOW)
    refused(Invalid, lambda: refuse_invoice(actor=mei, invoice_id=invoice.pk, reason=" ", now=NOW))

    refuse_invoice(actor=mei, invoice_id=invoice.pk, reason="本月发票用完", now=NOW)

    invoice.refresh_from_db()
    assert (invoice.status, invoice.refused_reason, invoice.refused_at) == ("refused", "本月发票用完", NOW)
    drain_outbox()
    assert Notification.objects.get(kind="invoice_refused").body == "本月发票用完"
    refused(MoveRefused, lambda: refuse_invoice(actor=mei, invoice_id=invoice.pk, reason="x", now=NOW))
    assert want_invoice(order, now=NOW)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7 %%EOF startxref",
        PDF[:-7],
        b"MZ" + PDF,
        PDF + b"\0" * 2000,
        b"<svg onload=alert(1)>" * 40,
    ],
)
def test_what_is_no_pdf_is_refused_and_leaves_no_file(order, mei, media_root, data):
    invoice = want_invoice(order, now=NOW)

    refused(NotADocument, lambda: issue(invoice, seller=mei, data=data, now=NOW))
    assert files(media_root) == []


def test_a_document_has_a_size(order, mei, media_root, settings):
    settings.INVOICE_MAX_BYTES = len(PDF) - 1

    invoice = want_invoice(order, now=NOW)

    refused(FileTooLarge, lambda: issue(invoice, seller=mei, now=NOW))
    assert files(media_root) == []


def test_numbers_are_well_made_and_one_shops_only_once(market, order, issued, arun, mei, media_root):
    second = want_invoice(make_paid(buyer=arun, variant=market.variant, now=NOW), now=NOW)
    before = files(media_root)

    for number in ("", "123", "1234567a", "1" * 19, "１２３４５６７８"):
        refused(Invalid, lambda n=number: issue(second, seller=mei, number=n, now=NOW))
    refused(InvoiceNumberTaken, lambda: issue(second, seller=mei, number=NUMBER, now=NOW))
    refused(MoveRefused, lambda: issue(issued, seller=mei, number="12345678", now=NOW))
    assert files(media_root) == before


def test_others_shops_move_nothing(order, zoya, arun, mei, media_root):
    invoice = want_invoice(order, now=NOW)

    for person in (zoya, arun):
        refused(NotFound, lambda p=person: issue(invoice, seller=p, now=NOW))
        refused(
            NotFound, lambda p=person: refuse_invoice(actor=p, invoice_id=invoice.pk, reason="x", now=NOW)
        )
        refused(
            NotFound, lambda p=person: reverse_invoice(actor=p, invoice_id=invoice.pk, number=RED, now=NOW)
        )
    assert files(media_root) == []


def test_the_document_is_for_buyer_shop_and_operators_only(issued, arun, mei, zoya, operator):
    for person in (arun, mei):
        assert open_document(user=person, invoice_id=issued.pk, now=NOW) == issued
    assert not AuditEntry.objects.filter(action="invoices.read").exists()
    with pytest.raises(NotFound):
        open_document(user=zoya, invoice_id=issued.pk, now=NOW)
    clerk = make_person(name="客服", is_staff=True)
    with pytest.raises(NotFound):
        open_document(user=clerk, invoice_id=issued.pk, now=NOW)
    clerk.user_permissions.add(Permission.objects.get(codename="view_invoice"))
    for person in (operator, type(clerk).objects.get(pk=clerk.pk)):
        assert open_document(user=person, invoice_id=issued.pk, now=NOW) == issued
    assert AuditEntry.objects.filter(action="invoices.read", target=f"invoice:{issued.pk}").count() == 2


def test_before_it_is_issued_there_is_no_document(order, arun):
    invoice = want_invoice(order, now=NOW)

    with pytest.raises(NotFound):
        open_document(user=arun, invoice_id=invoice.pk, now=NOW)


def test_the_database_keeps_what_was_issued(order, issued):
    impossible = (
        lambda: Invoice.objects.filter(pk=issued.pk).update(amount_fen=1),
        lambda: Invoice.objects.filter(pk=issued.pk).update(number="12345678"),
        lambda: Invoice.objects.filter(pk=issued.pk).update(document_sha256=""),
        lambda: Invoice.objects.filter(pk=issued.pk).update(status="reversed"),
        lambda: Invoice.objects.filter(pk=issued.pk).update(status="requested"),
        lambda: Invoice.objects.filter(pk=issued.pk).delete(),
        lambda: Invoice.objects.create(
            order=order, shop=order.shop, kind="personal", title="x", requested_at=NOW
        ),
    )

    for change in impossible:
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    issued.refresh_from_db()
    assert (issued.status, issued.number) == ("issued", NUMBER)
