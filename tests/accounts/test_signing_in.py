"""Codes, passwords and tokens (rules.md 13, C7, C8, F8)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.utils import translation

from accounts import codes
from accounts.errors import AccountClosed, WrongCode
from accounts.models import ApiToken, SignInCode, User
from accounts.selectors import find_token
from accounts.services.signing_in import (
    PASSWORDS_PER_PERSON_AND_ADDRESS,
    check_sign_in,
    issue_token,
    revoke_token,
    send_code,
    verify_code,
)
from common.errors import Invalid, TooMany
from common.models import OutboxMessage
from tests.factories.accounts import PASSWORD, make_user

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
PHONE = "13912345678"
IP = "203.0.113.7"

pytestmark = pytest.mark.django_db


def sent_code(sent: SignInCode) -> str:
    return codes.code_for(phone=sent.phone, salt=sent.salt)


def wrong_code(sent: SignInCode) -> str:
    return f"{(int(sent_code(sent)) + 1) % 10**6:06d}"


def test_a_code_has_six_digits_and_is_stored_only_as_a_keyed_hash():
    sent = send_code(phone="+86 139 1234 5678", now=NOW, ip=IP)

    sent.refresh_from_db()
    code = sent_code(sent)
    assert sent.phone == PHONE
    assert len(code) == 6
    assert code.isdigit()
    assert len(sent.code_hash) == 64
    assert code not in sent.code_hash + sent.salt
    assert sent.expires_at == NOW + timedelta(minutes=5)
    assert IP not in sent.sender_digest


def test_the_outbox_carries_ids_only_no_phone_and_no_code():
    with translation.override("en"):
        sent = send_code(phone=PHONE, now=NOW, ip=IP)

    message = OutboxMessage.objects.get()
    assert message.task == "notifications.send_sign_in_code"
    assert message.queue == "fast"
    assert message.kwargs == {"code_id": sent.pk, "language": "en"}


def test_another_secret_makes_another_code(settings):
    before = codes.code_for(phone=PHONE, salt="salt")
    settings.SECRET_KEY = "another secret"

    assert codes.code_for(phone=PHONE, salt="salt") != before


def test_a_new_phone_becomes_a_buyer():
    sent = send_code(phone=PHONE, now=NOW, ip=IP)

    user = verify_code(phone="１３９ 1234 5678", code=sent_code(sent), now=NOW, display_name="阿润")

    assert (user.phone, user.display_name, user.is_staff, user.has_usable_password()) == (
        PHONE,
        "阿润",
        False,
        False,
    )
    assert User.objects.count() == 1


def test_a_known_phone_signs_in_as_itself_and_keeps_its_name():
    arun = make_user(phone=PHONE, display_name="阿润")
    sent = send_code(phone=PHONE, now=NOW, ip=IP)

    user = verify_code(phone=PHONE, code=sent_code(sent), now=NOW, display_name="someone else")

    assert user == arun
    assert user.display_name == "阿润"


def test_full_width_digits_and_spaces_of_a_code_are_read():
    sent = send_code(phone=PHONE, now=NOW, ip=IP)
    code = sent_code(sent)
    full_width = " ".join(chr(ord(digit) + 0xFEE0) for digit in code)

    assert verify_code(phone=PHONE, code=full_width, now=NOW).phone == PHONE


def test_a_code_is_used_once():
    sent = send_code(phone=PHONE, now=NOW, ip=IP)
    verify_code(phone=PHONE, code=sent_code(sent), now=NOW)

    with pytest.raises(WrongCode):
        verify_code(phone=PHONE, code=sent_code(sent), now=NOW)


def test_a_code_dies_after_five_minutes():
    sent = send_code(phone=PHONE, now=NOW, ip=IP)

    with pytest.raises(WrongCode):
        verify_code(phone=PHONE, code=sent_code(sent), now=NOW + timedelta(seconds=300))
    assert User.objects.count() == 0


def test_five_wrong_attempts_kill_the_code():
    sent = send_code(phone=PHONE, now=NOW, ip=IP)
    for _attempt in range(settings.SMS_CODE_ATTEMPTS):
        with pytest.raises(WrongCode):
            verify_code(phone=PHONE, code=wrong_code(sent), now=NOW)

    with pytest.raises(WrongCode):
        verify_code(phone=PHONE, code=sent_code(sent), now=NOW)
    sent.refresh_from_db()
    assert sent.attempts == 5
    assert sent.used_at is None
    assert User.objects.count() == 0


def test_the_code_of_another_phone_is_wrong():
    sent = send_code(phone=PHONE, now=NOW, ip=IP)
    send_code(phone="13987654321", now=NOW, ip=IP)

    with pytest.raises(WrongCode):
        verify_code(phone="13987654321", code=sent_code(sent), now=NOW)


def test_a_newer_code_replaces_the_older_one():
    first = send_code(phone=PHONE, now=NOW, ip=IP)
    second = send_code(phone=PHONE, now=NOW + timedelta(minutes=1), ip=IP)

    with pytest.raises(WrongCode):
        verify_code(phone=PHONE, code=sent_code(first), now=NOW + timedelta(minutes=1))
    assert verify_code(phone=PHONE, code=sent_code(second), now=NOW + timedelta(minutes=1)).phone == PHONE


def test_a_phone_that_never_asked_gets_the_same_refusal():
    with pytest.raises(WrongCode) as refusal:
        verify_code(phone=PHONE, code="000000", now=NOW)

    assert refusal.value.message == WrongCode.message


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１", "-00001", "0x1234", "\x00" * 6])
def test_what_is_no_code_is_just_a_wrong_code(code):
    send_code(phone=PHONE, now=NOW, ip=IP)

    with pytest.raises(WrongCode):
        verify_code(phone=PHONE, code=code, now=NOW)


def test_a_closed_account_stays_closed_though_the_code_is_right():
    make_user(phone=PHONE, is_active=False)
    sent = send_code(phone=PHONE, now=NOW, ip=IP)

    with pytest.raises(AccountClosed):
        verify_code(phone=PHONE, code=sent_code(sent), now=NOW)


@pytest.mark.parametrize("phone", ["12345", "", "+447700900123", "0872-5123456"])
def test_no_code_goes_to_what_is_no_mainland_mobile(phone):
    with pytest.raises(Invalid) as refusal:
        send_code(phone=phone, now=NOW, ip=IP)

    assert list(refusal.value.fields) == ["phone"]
    assert SignInCode.objects.count() == 0
    assert OutboxMessage.objects.count() == 0


def test_the_second_code_waits_half_a_minute():
    send_code(phone=PHONE, now=NOW, ip=IP)

    with pytest.raises(TooMany) as refusal:
        send_code(phone=PHONE, now=NOW + timedelta(seconds=10), ip=IP)
    assert refusal.value.retry_after == 21
    assert SignInCode.objects.count() == 1


def test_a_phone_gets_five_codes_an_hour_from_wherever_they_are_asked():
    for number in range(5):
        send_code(phone=PHONE, now=NOW + timedelta(minutes=number), ip=f"203.0.113.{number}")

    with pytest.raises(TooMany) as refusal:
        send_code(phone=PHONE, now=NOW + timedelta(minutes=10), ip="198.51.100.1")
    assert refusal.value.retry_after == 50 * 60 + 1
    assert SignInCode.objects.count() == 5
    send_code(phone=PHONE, now=NOW + timedelta(minutes=61), ip=IP)


def test_an_address_gets_twenty_codes_an_hour_for_whatever_phones():
    for number in range(20):
        send_code(phone=f"139000001{number:02d}", now=NOW, ip=IP)

    with pytest.raises(TooMany):
        send_code(phone=PHONE, now=NOW, ip=IP)
    assert send_code(phone=PHONE, now=NOW, ip="198.51.100.1").phone == PHONE


def test_one_ipv6_subscriber_counts_as_one():
    for number in range(20):
        send_code(phone=f"139000001{number:02d}", now=NOW, ip=f"2001:db8:1:2::{number + 1}")

    with pytest.raises(TooMany):
        send_code(phone=PHONE, now=NOW, ip="2001:db8:1:2:ffff::1")
    send_code(phone=PHONE, now=NOW, ip="2001:db8:1:3::1")


def test_codes_are_sent_and_limited_while_valkey_is_away(valkey_away):
    sent = send_code(phone=PHONE, now=NOW, ip=IP)

    with pytest.raises(TooMany):
        send_code(phone=PHONE, now=NOW, ip=IP)
    assert verify_code(phone=PHONE, code=sent_code(sent), now=NOW).phone == PHONE


@pytest.mark.parametrize(
    "typed", ["13912345678", "+86 139 1234 5678", "ARUN@example.com ", " arun@Example.com"]
)
def test_phone_or_email_and_password_sign_in(typed):
    arun = make_user(phone=PHONE, email="arun@example.com")

    assert check_sign_in(identifier=typed, password=PASSWORD, now=NOW, ip=IP) == arun


@pytest.mark.parametrize(
    ("identifier", "password"),
    [
        (PHONE, "wrong"),
        (PHONE, PASSWORD + " "),
        (PHONE, ""),
        ("13900009999", PASSWORD),
        ("nobody@example.com", PASSWORD),
        ("", PASSWORD),
        ("\x00", PASSWORD),
        ("x" * 5000, PASSWORD),
    ],
)
def test_anything_else_does_not(identifier, password):
    make_user(phone=PHONE)

    assert check_sign_in(identifier=identifier, password=password, now=NOW, ip=IP) is None


def test_a_closed_account_and_one_without_password_do_not_sign_in():
    make_user(phone=PHONE, is_active=False)
    make_user(phone="13900000002", password=None)

    assert check_sign_in(identifier=PHONE, password=PASSWORD, now=NOW, ip=IP) is None
    assert check_sign_in(identifier="13900000002", password="", now=NOW, ip=IP) is None


def test_an_unknown_person_costs_as_much_hashing_as_a_known_one(monkeypatch):
    made = []
    monkeypatch.setattr("accounts.services.signing_in.make_password", made.append)

    check_sign_in(identifier="13900009999", password="guess", now=NOW, ip=IP)

    assert made == ["guess"]


def test_ten_wrong_passwords_from_one_address_pause_that_person_there():
    make_user(phone=PHONE)
    for _attempt in range(PASSWORDS_PER_PERSON_AND_ADDRESS):
        assert check_sign_in(identifier=PHONE, password="wrong", now=NOW, ip=IP) is None

    with pytest.raises(TooMany) as refusal:
        check_sign_in(identifier=PHONE, password=PASSWORD, now=NOW, ip=IP)
    assert 0 < refusal.value.retry_after <= 900
    assert check_sign_in(identifier=PHONE, password=PASSWORD, now=NOW, ip="198.51.100.1") is not None
    assert (
        check_sign_in(identifier=PHONE, password=PASSWORD, now=NOW + timedelta(minutes=15), ip=IP) is not None
    )


def test_an_unknown_person_is_paused_just_the_same():
    for _attempt in range(PASSWORDS_PER_PERSON_AND_ADDRESS):
        check_sign_in(identifier="13900009999", password="wrong", now=NOW, ip=IP)

    with pytest.raises(TooMany):
        check_sign_in(identifier="13900009999", password="wrong", now=NOW, ip=IP)


def test_right_passwords_are_not_counted():
    arun = make_user(phone=PHONE)

    for _attempt in range(PASSWORDS_PER_PERSON_AND_ADDRESS + 5):
        assert check_sign_in(identifier=PHONE, password=PASSWORD, now=NOW, ip=IP) == arun


def test_passwords_are_limited_while_valkey_is_away(valkey_away):
    make_user(phone=PHONE)
    for _attempt in range(PASSWORDS_PER_PERSON_AND_ADDRESS):
        assert check_sign_in(identifier=PHONE, password="wrong", now=NOW, ip=IP) is None

    with pytest.raises(TooMany):
        check_sign_in(identifier=PHONE, password=PASSWORD, now=NOW, ip=IP)


def test_a_token_is_kept_as_a_hash_only_and_ends_in_thirty_days():
    arun = make_user()

    token = issue_token(user=arun, now=NOW)

    stored = ApiToken.objects.get()
    assert token not in stored.digest
    assert len(stored.digest) == 64
    assert find_token(token, now=NOW + timedelta(days=29)).user == arun
    assert find_token(token, now=NOW + timedelta(days=30)) is None


def test_a_revoked_token_and_one_of_a_closed_account_are_worth_nothing():
    arun = make_user()
    revoked = issue_token(user=arun, now=NOW)
    other = issue_token(user=arun, now=NOW)

    revoke_token(token=revoked, now=NOW)
    revoke_token(token="unknown", now=NOW)

    assert find_token(revoked, now=NOW) is None
    assert find_token(other, now=NOW) is not None
    User.objects.update(is_active=False)
    assert find_token(other, now=NOW) is None
