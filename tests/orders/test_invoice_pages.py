"""Pages of invoices: the box of an order, asking without scripts, the desk's list and moves."""

import re

import pytest

from common.clock import utc_now
from orders.models import Invoice
from tests.factories.invoices import CREDIT_CODE, NUMBER, PDF, issue, pdf_file, want_invoice
from tests.factories.orders import make_paid
from tests.factories.shops import make_person

pytestmark = pytest.mark.django_db
RED = "24312000000987654321"


@pytest.fixture
def order(market, arun):
    return make_paid(buyer=arun, variant=market.variant)


def html(client, path: str, **query) -> str:
    answer = client.get(path, query)
    assert answer.status_code == 200, path
    return answer.content.decode()


def box(client, order) -> list[str]:
    """The states of the invoices on the buyer's order page, newest first."""
    page = html(client, f"/orders/{order.number}/")
    return re.findall(r'data-invoice="\d+" data-status="(\w+)"', page)


def listed(client, tab: str) -> list[int]:
    page = html(client, "/desk/invoices/", tab=tab)
    return [int(pk) for pk in re.findall(r'data-invoice="(\d+)"', page)]


def test_a_buyer_asks_on_the_order_page_and_the_shop_issues_on_the_desk(client, order, arun, mei):
    client.force_login(arun)
    ask = f"/orders/{order.number}/invoice/"
    assert f'href="{ask}"' in html(client, f"/orders/{order.number}/")
    wish = {"kind": "company", "title": "云岭餐饮公司", "tax_number": f" {CREDIT_CODE.lower()} "}
    answer = client.post(ask, wish)
    assert (answer.status_code, answer["Location"]) == (302, f"/orders/{order.number}/")
    invoice = Invoice.objects.get()
    assert (invoice.title, invoice.tax_number) == ("云岭餐饮公司", CREDIT_CODE)
    assert box(client, order) == ["requested"]
    assert f'href="{ask}"' not in html(client, f"/orders/{order.number}/")

    client.force_login(mei)
    assert (listed(client, "to_do"), listed(client, "done")) == ([invoice.pk], [])
    desk = f"/desk/invoices/{invoice.pk}/"
    page = html(client, desk)
    assert CREDIT_CODE in page and f'action="{desk}issue/"' in page
    assert f'href="{desk}"' in html(client, f"/desk/orders/{order.number}/")
    sent = {"number": NUMBER, "issued_on": utc_now().date().isoformat(), "file": pdf_file()}
    answer = client.post(f"{desk}issue/", sent)
    assert (answer.status_code, answer["Location"]) == (302, desk)
    invoice.refresh_from_db()
    assert (invoice.status, invoice.amount_fen) == ("issued", order.captured_fen)
    assert (listed(client, "to_do"), listed(client, "done")) == ([], [invoice.pk])

    client.force_login(arun)
    assert box(client, order) == ["issued"]
    pdf = re.search(r'href="([^"]*/pdf/)"', html(client, f"/orders/{order.number}/")).group(1)
    assert b"".join(client.get(pdf).streaming_content) == PDF


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": " "}, "title"),
        ({"kind": "company", "tax_number": "91350100M000100Y44"}, "tax_number"),
        ({"kind": "company"}, "tax_number"),
        ({"email": "x@"}, "email"),
        ({"kind": "all"}, "kind"),
    ],
)
def test_a_wish_that_cannot_be_is_shown_again_and_nothing_is_asked(client, order, arun, wrong, field):
    client.force_login(arun)

    answer = client.post(f"/orders/{order.number}/invoice/", {"kind": "personal", "title": "阿润"} | wrong)

    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    assert not Invoice.objects.exists()


def test_the_next_wish_is_filled_with_the_last_one_of_the_same_person(client, order, market, arun):
    want_invoice(order, kind="company", title="云岭餐饮公司", tax_number=CREDIT_CODE)
    client.force_login(arun)
    other = make_paid(buyer=arun, variant=market.variant)

    assert CREDIT_CODE in html(client, f"/orders/{other.number}/invoice/")
    stranger = make_person(name="央金")
    client.force_login(stranger)
    foreign = make_paid(buyer=stranger, variant=market.variant)
    assert CREDIT_CODE not in html(client, f"/orders/{foreign.number}/invoice/")


def test_asking_twice_finds_a_page_without_a_form(client, order, arun):
    want_invoice(order)
    client.force_login(arun)

    page = html(client, f"/orders/{order.number}/invoice/")
    answer = client.post(f"/orders/{order.number}/invoice/", {"kind": "personal", "title": "阿润"})

    assert 'id="invoice"' not in page
    assert answer.status_code == 409
    assert Invoice.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [{"number": "12"}, {"issued_on": "2999-01-01"}, {"file": pdf_file(b"<html>" * 100)}, {"file": ""}],
)
def test_a_document_that_is_none_is_shown_again_and_no_file_is_left(client, order, mei, media_root, wrong):
    invoice = want_invoice(order)
    client.force_login(mei)
    sent = {"number": NUMBER, "issued_on": utc_now().date().isoformat(), "file": pdf_file()}

    answer = client.post(f"/desk/invoices/{invoice.pk}/issue/", sent | wrong)

    assert answer.status_code in (400, 415)
    assert 'id="answer"' in answer.content.decode()
    assert Invoice.objects.get().status == "requested"
    assert not [path for path in media_root.rglob("*") if path.is_file()]


