"""The person's corner: profile and address book as pages."""

import pytest
from django.test import Client

from accounts.models import Address, User
from tests.factories.accounts import make_address, make_user

FIELDS = {
    "recipient": "阿润",
    "phone": "１３８ 1234 5678",
    "province": "530000",
    "city": "532900",
    "county": "532930",
    "detail": "幸福路 8 号",
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def arun() -> User:
    return make_user(phone="13912345678", display_name="阿润", language="en")


@pytest.fixture
def browser(arun) -> Client:
    client = Client()
    client.force_login(arun)
    return client


def test_my_corner_shows_the_ways_to_my_things(browser):
    html = browser.get("/me/").content.decode()

    for href in ("/orders/", "/inbox/", "/me/addresses/", "/cart/"):
        assert f'href="{href}"' in html
    assert "139****5678" in html
    assert "13912345678" not in html
    assert 'href="/desk/"' not in html
    assert html.count("<h1") == 1


def test_sellers_hosts_and_operators_see_their_doors(market, mei, zhuoma, zoya, operator):
    def page(user) -> str:
        client = Client()
        client.force_login(user)
        return client.get("/me/").content.decode()

    assert 'href="/desk/"' in page(mei)
    assert 'href="/desk/"' in page(zhuoma)
    assert 'href="/desk/"' not in page(zoya)
    assert 'href="/admin/"' in page(operator)
    assert 'href="/admin/"' not in page(mei)


def test_a_farmer_with_an_account_finds_the_money_and_no_desk_that_is_closed_to_them(market, zoya, mei):
    market.farmer.user = zoya
    market.farmer.save(update_fields=["user"])

    def page(user, path) -> str:
        client = Client()
        client.force_login(user)
        return client.get(path).content.decode()

    assert 'href="/desk/money/"' in page(zoya, "/me/")
    assert 'href="/desk/money/"' not in page(mei, "/me/")
    money = page(zoya, "/desk/money/")
    assert 'href="/me/" aria-current="page"' in money
    assert 'href="/desk/"' not in money and 'href="/desk/orders/"' not in money
    assert 'href="/desk/orders/"' in page(mei, "/desk/money/")


def test_name_and_language_are_saved_and_nothing_else(browser, arun):
    answer = browser.post(
        "/me/", {"display_name": " 润润 ", "language": "zh-hans", "is_staff": "on", "phone": "13900000000"}
    )

    assert (answer.status_code, answer["Location"]) == (302, "/me/")
    arun.refresh_from_db()
    assert (arun.display_name, arun.language, arun.is_staff, arun.phone) == (
        "润润",
        "zh-hans",
        False,
        "13912345678",
    )
    assert arun.contact.name == "润润"
    assert '<html lang="zh-hans">' in browser.get("/me/").content.decode()


@pytest.mark.parametrize(
    "change", [{"language": "tlh"}, {"display_name": "x" * 61}, {"display_name": "a\x00"}]
)
def test_a_bad_profile_keeps_the_fields_and_changes_nothing(browser, arun, change):
    answer = browser.post("/me/", {"display_name": "new", "language": "en"} | change)

    assert answer.status_code == 400
    assert answer.context["form"].errors
    arun.refresh_from_db()
    assert (arun.display_name, arun.language) == ("阿润", "en")


def test_an_address_is_added_changed_and_deleted(browser, arun):
    added = browser.post("/me/addresses/new/", FIELDS)
    address = Address.objects.get()
    shown = browser.get("/me/addresses/").content.decode()
    changed = browser.post(f"/me/addresses/{address.pk}/", FIELDS | {"detail": "新街 1 号"})

    assert (added.status_code, added["Location"]) == (302, "/me/addresses/")
    assert (address.user, address.phone, address.is_default) == (arun, "13812345678", True)
    assert "138****5678" in shown
    assert changed.status_code == 302
    address.refresh_from_db()
    assert address.detail == "新街 1 号"
    assert browser.post(f"/me/addresses/{address.pk}/delete/").status_code == 302
    assert Address.objects.count() == 0
    assert "Where should parcels go?" in browser.get("/me/addresses/").content.decode()


def test_the_default_moves_with_the_form(browser, arun):
    first, second = make_address(user=arun), make_address(user=arun)

    answer = browser.post(f"/me/addresses/{second.pk}/", FIELDS | {"is_default": "on"})

    assert answer.status_code == 302
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.is_default, second.is_default) == (False, True)


