"""auth/*, me/ and me/addresses/ (api.md; rules.md C1, C5, C7, C8)."""

import json

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from accounts import codes
from accounts.models import Address, ApiToken, SignInCode, User
from accounts.services.signing_in import issue_token
from common.clock import utc_now
from tests.factories.accounts import PASSWORD, make_address, make_user

PHONE = "13912345678"
ADDRESS = {
    "recipient": "阿润",
    "phone": "138 1234 5678",
    "region": "云南省 大理州",
    "detail": "幸福路 8 号",
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> APIClient:
    return APIClient(HTTP_ACCEPT_LANGUAGE="en")


def bearer(user: User) -> APIClient:
    client = APIClient(HTTP_ACCEPT_LANGUAGE="en")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issue_token(user=user, now=utc_now())}")
    return client


def test_a_password_is_exchanged_for_a_token_that_opens_me(api):
    arun = make_user(phone=PHONE, display_name="阿润", email="arun@example.com")

    answer = api.post("/api/v1/auth/token/", {"identifier": "+86 " + PHONE, "password": PASSWORD})

    assert answer.status_code == 200
    assert sorted(answer.json()) == ["expires_at", "token"]
    assert answer["Cache-Control"] == "no-store"
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['token']}")
    me = api.get("/api/v1/me/").json()
    assert me.pop("joined_at").endswith("Z")
    assert me == {
        "id": arun.pk,
        "phone": PHONE,
        "email": "arun@example.com",
        "display_name": "阿润",
        "language": "zh-hans",
    }


def test_known_and_unknown_people_get_the_same_refusal_to_the_byte(api):
    make_user(phone=PHONE, email="arun@example.com")
    make_user(phone="13900000002", password=None)
    make_user(phone="13900000003", is_active=False)

    answers = [
        api.post("/api/v1/auth/token/", {"identifier": identifier, "password": password})
        for identifier, password in [
            (PHONE, "wrong"),
            ("13900009999", "wrong"),
            ("arun@example.com", "wrong"),
            ("nobody@example.com", "wrong"),
            ("13900000002", "wrong"),
            ("13900000003", PASSWORD),
        ]
    ]

    assert {answer.status_code for answer in answers} == {400}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["code"] == "wrong_credentials"
    assert ApiToken.objects.count() == 0


def test_asking_for_a_code_answers_the_same_for_known_and_new_phones(api):
    make_user(phone=PHONE)

    known = api.post("/api/v1/auth/code/", {"phone": PHONE})
    new = api.post("/api/v1/auth/code/", {"phone": "13987654321"})

    assert (known.status_code, known.content) == (202, b'{"expires_in":300}')
    assert (new.status_code, new.content) == (202, b'{"expires_in":300}')
    assert SignInCode.objects.count() == 2


def test_a_code_is_exchanged_for_a_token_once(api):
    api.post("/api/v1/auth/code/", {"phone": PHONE})
    sent = SignInCode.objects.get()
    body = {"phone": PHONE, "code": codes.code_for(phone=PHONE, salt=sent.salt)}

    first = api.post("/api/v1/auth/code/verify/", body)
    second = api.post("/api/v1/auth/code/verify/", body)

    assert first.status_code == 200
    assert second.status_code == 400
    assert second.json()["code"] == "wrong_code"
    assert User.objects.get().phone == PHONE
    assert ApiToken.objects.count() == 1


def test_too_many_codes_are_429_with_retry_after(api):
    api.post("/api/v1/auth/code/", {"phone": PHONE})

    answer = api.post("/api/v1/auth/code/", {"phone": PHONE})

    assert answer.status_code == 429
    assert answer.json()["code"] == "too_many"
    assert 1 <= int(answer["Retry-After"]) <= 31


def test_the_throttle_of_a_scope_is_429_with_retry_after(api, settings):
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] | {"code": "2/hour"}
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": rates}
    cache.clear()
    for number in range(2):
        assert api.post("/api/v1/auth/code/", {"phone": f"1390000000{number}"}).status_code == 202

    answer = api.post("/api/v1/auth/code/", {"phone": PHONE})

    assert answer.status_code == 429
    assert sorted(answer.json()) == ["code", "message"]
    assert 1 <= int(answer["Retry-After"]) <= 3600
    assert SignInCode.objects.count() == 2


