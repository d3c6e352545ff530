"""Sign-in pages (rules.md C8, C9)."""

import pytest
from django.test import Client

from accounts import codes
from accounts.models import SignInCode, User
from tests.factories.accounts import PASSWORD, make_user

PHONE = "13912345678"

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    return Client(HTTP_ACCEPT_LANGUAGE="en")


def latest_code() -> str:
    sent = SignInCode.objects.order_by("-pk").first()
    return codes.code_for(phone=sent.phone, salt=sent.salt)


def is_signed_in(browser: Client) -> bool:
    return "_auth_user_id" in browser.session


@pytest.mark.parametrize("path", ["/sign-in/", "/sign-in/code/", "/sign-up/"])
def test_each_door_opens_and_keeps_next(browser, path):
    answer = browser.get(path, {"next": "/orders/?page=2"})

    assert answer.status_code == 200
    html = answer.content.decode()
    assert 'name="next" value="/orders/?page=2"' in html
    assert "next=%2Forders%2F%3Fpage%3D2" in html or path == "/sign-in/code/"
    assert html.count("<h1") == 1


def test_a_password_signs_in_and_goes_on(browser):
    arun = make_user(phone=PHONE)
    browser.get("/sign-in/")
    before = browser.session.session_key

    answer = browser.post(
        "/sign-in/?next=/checkout/", {"identifier": PHONE, "password": PASSWORD, "next": "/checkout/"}
    )

    assert (answer.status_code, answer["Location"]) == (302, "/checkout/")
    assert browser.session["_auth_user_id"] == str(arun.pk)
    assert browser.session.session_key != before


def test_the_session_of_a_guest_is_kept_under_a_new_key(browser):
    make_user(phone=PHONE)
    session = browser.session
    session["seen"] = ["barley"]
    session.save()
    browser.cookies["market_session"] = before = session.session_key

    browser.post("/sign-in/", {"identifier": PHONE, "password": PASSWORD})

    assert is_signed_in(browser)
    assert browser.session["seen"] == ["barley"]
    assert browser.session.session_key != before


def test_a_wrong_password_keeps_the_field_and_says_why(browser):
    make_user(phone=PHONE)

    answer = browser.post("/sign-in/", {"identifier": PHONE, "password": "wrong", "next": "/orders/"})

    assert answer.status_code == 400
    html = answer.content.decode()
    assert f'value="{PHONE}"' in html
    assert "do not match" in html
    assert "wrong" not in html.replace("wrong_", "")
    assert 'name="next" value="/orders/"' in html
    assert not is_signed_in(browser)


def test_known_and_unknown_people_see_the_same_page(browser):
    make_user(phone=PHONE)

    def page(identifier: str) -> str:
        answer = browser.post("/sign-in/", {"identifier": identifier, "password": "wrong"})
        return f"{answer.status_code} {answer.context['form'].errors}"

    assert page(PHONE) == page("13900009999") == page("nobody@example.com")


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "http:evil.example",
        "\thttps://evil.example",
        "https:///evil.example",
    ],
)
def test_c9_next_never_leaves_the_site(browser, elsewhere):
    make_user(phone=PHONE)

    shown = browser.get("/sign-in/", {"next": elsewhere})
    answer = browser.post("/sign-in/", {"identifier": PHONE, "password": PASSWORD, "next": elsewhere})

    assert 'name="next" value=""' in shown.content.decode()
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_ten_wrong_passwords_are_429_with_the_form(browser):
    make_user(phone=PHONE)
    for _attempt in range(10):
        browser.post("/sign-in/", {"identifier": PHONE, "password": "wrong"})

    answer = browser.post("/sign-in/", {"identifier": PHONE, "password": PASSWORD})

    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert f'value="{PHONE}"' in answer.content.decode()
    assert not is_signed_in(browser)


def test_the_sign_in_of_the_admin_is_limited_too(browser):
    make_user(phone=PHONE, is_staff=True)
    for _attempt in range(10):
        browser.post("/admin/login/", {"username": PHONE, "password": "wrong"})

    answer = browser.post("/admin/login/", {"username": PHONE, "password": PASSWORD})

    assert answer.status_code == 429
    assert not is_signed_in(browser)


def test_an_operator_signs_in_to_the_admin_by_phone(browser):
    make_user(phone=PHONE, is_staff=True)

    answer = browser.post("/admin/login/?next=/admin/", {"username": PHONE, "password": PASSWORD})

    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


