"""The doors of gifts: what a browser and an app say, and what strangers and mischief get."""

import uuid

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from django.urls import reverse

from common.clock import utc_now
from ledger.models import LedgerTransaction
from livestreams.models import Gift
from livestreams.services.silencing import set_standing
from payments.models import Payment
from tests.factories.forging import Forge
from tests.factories.gifts import begin_gift, choose, make_gift_kind
from tests.factories.livestreams import make_session
from tests.factories.providers import gateway, providers, providers_process

__all__ = ["gateway", "providers", "providers_process"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def show(market):
    return make_session(host=market.host, shop=market.shop)


@pytest.fixture
def kind(db):
    return make_gift_kind()


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def post(client, path, body, key=None):
    headers = {"idempotency-key": str(key or uuid.uuid4())}
    return client.post(path, body, content_type="application/json", headers=headers)


def test_an_app_lists_chooses_and_pays(market, arun, show, kind, providers):
    make_gift_kind(name="旧的", is_active=False)
    app, room = signed_in(arun), f"/api/v1/live-sessions/{show.pk}/gifts/"

    listed = app.get(room).json()
    assert listed["kinds"] == [{"id": kind.pk, "name": "格桑花", "icon": "gift", "price_fen": 999}]
    assert (listed["is_open"], listed["max_fen"], listed["max_quantity"]) == (True, 50_000, 99)
    key = uuid.uuid4()
    made = [post(app, room, {"kind": kind.pk, "quantity": 2}, key) for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 200]
    gift = made[0].json()
    assert gift == made[1].json()
    assert (gift["amount_fen"], gift["status"], gift["pay_page"]) == (
        1998,
        "pending",
        f"/gifts/{gift['id']}/",
    )
    paid = post(app, f"/api/v1/gifts/{gift['id']}/pay/", {"gateway": "wechatpay", "method": "native"})
    assert (paid.status_code, paid.json()["next"]["kind"]) == (201, "qr")
    payment = app.get(f"/api/v1/payments/{paid.json()['payment']}/").json()
    assert (payment["purpose"], payment["gift"], payment["group"], payment["orders"]) == (
        "gift", gift["id"], None, [],
    )  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [{"quantity": -1}, {"quantity": 0}, {"quantity": 10**9}, {"quantity": "1.5"}, {"quantity": "NaN"},
     {"kind": -1}, {"kind": "x"}, {"kind": None}],
)  # fmt: skip
def test_a3_senseless_numbers_are_400_and_nothing_is_there(arun, show, kind, body):
    answer = post(signed_in(arun), f"/api/v1/live-sessions/{show.pk}/gifts/", {"kind": kind.pk} | body)

    assert answer.status_code == 400
    assert not Gift.objects.exists()


def test_a4_a_price_of_the_sender_is_ignored(arun, show, kind):
    body = {"kind": kind.pk, "amount_fen": 1, "platform_fen": 1, "status": "paid", "giver": 1}

    answer = post(signed_in(arun), f"/api/v1/live-sessions/{show.pk}/gifts/", body)

    gift = Gift.objects.get()
    assert answer.status_code == 201
    assert (gift.amount_fen, gift.platform_fen, gift.status, gift.giver) == (999, 299, "pending", arun)


def test_refusals_have_their_codes(market, arun, zhuoma, zoya, show, kind):
    over = make_session(host=market.host, shop=market.shop, status="ended")
    hidden = make_session(host=market.host, shop=market.shop, status="draft")
    set_standing(actor=zhuoma, session_id=show.pk, person_id=zoya.pk, kind="ban", now=utc_now())
    tried = [
        (arun, over, kind.pk, 409, "not_on_air"),
        (arun, hidden, kind.pk, 404, "not_found"),
        (arun, show, kind.pk + 1, 409, "gift_gone"),
        (zhuoma, show, kind.pk, 409, "own_gift"),
        (zoya, show, kind.pk, 403, "banned"),
    ]

    for person, session, number, status, code in tried:
        answer = post(signed_in(person), f"/api/v1/live-sessions/{session.pk}/gifts/", {"kind": number})
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    no_key = signed_in(arun).post(
        f"/api/v1/live-sessions/{show.pk}/gifts/", {"kind": kind.pk}, content_type="application/json"
    )
    assert no_key.status_code == 400
    assert not Gift.objects.exists()