def test_sign_in_works_while_valkey_is_away(api, valkey_away):
    make_user(phone=PHONE)

    assert api.post("/api/v1/auth/token/", {"identifier": PHONE, "password": PASSWORD}).status_code == 200
    assert api.post("/api/v1/auth/code/", {"phone": PHONE}).status_code == 202


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("auth/token/", {}),
        ("auth/token/", {"identifier": PHONE}),
        ("auth/token/", {"identifier": ["x"], "password": {"a": 1}}),
        ("auth/token/", {"identifier": "x" * 300, "password": "y"}),
        ("auth/token/", {"identifier": "a\x00b", "password": "y"}),
        ("auth/token/", []),
        ("auth/token/", "text"),
        ("auth/token/", None),
        ("auth/code/", {"phone": "12345"}),
        ("auth/code/", {"phone": None}),
        ("auth/code/", {"phone": True}),
        ("auth/code/", {"phone": "1" * 1000}),
        ("auth/code/verify/", {"phone": PHONE}),
        ("auth/code/verify/", {"phone": PHONE, "code": "x" * 50}),
        ("auth/code/verify/", {"phone": PHONE, "code": None}),
        ("auth/code/verify/", {"phone": "abc", "code": "123456"}),
    ],
)
def test_bad_input_is_400_in_the_error_shape(api, path, body):
    answer = api.post(f"/api/v1/{path}", body, format="json")

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/json"
    assert {"code", "message"} <= set(answer.json()) <= {"code", "message", "fields"}
    assert ApiToken.objects.count() == SignInCode.objects.count() == User.objects.count() == 0


def test_a_body_that_is_no_json_is_400_and_another_type_415(api):
    broken = api.generic("POST", "/api/v1/auth/token/", "{not json", content_type="application/json")
    other = api.generic("POST", "/api/v1/auth/token/", "<a/>", content_type="application/xml")

    assert (broken.status_code, broken.json()["code"]) == (400, "invalid")
    assert (other.status_code, other.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer nonsense", "Bearer a b", "bearer \xff", "Bearer " + "x" * 5000]
)
def test_a_bad_token_is_401(api, header):
    answer = api.get("/api/v1/me/", HTTP_AUTHORIZATION=header)

    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"
    assert answer["WWW-Authenticate"] == "Bearer"


def test_without_a_token_every_personal_door_is_401(api):
    for path in ("me/", "me/addresses/", "me/addresses/1/", "notifications/"):
        assert api.get(f"/api/v1/{path}").status_code == 401
    for path in ("auth/logout/", "notifications/read/", "me/addresses/"):
        assert api.post(f"/api/v1/{path}", {}).status_code == 401


def test_signing_out_ends_this_token_only(api):
    arun = make_user()
    here, there = bearer(arun), bearer(arun)

    assert here.post("/api/v1/auth/logout/").status_code == 204

    assert here.get("/api/v1/me/").status_code == 401
    assert there.get("/api/v1/me/").status_code == 200


def test_signing_out_a_browser_needs_the_csrf_token_and_ends_the_session():
    arun = make_user()
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(arun)

    refused = browser.post("/api/v1/auth/logout/")
    browser.get("/sign-out/")
    token = browser.cookies["market_csrf"].value
    done = browser.post("/api/v1/auth/logout/", HTTP_X_CSRFTOKEN=token)

    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert done.status_code == 204
    assert browser.get("/api/v1/me/").status_code == 401


def test_c5_what_a_person_may_not_set_is_ignored():
    arun = make_user(phone=PHONE, display_name="old")
    body = {
        "display_name": "阿润",
        "language": "en",
        "id": 999,
        "phone": "13900009999",
        "email": "evil@example.com",
        "is_staff": True,
        "is_superuser": True,
        "is_active": False,
        "password": "x",
        "groups": [1],
    }

    answer = bearer(arun).patch("/api/v1/me/", body)

    assert answer.status_code == 200
    fresh = User.objects.get()
    assert (fresh.pk, fresh.display_name, fresh.language) == (arun.pk, "阿润", "en")
    assert (fresh.phone, fresh.email, fresh.is_staff, fresh.is_superuser, fresh.is_active) == (
        PHONE,
        None,
        False,
        False,
        True,
    )
    assert fresh.password == arun.password
    assert not fresh.groups.exists()
    assert (fresh.contact.name, fresh.contact.language) == ("阿润", "en")