def test_from_the_checkout_one_comes_back_to_the_checkout(browser):
    shown = browser.get("/me/addresses/new/?next=/checkout/").content.decode()
    answer = browser.post("/me/addresses/new/", FIELDS | {"next": "/checkout/"})
    elsewhere = browser.post("/me/addresses/new/", FIELDS | {"next": "https://evil.example/"})

    assert 'name="next" value="/checkout/"' in shown
    assert answer["Location"] == "/checkout/"
    assert elsewhere["Location"] == "/me/addresses/"


@pytest.mark.parametrize(
    "change",
    [
        {"phone": "12345"},
        {"recipient": ""},
        {"county": "110101"},
        {"county": ""},
        {"detail": ""},
        {"detail": "a\x00b"},
    ],
)
def test_a_bad_address_keeps_the_fields_and_saves_nothing(browser, change):
    answer = browser.post("/me/addresses/new/", FIELDS | change)

    assert answer.status_code == 400
    assert 'value="532900" selected' in answer.content.decode()
    assert list(answer.context["form"].errors) == list(change)
    assert Address.objects.count() == 0


def test_a_full_address_book_says_so_on_the_form(browser, arun):
    for _number in range(20):
        make_address(user=arun)

    answer = browser.post("/me/addresses/new/", FIELDS)

    assert answer.status_code == 409
    assert "address book is full" in answer.content.decode()
    assert "幸福路 8 号" in answer.content.decode()
    assert Address.objects.count() == 20


def test_c1_a_strangers_address_is_404_and_stays(browser):
    theirs = make_address(user=make_user(phone="13900000004"))

    assert browser.get(f"/me/addresses/{theirs.pk}/").status_code == 404
    assert browser.post(f"/me/addresses/{theirs.pk}/", FIELDS).status_code == 404
    assert browser.post(f"/me/addresses/{theirs.pk}/delete/").status_code == 404
    assert browser.get("/me/addresses/99999999999999999999/").status_code == 404
    theirs.refresh_from_db()
    assert theirs.detail == "幸福路 8 号"


def test_the_region_is_chosen_step_by_step_without_scripts(browser, arun):
    typed = FIELDS | {"step": "1", "city": "", "county": ""}

    first = browser.post("/me/addresses/new/", typed)
    second = browser.post("/me/addresses/new/", typed | {"city": "532900"})
    changed = browser.post("/me/addresses/new/", typed | {"province": "110000", "city": "532900"})

    assert [answer.status_code for answer in (first, second, changed)] == [200, 200, 200]
    assert 'value="532900"' in first.content.decode()
    assert 'value="532930"' in second.content.decode()
    assert 'value="110101"' in changed.content.decode()
    assert 'value="532930"' not in changed.content.decode()
    assert "幸福路 8 号" in first.content.decode()
    assert not first.context["form"].errors
    assert Address.objects.count() == 0


def test_the_name_of_the_region_goes_with_its_code(browser, arun):
    browser.post("/me/addresses/new/", FIELDS | {"region": "火星"})

    address = Address.objects.get()
    assert (address.region_code, address.region) == ("532930", "云南省 大理白族自治州 洱源县")


def test_an_address_from_before_regions_is_completed(browser, arun):
    old = make_address(user=arun, region="云南 大理")

    shown = browser.get(f"/me/addresses/{old.pk}/").content.decode()
    refused = browser.post(f"/me/addresses/{old.pk}/", FIELDS | {"county": ""})
    saved = browser.post(f"/me/addresses/{old.pk}/", FIELDS)

    assert "云南 大理" in shown
    assert (refused.status_code, saved.status_code) == (400, 302)
    old.refresh_from_db()
    assert old.region_code == "532930"
