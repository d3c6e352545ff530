"""Money back through the buyer's pages, as a browser without scripts uses them."""

import re
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from orders.models import AfterSaleCase
from orders.services.judging import approve_case, reject_case
from shops.models import Photo
from tests.factories.cases import ask
from tests.factories.orders import make_paid, make_shipped
from tests.factories.shops import NOW, make_photo
from tests.uploads.pictures import picture_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(market, arun, mei):
    return make_shipped(buyer=arun, seller=mei, variant=market.variant, quantity=3)


def text_of(answer) -> str:
    return answer.content.decode()


def hidden(answer, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', text_of(answer))
    return found[1] if found else ""


def wish(order, **changes) -> dict:
    line = order.lines.get()
    return {
        "key": str(uuid.uuid4()),
        "reason": "spoiled",
        "kind": "refund_only",
        f"line-{line.pk}": "2",
    } | changes


def address(order) -> str:
    return f"/orders/{order.number}/after-sales/"


def test_the_order_leads_to_the_question_and_nothing_is_asked_before_the_sum_was_seen(client, order, arun):
    client.force_login(arun)
    assert address(order) in text_of(client.get(f"/orders/{order.number}/"))
    page = client.get(address(order))
    form = wish(order, key=hidden(page, "key"), text="坏了<b>")

    seen = client.post(address(order), form)

    assert (seen.status_code, AfterSaleCase.objects.count()) == (200, 0)
    assert hidden(seen, "total_fen") == "13600"
    sent = client.post(address(order), form | {"total_fen": "13600"})
    again = client.post(address(order), form | {"total_fen": "13600"})
    case = AfterSaleCase.objects.get()
    assert sent.url == again.url == f"/after-sales/{case.pk}/"
    assert (case.amount_fen, case.text, case.lines.get().quantity) == (13600, "坏了<b>", 2)
    assert "<b>" not in text_of(client.get(sent.url))
    assert f"/after-sales/{case.pk}/" in text_of(client.get(f"/orders/{order.number}/"))
    assert f'data-open-case="{case.pk}"' in text_of(client.get("/orders/"))
    assert f'data-case="{case.pk}"' in text_of(client.get("/after-sales/"))


def test_a_sum_that_the_page_does_not_show_is_never_asked(client, order, arun):
    client.force_login(arun)

    answer = client.post(address(order), wish(order, total_fen="1"))

    assert (answer.status_code, hidden(answer, "total_fen")) == (200, "13600")
    assert not AfterSaleCase.objects.exists()


def test_less_than_was_paid_can_be_asked(client, order, arun):
    client.force_login(arun)
    line = order.lines.get()

    answer = client.post(address(order), wish(order, look="1") | {f"less-{line.pk}": "20.50"})

    assert hidden(answer, "total_fen") == "2050"
    assert "¥20.50" in text_of(answer)
    too_much = client.post(address(order), wish(order, total_fen="1") | {f"less-{line.pk}": "999"})
    assert too_much.status_code == 400
    assert not AfterSaleCase.objects.exists()


@pytest.mark.parametrize("quantity", ["-1", "4", "1.5", "1e9", "NaN", "１５"])
def test_a3_hostile_quantities_ask_nothing(client, order, arun, quantity):
    client.force_login(arun)
    line = order.lines.get()

    answer = client.post(address(order), wish(order, total_fen="6800") | {f"line-{line.pk}": quantity})

    assert answer.status_code == 400
    assert not AfterSaleCase.objects.exists()


def test_what_cannot_be_asked_is_said_in_place(client, order, market, arun):
    client.force_login(arun)
    unsent = make_paid(buyer=arun, variant=market.variant, quantity=2)

    nothing = client.post(address(order), wish(order) | {f"line-{order.lines.get().pk}": "0"})
    absent = client.post(address(order), wish(order, reason="missing", kind="return_and_refund"))
    everything = client.post(address(unsent), wish(unsent, reason="changed_mind"))

    assert [answer.status_code for answer in (nothing, absent, everything)] == [400, 400, 409]
    assert f"/orders/{unsent.number}/after-sales/" in text_of(client.get(f"/orders/{unsent.number}/"))
    assert not AfterSaleCase.objects.exists()


def test_photos_come_with_the_form_where_no_script_runs_and_stay_private(client, order, arun, drain_outbox):
    client.force_login(arun)
    sent = make_photo(user=arun, is_private=True)
    file = SimpleUploadedFile("IMG.jpg", picture_bytes(), content_type="image/jpeg")

    client.post(address(order), wish(order, total_fen="13600", photos=[sent.pk], files=[file]))

    case = AfterSaleCase.objects.get()
    assert [one.photo_id for one in case.evidence.all()] == [sent.pk, Photo.objects.latest("pk").pk]
    assert Photo.objects.filter(is_private=True).count() == 2
    drain_outbox()
    page = text_of(client.get(f"/after-sales/{case.pk}/"))
    assert page.count('src="/media/private/photos/') == 2


def test_a_file_that_is_no_picture_is_refused_in_place(client, order, arun):
    client.force_login(arun)
    file = SimpleUploadedFile("x.jpg", b"<svg onload=alert(1)>", content_type="image/jpeg")

    answer = client.post(address(order), wish(order, total_fen="13600", files=[file]))

    assert answer.status_code == 400
    assert not (AfterSaleCase.objects.exists() or Photo.objects.filter(is_private=True).exists())


def test_a_buyer_sends_back_calls_off_and_asks_the_market(client, order, market, mei, arun):
    client.force_login(arun)
    back = ask(order, arun, kind="return_and_refund")
    approve_case(actor=mei, case_id=back.pk, idempotency_key=uuid.uuid4(), now=NOW, reply="云南省 1 号")
    page = client.get(f"/after-sales/{back.pk}/")
    assert "云南省 1 号" in text_of(page)
    parcel = {"key": hidden(page, "key"), "carrier": "sf", "tracking_number": "x"}

    refused = client.post(f"/after-sales/{back.pk}/send-back/", parcel)
    client.post(f"/after-sales/{back.pk}/send-back/", parcel | {"tracking_number": "SF87654321"})

    assert refused.status_code == 400
    back.refresh_from_db()
    assert (back.status, back.return_tracking_number) == ("awaiting_receipt", "SF87654321")

    other = ask(order, arun)
    reject_case(actor=mei, case_id=other.pk, reason="没坏", idempotency_key=uuid.uuid4(), now=NOW)
    assert (
        client.post(f"/after-sales/{other.pk}/appeal/", {"key": str(uuid.uuid4()), "text": ""}).status_code
        == 400
    )
    client.post(f"/after-sales/{other.pk}/appeal/", {"key": str(uuid.uuid4()), "text": "请看照片"})
    other.refresh_from_db()
    assert (other.status, other.appealed_at is not None) == ("rejected", True)

    client.post(f"/after-sales/{other.pk}/withdraw/", {"key": str(uuid.uuid4())})
    other.refresh_from_db()
    assert other.status == "closed"
    assert client.get(f"/after-sales/{other.pk}/").status_code == 200


def test_a_stranger_finds_no_case(client, order, arun, zoya, mei):
    case = ask(order, arun)
    client.force_login(zoya)

    answers = [
        client.get(f"/after-sales/{case.pk}/"),
        client.get(address(order)),
        client.post(address(order), wish(order, total_fen="13600")),
        client.post(f"/after-sales/{case.pk}/withdraw/", {"key": str(uuid.uuid4())}),
    ]
    client.force_login(mei)
    answers.append(client.get(f"/after-sales/{case.pk}/"))

    assert {answer.status_code for answer in answers} == {404}
    assert f'data-case="{case.pk}"' not in text_of(client.get("/after-sales/"))
    case.refresh_from_db()
    assert (case.status, AfterSaleCase.objects.count()) == ("requested", 1)