@pytest.mark.parametrize(
    "body", [{"language": "tlh"}, {"display_name": "x" * 61}, {"display_name": ["x"]}, []]
)
def test_a_bad_profile_changes_nothing(body):
    arun = make_user(display_name="阿润")

    answer = bearer(arun).patch("/api/v1/me/", body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    arun.refresh_from_db()
    assert (arun.display_name, arun.language) == ("阿润", "zh-hans")


def test_the_address_book_from_the_first_to_the_last():
    client = bearer(make_user())

    first = client.post("/api/v1/me/addresses/", ADDRESS)
    second = client.post("/api/v1/me/addresses/", ADDRESS | {"recipient": "梅姐", "is_default": True})
    listed = client.get("/api/v1/me/addresses/").json()
    changed = client.patch(f"/api/v1/me/addresses/{first.json()['id']}/", {"detail": "新街 1 号"})
    gone = client.delete(f"/api/v1/me/addresses/{second.json()['id']}/")

    assert first.status_code == second.status_code == 201
    assert first.json() == {
        "id": first.json()["id"],
        "recipient": "阿润",
        "phone": "13812345678",
        "region_code": "",
        "region": "云南省 大理州",
        "detail": "幸福路 8 号",
        "is_default": True,
    }
    assert sorted(listed) == ["next", "previous", "results"]
    assert [(row["recipient"], row["is_default"]) for row in listed["results"]] == [
        ("梅姐", True),
        ("阿润", False),
    ]
    assert (changed.status_code, changed.json()["detail"]) == (200, "新街 1 号")
    assert gone.status_code == 204
    rest = client.get("/api/v1/me/addresses/").json()["results"]
    assert [(row["recipient"], row["is_default"]) for row in rest] == [("阿润", True)]


def test_c1_a_strangers_address_is_404_and_stays_as_it_is():
    arun, zoya = make_user(), make_user(phone="13900000004")
    address = make_address(user=arun)
    stranger = bearer(zoya)
    path = f"/api/v1/me/addresses/{address.pk}/"

    answers = [stranger.get(path), stranger.patch(path, {"detail": "mine"}), stranger.delete(path)]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "not_found")] * 3
    address.refresh_from_db()
    assert address.detail == "幸福路 8 号"
    assert stranger.get("/api/v1/me/addresses/").json()["results"] == []
    assert stranger.get("/api/v1/me/addresses/99999999999999999999999/").status_code == 404


def test_an_address_cannot_be_given_to_somebody_else():
    arun, zoya = make_user(), make_user(phone="13900000004")

    answer = bearer(arun).post(
        "/api/v1/me/addresses/", ADDRESS | {"user": zoya.pk, "user_id": zoya.pk, "id": 77}
    )

    assert answer.status_code == 201
    assert Address.objects.get().user == arun


@pytest.mark.parametrize(
    "change",
    [
        {"phone": "12345"},
        {"phone": ""},
        {"recipient": ""},
        {"recipient": "x" * 61},
        {"recipient": "a\x00b"},
        {"region": None},
        {"region": "x" * 121},
        {"detail": "x" * 201},
        {"region_code": "12"},
        {"region_code": "12345a"},
        {"is_default": "perhaps"},
    ],
)
def test_a_bad_address_is_400_and_nothing_is_saved(change):
    answer = bearer(make_user()).post("/api/v1/me/addresses/", ADDRESS | change, format="json")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == list(change)
    assert Address.objects.count() == 0


def test_an_address_book_holds_twenty():
    arun = make_user()
    for _number in range(20):
        make_address(user=arun)

    answer = bearer(arun).post("/api/v1/me/addresses/", ADDRESS)

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_addresses")
    assert Address.objects.count() == 20


def test_no_answer_of_the_api_shows_a_password_hash_or_digest():
    arun = make_user(phone=PHONE)

    text = json.dumps(bearer(arun).get("/api/v1/me/").json())

    assert "argon2" not in text
    assert ApiToken.objects.get().digest not in text