def test_two_steps_with_a_code_sign_in_and_keep_next(browser):
    arun = make_user(phone=PHONE)

    asked = browser.post("/sign-in/code/", {"phone": "139 1234 5678", "next": "/cart/"})
    step = browser.get(asked["Location"])
    answer = browser.post(asked["Location"], {"code": latest_code(), "next": "/cart/"})

    assert (asked.status_code, asked["Location"]) == (302, "/sign-in/code/check/?next=%2Fcart%2F")
    assert "139****5678" in step.content.decode()
    assert PHONE not in step.content.decode()
    assert (answer.status_code, answer["Location"]) == (302, "/cart/")
    assert browser.session["_auth_user_id"] == str(arun.pk)
    assert "sign_in_pending" not in browser.session


def test_a_new_phone_signs_up_with_name_and_language(browser):
    asked = browser.post("/sign-up/", {"phone": PHONE, "display_name": "阿润"})
    browser.post(asked["Location"], {"code": latest_code()})

    arun = User.objects.get()
    assert is_signed_in(browser)
    assert (arun.phone, arun.display_name, arun.language) == (PHONE, "阿润", "en")


def test_a_wrong_code_shows_the_form_again_and_a_new_one_can_be_sent(browser, monkeypatch):
    asked = browser.post("/sign-in/code/", {"phone": PHONE})

    wrong = browser.post(asked["Location"], {"code": "000000" if latest_code() != "000000" else "111111"})
    too_soon = browser.post(asked["Location"], {"again": "1"})

    assert wrong.status_code == 400
    assert "not right" in wrong.content.decode()
    assert too_soon.status_code == 429
    assert "Send it again" in too_soon.content.decode()
    assert SignInCode.objects.count() == 1
    assert not is_signed_in(browser)


def test_a_bad_phone_keeps_what_was_typed(browser):
    answer = browser.post("/sign-in/code/", {"phone": "12345"})

    assert answer.status_code == 400
    assert 'value="12345"' in answer.content.decode()
    assert "11 digits" in answer.content.decode()
    assert SignInCode.objects.count() == 0


def test_the_second_step_without_the_first_goes_back(browser):
    answer = browser.get("/sign-in/code/check/?next=/cart/")

    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/code/?next=%2Fcart%2F")


@pytest.mark.parametrize("path", ["/sign-in/", "/sign-in/code/", "/sign-in/code/check/", "/sign-up/"])
def test_who_is_signed_in_goes_on(browser, path):
    browser.force_login(make_user())

    answer = browser.get(path, {"next": "/orders/"})

    assert (answer.status_code, answer["Location"]) == (302, "/orders/")


def test_signing_out_needs_a_post(browser):
    browser.force_login(make_user())

    assert browser.get("/sign-out/").status_code == 200
    assert is_signed_in(browser)
    answer = browser.post("/sign-out/")

    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert not is_signed_in(browser)


@pytest.mark.parametrize(
    "path", ["/sign-in/", "/sign-in/code/", "/sign-in/code/check/", "/sign-up/", "/sign-out/"]
)
def test_c9_a_foreign_page_cannot_post(path):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(make_user())

    assert browser.post(path, {"phone": PHONE}).status_code == 403
    assert is_signed_in(browser)


def test_the_language_of_a_person_follows_them_to_another_device(browser):
    arun = make_user(language="zh-hans")
    browser.force_login(arun)
    browser.post("/language/", {"language": "en", "next": "/me/"})

    elsewhere = Client(HTTP_ACCEPT_LANGUAGE="zh-CN")
    elsewhere.force_login(User.objects.get(pk=arun.pk))

    arun.refresh_from_db()
    assert (arun.language, arun.contact.language) == ("en", "en")
    assert '<html lang="en">' in elsewhere.get("/sign-out/").content.decode()


def test_an_unknown_language_changes_nothing(browser):
    arun = make_user(language="en")
    browser.force_login(arun)

    browser.post("/language/", {"language": "tlh", "next": "//evil.example"})

    arun.refresh_from_db()
    assert arun.language == "en"


@pytest.mark.parametrize("path", ["/sign-in/", "/sign-in/code/", "/sign-up/"])
def test_hostile_text_in_a_form_is_shown_as_text(browser, path):
    hostile = '"><script>alert(1)</script>\x00'

    answer = browser.post(
        path, {"identifier": hostile, "password": "x", "phone": hostile, "display_name": hostile}
    )

    assert answer.status_code in (200, 400)
    assert "<script>alert(1)" not in answer.content.decode()