def test_a_shop_refuses_with_a_reason_which_the_buyer_reads_and_may_ask_again(client, order, arun, mei):
    invoice = want_invoice(order)
    client.force_login(mei)
    desk = f"/desk/invoices/{invoice.pk}/"
    assert f'action="{desk}refuse/"' in html(client, desk, act="refuse")
    assert client.post(f"{desk}refuse/", {"reason": " "}).status_code == 400
    assert Invoice.objects.get().status == "requested"

    assert client.post(f"{desk}refuse/", {"reason": "<b>税号不对</b>"}).status_code == 302

    client.force_login(arun)
    page = html(client, f"/orders/{order.number}/")
    assert "&lt;b&gt;税号不对&lt;/b&gt;" in page
    assert f'href="/orders/{order.number}/invoice/"' in page
    assert box(client, order) == ["refused"]


def test_a_shop_reverses_what_was_wrong_only_with_a_reason(client, order, arun, mei):
    invoice = issue(want_invoice(order), seller=mei)
    client.force_login(mei)
    desk = f"/desk/invoices/{invoice.pk}/"
    assert 'id="answer"' not in html(client, desk)
    assert f'action="{desk}reverse/"' in html(client, desk, act="reverse")
    assert client.post(f"{desk}reverse/", {"number": RED}).status_code == 400
    assert client.post(f"{desk}reverse/", {"number": NUMBER, "reason": "名字错"}).status_code == 400
    assert Invoice.objects.get().status == "issued"

    assert client.post(f"{desk}reverse/", {"number": RED, "reason": "名字错"}).status_code == 302

    assert RED in html(client, desk)
    client.force_login(arun)
    assert box(client, order) == ["reversed"]


def test_money_that_went_back_puts_the_invoice_on_the_list_to_reverse(client, order, mei):
    invoice = issue(want_invoice(order), seller=mei)
    Invoice.objects.filter(pk=invoice.pk).update(reversal_due_at=utc_now())
    client.force_login(mei)
    desk = f"/desk/invoices/{invoice.pk}/"

    assert listed(client, "to_do") == [invoice.pk]
    assert f'action="{desk}reverse/"' in html(client, desk)
    assert client.post(f"{desk}reverse/", {"number": RED}).status_code == 302
    fresh = Invoice.objects.latest("pk")
    assert (fresh.status, fresh.title, listed(client, "to_do")) == ("requested", invoice.title, [fresh.pk])


def test_a_page_that_is_late_says_so_and_changes_nothing(client, order, mei):
    invoice = issue(want_invoice(order), seller=mei)
    client.force_login(mei)
    desk = f"/desk/invoices/{invoice.pk}/"

    again = client.post(
        f"{desk}issue/", {"number": RED, "issued_on": utc_now().date().isoformat(), "file": pdf_file()}
    )
    refused = client.post(f"{desk}refuse/", {"reason": "没有"})

    assert [(one.status_code, one["Location"]) for one in (again, refused)] == [(302, desk), (302, desk)]
    invoice.refresh_from_db()
    assert (invoice.status, invoice.number) == ("issued", NUMBER)


def test_nobody_else_reaches_an_invoice_of_the_desk(client, order, arun, zoya):
    invoice = want_invoice(order)

    for person in (arun, zoya):
        client.force_login(person)
        for step in ("", "?act=refuse"):
            assert client.get(f"/desk/invoices/{invoice.pk}/{step}").status_code == 404
        for step in ("issue/", "refuse/", "reverse/"):
            assert client.post(f"/desk/invoices/{invoice.pk}/{step}", {"reason": "x"}).status_code == 404
        assert client.get("/desk/invoices/").status_code == 404
    assert Invoice.objects.get().status == "requested"


def test_the_list_costs_the_same_with_many_invoices(client, market, arun, mei, django_assert_max_num_queries):
    for _ in range(8):
        want_invoice(make_paid(buyer=arun, variant=market.variant))
    client.force_login(mei)
    client.get("/desk/invoices/")

    with django_assert_max_num_queries(10):
        assert len(listed(client, "to_do")) == 8


def test_a_link_to_the_document_lets_one_sign_in_and_shows_strangers_a_page(client, order, arun, mei, zoya):
    invoice = issue(want_invoice(order), seller=mei)
    client.force_login(arun)
    pdf = re.search(r'href="([^"]*/pdf/)"', html(client, f"/orders/{order.number}/")).group(1)
    client.logout()

    signed_out = client.get(pdf)
    client.force_login(zoya)
    stranger = client.get(pdf)

    assert pdf == f"/invoices/{invoice.pk}/pdf/"
    assert (signed_out.status_code, signed_out["Location"]) == (302, f"/sign-in/?next={pdf}")
    assert stranger.status_code == 404
    assert stranger["Content-Type"].startswith("text/html")
    assert NUMBER not in stranger.content.decode()
    # A browser that is told to save the answer would save the sign-in page.
    client.force_login(arun)
    assert "download" not in html(client, f"/orders/{order.number}/")