def test_c1_somebody_elses_gift_is_404(arun, zoya, show, kind, providers):
    gift = choose(giver=arun, session=show, kind=kind)
    payment = begin_gift(gift=gift)
    stranger = signed_in(zoya)

    answers = [
        stranger.get(f"/api/v1/gifts/{gift.pk}/"),
        post(stranger, f"/api/v1/gifts/{gift.pk}/pay/", {"gateway": "wechatpay"}),
        stranger.get(f"/api/v1/payments/{payment.pk}/"),
        stranger.get(reverse("storefront:gift", args=[gift.pk])),
        stranger.get(reverse("storefront:payment_return", args=[payment.pk])),
        stranger.get(reverse("storefront:pay_go", args=[payment.pk])),
    ]

    assert [answer.status_code for answer in answers] == [404] * 6
    assert Payment.objects.count() == 1


def test_b1_a_forged_callback_gives_nothing(arun, show, kind, providers, gateway):
    gift = choose(giver=arun, session=show, kind=kind)
    payment, forge = begin_gift(gift=gift, gateway=gateway), Forge(gateway, providers)
    stolen = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    forged = forge.send(*forge.message(payment, key=stolen))

    gift.refresh_from_db()
    assert (forged.status_code, gift.status) == (401, "pending")
    assert not LedgerTransaction.objects.exists()
    # The same message with the provider's own signature gives it: once, however often it comes.
    for _ in range(2):
        assert forge.send(*forge.message(payment)).status_code == 200
    gift.refresh_from_db()
    assert gift.status == "paid"
    assert LedgerTransaction.objects.count() == 1


def test_the_return_page_alone_gives_nothing_and_leads_back_to_the_room(arun, show, kind, providers):
    gift = choose(giver=arun, session=show, kind=kind)
    payment = begin_gift(gift=gift)
    client = signed_in(arun)

    waiting = client.get(reverse("storefront:payment_return", args=[payment.pk]) + "?paid=1")
    assert waiting.context["outcome"] == "waiting"
    assert Gift.objects.get().status == "pending"

    providers.pay(payment)
    Payment.objects.update(last_queried_at=None)
    paid = client.get(reverse("storefront:payment_return", args=[payment.pk]))
    assert paid.context["outcome"] == "paid"
    assert f'href="/live/{show.pk}/"' in paid.content.decode()
    assert Gift.objects.get().status == "paid"
    assert b'data-gift="paid"' in client.get(reverse("storefront:gift", args=[gift.pk])).content


def test_without_scripts_a_gift_is_chosen_and_paid_on_pages(arun, show, kind, providers):
    client, page = signed_in(arun), reverse("storefront:gifts", args=[show.pk])
    key = str(client.get(page).context["gifts"]["key"])

    sent = client.post(page, {"kind": kind.pk, "quantity": 3, "key": key})

    gift = Gift.objects.get()
    assert (gift.quantity, sent.status_code, sent["Location"]) == (3, 302, f"/gifts/{gift.pk}/")
    form = client.get(sent["Location"])
    assert [name for name, _label in form.context["ways"]] == ["wechatpay", "alipay"]
    started = client.post(
        reverse("storefront:gift_pay", args=[gift.pk]),
        {"gateway": "wechatpay", "key": str(form.context["key"])},
    )
    assert started["Location"] == f"/checkout/payments/{Payment.objects.get().pk}/"
    assert client.get(started["Location"]).status_code == 200


def test_only_a_room_on_air_with_something_on_offer_shows_the_way(market, arun, zhuoma, show, kind):
    def is_offered(person, session) -> bool:
        return signed_in(person).get(f"/live/{session.pk}/").context["gifts"] is not None

    planned = make_session(host=market.host, shop=market.shop, status="scheduled")
    assert (is_offered(arun, show), is_offered(zhuoma, show), is_offered(arun, planned)) == (
        True,
        False,
        False,
    )
    kind.is_active = False
    kind.save(update_fields=["is_active"])
    assert not is_offered(arun, show)
