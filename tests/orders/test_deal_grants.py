"""A grant for the fast door of a deal ends with the sign-in, the account and the password behind it."""

import pytest
from django.contrib.sessions.models import Session
from rest_framework.test import APIClient

from accounts.models import ApiToken, User
from accounts.services.signing_in import issue_token
from common.clock import utc_now
from orders import asgi
from orders.models import Order
from orders.services.batching.outcomes import place_alone
from shops.models import DealStock
from tests.factories.livestreams import add_to_rundown, make_deal, make_session
from tests.factories.shops import make_person
from tests.orders.deal_door import body_of, post, token_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def deal(market, valkey):
    item = add_to_rundown(session=make_session(host=market.host, shop=market.shop), variant=market.variant)
    return make_deal(item=item, price_fen=5000, quantity=10)


@pytest.fixture(autouse=True)
def _fresh_door(monkeypatch):
    monkeypatch.setattr(asgi, "_pace", asgi._Pace())
    # Its thread would go on in the next test's database.
    monkeypatch.setattr(asgi.batcher._teller, "tell", lambda *told: None)
    asgi._grants.clear()


def _sign_out_of_the_browser(arun, deal):
    client = APIClient()
    client.force_login(arun)
    token = client.post(f"/api/v1/deals/{deal.pk}/order-token/").json()["order_token"]
    return token, lambda: client.post("/api/v1/auth/logout/")


def _sign_out_on_the_page(arun, deal):
    client = APIClient()
    client.force_login(arun)
    token = client.post(f"/api/v1/deals/{deal.pk}/order-token/").json()["order_token"]
    return token, lambda: client.post("/sign-out/")


def _let_the_session_run_out(arun, deal):
    client = APIClient()
    client.force_login(arun)
    token = client.post(f"/api/v1/deals/{deal.pk}/order-token/").json()["order_token"]
    return token, lambda: Session.objects.update(expire_date=utc_now())


def _revoke_the_token(arun, deal):
    bearer = issue_token(user=arun, now=utc_now())
    client = APIClient(headers={"Authorization": f"Bearer {bearer}"})
    token = client.post(f"/api/v1/deals/{deal.pk}/order-token/").json()["order_token"]
    return token, lambda: client.post("/api/v1/auth/logout/")


def _let_the_token_run_out(arun, deal):
    return token_of(arun, deal), lambda: ApiToken.objects.update(expires_at=utc_now())


def _block(arun, deal):
    return token_of(arun, deal), lambda: User.objects.filter(pk=arun.pk).update(is_active=False)


def _change_the_password(arun, deal):
    return token_of(arun, deal), lambda: User.objects.filter(pk=arun.pk).update(password="!")


ENDINGS = [
    _sign_out_of_the_browser, _sign_out_on_the_page, _let_the_session_run_out, _revoke_the_token,
    _let_the_token_run_out, _block, _change_the_password,
]  # fmt: skip


@pytest.mark.parametrize("is_alone", [False, True])
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_grant_ends_with_the_sign_in_that_it_came_from(market, arun, deal, ending, is_alone, monkeypatch):
    token, end = ending(arun, deal)
    before = post(deal, body_of(deal, market.address.pk), token=token)
    if is_alone:
        # As after a batch that the database refused: each goes the ordinary way.
        monkeypatch.setattr(
            asgi.batcher,
            "_place",
            lambda *, deal_id, wishes, now: [place_alone(wish, now=now) for wish in wishes],
        )
    elsewhere = token_of(make_person(name="别人"), deal)
    other = post(deal, body_of(deal, market.address.pk), token=elsewhere)

    end()
    after = post(deal, body_of(deal, market.address.pk), token=token)

    assert before.status == 201
    # Whoever is signed in comes as far as the address, which is not theirs.
    assert (other.status, other.body["code"]) == (404, "not_found")
    assert (after.status, after.body["code"]) == (401, "bad_token")
    assert Order.objects.count() == 1
    assert DealStock.objects.get().available == 9


def test_one_sign_in_outlives_another_of_the_same_person(market, arun, deal):
    gone, end = _sign_out_of_the_browser(arun, deal)
    kept = token_of(arun, deal)

    end()
    answers = [post(deal, body_of(deal, market.address.pk), token=token) for token in (gone, kept)]

    assert [answer.status for answer in answers] == [401, 201]


def test_a_grant_ends_when_somebody_else_signs_in_with_the_same_browser(market, arun, deal):
    client = APIClient()
    client.force_login(arun)
    token = client.post(f"/api/v1/deals/{deal.pk}/order-token/").json()["order_token"]

    client.force_login(make_person(name="别人"))
    answer = post(deal, body_of(deal, market.address.pk), token=token)

    assert (answer.status, answer.body["code"]) == (401, "bad_token")
    assert not Order.objects.exists()


def test_no_grant_for_a_shop_whose_money_may_not_be_taken(market, arun, deal, settings):
    settings.IS_PRODUCTION = True
    client = APIClient()
    client.force_login(arun)

    answer = client.post(f"/api/v1/deals/{deal.pk}/order-token/")

    assert (answer.status_code, answer.json()["code"]) == (409, "shop_not_checked")
    market.shop.standing = "payee"
    market.shop.save(update_fields=["standing"])
    assert client.post(f"/api/v1/deals/{deal.pk}/order-token/").status_code == 200
