"""Farmers on the desk: who they are, what was agreed."""

import pytest

from common.clock import utc_now
from common.errors import Invalid, NotAllowed
from common.models import AuditEntry
from shops.models import Farmer, FarmerAuthorization
from shops.selectors import terms_of
from shops.services.people import set_public_name
from tests.factories.shops import make_shop

URL = "/desk/goods/farmers/"


def typed(market, **changes) -> dict:
    return {
        "name": "央金",
        "village": market.village.pk,
        "phone": "139 0000 0000",
        "story": "养蜂三十年",
        "host_percent": "8",
        "floor_percent": "90",
        "agreed": "on",
    } | changes


@pytest.fixture
def desk(client, market, mei):
    client.force_login(mei)
    return client


def test_farmer_is_written_down_with_terms(desk, market):
    answer = desk.post(f"{URL}new/", typed(market))

    farmer = Farmer.objects.latest("pk")
    terms = farmer.authorizations.get()
    assert answer.status_code == 302
    assert (farmer.name, farmer.contact.phone) == ("央金", "13900000000")
    assert (terms.host_commission_bp, terms.floor_price_bp) == (800, 9000)
    page = desk.get(URL).content.decode()
    assert "139****0000" in page
    assert "13900000000" not in page


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"phone": "12"},
        {"phone": "x" * 40},
        {"village": "x"},
        {"host_percent": "51"},
        {"host_percent": "-1"},
        {"host_percent": "NaN"},
        {"floor_percent": "101"},
        {"agreed": ""},
    ],
)
def test_wrong_farmer_keeps_the_form(desk, market, changes):
    answer = desk.post(f"{URL}new/", typed(market, **changes))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "field__error" in page
    assert "养蜂三十年" in page
    assert Farmer.objects.count() == 1


def test_new_terms_hold_from_now_on(desk, market, mei):
    desk.post(
        f"{URL}{market.farmer.pk}/",
        typed(market, name="扎西", phone="13800000006", host_percent="7.5", floor_percent="0"),
    )

    terms = terms_of(product=market.product, shop=market.shop)
    assert terms.host_commission_bp == 750
    market.shop_authorization.refresh_from_db()
    assert market.shop_authorization.status == "revoked"
    market.farmer.refresh_from_db()
    assert market.farmer.story == "养蜂三十年"


def test_consent_can_end(desk, market):
    desk.post(f"{URL}{market.farmer.pk}/revoke/")

    market.shop_authorization.refresh_from_db()
    assert market.shop_authorization.status == "revoked"
    assert "扎西" not in desk.get(URL).content.decode()
    assert desk.get(f"{URL}{market.farmer.pk}/").status_code == 404


def test_strangers_find_no_farmer(client, market, zoya):
    make_shop(owner=zoya)
    client.force_login(zoya)

    assert client.get(f"{URL}{market.farmer.pk}/").status_code == 404
    assert client.post(f"{URL}{market.farmer.pk}/", typed(market)).status_code == 404
    assert client.post(f"{URL}{market.farmer.pk}/revoke/").status_code == 404
    assert FarmerAuthorization.objects.filter(status="granted").count() == 2


def test_the_name_that_strangers_read_is_the_farmers_word(desk, client, market, operator):
    desk.post(f"{URL}new/", typed(market, name="李建国", public_name=" 老  李 "))
    farmer = Farmer.objects.latest("pk")
    assert (farmer.name, farmer.public_name, farmer.shown_name) == ("李建国", "老 李", "老 李")

    desk.post(f"{URL}{farmer.pk}/", typed(market, name="李建国", public_name=""))

    farmer.refresh_from_db()
    assert (farmer.public_name, farmer.shown_name) == ("", "建国")
    url = f"/api/v1/farmers/{farmer.pk}/"
    kept = desk.patch(url, {"story": "新"}, content_type="application/json").json()
    named = desk.patch(url, {"public_name": "李叔"}, content_type="application/json").json()
    assert (kept["public_name"], named["public_name"], named["shown_name"]) == ("", "李叔", "李叔")
    too_long = desk.patch(url, {"public_name": "李" * 61}, content_type="application/json")
    assert too_long.status_code == 400
    client.force_login(operator)
    set_public_name(actor=operator, farmer=farmer, public_name="建国叔", now=utc_now(), reason="本人要求")
    farmer.refresh_from_db()
    assert farmer.shown_name == "建国叔"
    entry = AuditEntry.objects.get(action="shops.farmer_public_name")
    assert (entry.before, entry.after, entry.reason) == (
        {"public_name": "李叔"}, {"public_name": "建国叔"}, "本人要求",
    )  # fmt: skip


def test_only_an_operator_with_a_reason_names_anybodys_farmer(market, mei, operator):
    for actor, reason, refusal in ((mei, "x", NotAllowed), (operator, " ", Invalid)):
        with pytest.raises(refusal):
            set_public_name(
                actor=actor, farmer=market.farmer, public_name="阿叔", now=utc_now(), reason=reason
            )

    market.farmer.refresh_from_db()
    assert market.farmer.public_name == ""
