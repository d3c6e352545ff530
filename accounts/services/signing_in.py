"""Signing in by password, by SMS code and by bearer token (rules.md 13, C7, C8, F8)."""

import hmac
import secrets
import unicodedata
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import codes
from accounts.errors import AccountClosed, WrongCode
from accounts.models import ApiToken, Language, SignInCode, User
from accounts.phones import is_mainland_mobile, normalize_phone
from accounts.selectors import clean_identifier, find_user, token_digest
from common import limits, outbox
from common.errors import Invalid, TooMany

TOKEN_LIFETIME = timedelta(days=30)
CODE_INTERVAL = timedelta(seconds=30)
PASSWORD_WINDOW_SECONDS = 900
PASSWORDS_PER_PERSON_AND_ADDRESS = 10
PASSWORDS_PER_PERSON = 50
PASSWORDS_PER_ADDRESS = 100


def send_code(*, phone: str, now: datetime, ip: str) -> SignInCode:
    """Send a code to any mobile number, known or not; Invalid, or TooMany with the seconds to wait."""
    phone = _phone_for_code(phone)
    sender = codes.address_digest(limits.address_group(ip))
    with transaction.atomic():
        # One phone and one address at a time, so that a burst cannot pass the count together.
        for counted in sorted([f"code-phone:{phone}", f"code-sender:{sender}"]):
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [counted])
        _refuse_when_spent(phone, sender, now)
        salt = codes.new_salt()
        code = codes.code_for(phone=phone, salt=salt)
        sent = SignInCode.objects.create(
            phone=phone,
            salt=salt,
            code_hash=codes.hash_code(phone=phone, salt=salt, code=code),
            sender_digest=sender,
            created_at=now,
            expires_at=now + timedelta(seconds=settings.SMS_CODE_SECONDS),
        )
        outbox.enqueue(
            "notifications.send_sign_in_code", queue="fast", code_id=sent.pk, language=get_language() or ""
        )
    return sent


def verify_code(*, phone: str, code: str, now: datetime, display_name: str = "") -> User:
    """Return the person of this phone, made when new; WrongCode unless it is the latest code's first use."""
    phone = _phone_for_code(phone)
    code = unicodedata.normalize("NFKC", code).replace(" ", "").strip()
    # The attempt is committed before the answer, so that a refusal does not give it back.
    latest = _spend_attempt(phone, now)
    expected = latest.code_hash if latest else "0" * 64
    given = codes.hash_code(phone=phone, salt=latest.salt if latest else "", code=code)
    if not hmac.compare_digest(given, expected):
        raise WrongCode()
    with transaction.atomic():
        if not SignInCode.objects.filter(pk=latest.pk, used_at=None).update(used_at=now):
            raise WrongCode()
        user = User.objects.filter(phone=phone).first()
        if user is None:
            language = get_language()
            user = User.objects.create_user(
                phone=phone,
                display_name=display_name,
                language=language if language in Language.values else Language.ZH_HANS,
                joined_at=now,
            )
    if not user.is_active:
        raise AccountClosed()
    return user


def check_sign_in(*, identifier: str, password: str, now: datetime, ip: str) -> User | None:
    """Return the active person whose phone or e-mail and password these are, else None, in equal time.

    TooMany after ten wrong passwords from one address, or many for one person, in a quarter of an hour.
    """
    identifier = clean_identifier(identifier)[:254]
    sender = limits.address_group(ip)
    windows = [
        ("password.both", f"{codes.address_digest(identifier)}:{sender}", PASSWORDS_PER_PERSON_AND_ADDRESS),
        ("password.person", codes.address_digest(identifier), PASSWORDS_PER_PERSON),
        ("password.address", sender, PASSWORDS_PER_ADDRESS),
    ]
    for name, key, limit in windows:
        limits.spend(name=name, key=key, limit=limit, seconds=PASSWORD_WINDOW_SECONDS, now=now)
    user = find_user(identifier)
    if user is None or not user.has_usable_password():
        make_password(password)  # the same work as a real check: time tells nothing
        return None
    if not check_password(password, user.password, setter=_rehash(user)) or not user.is_active:
        return None
    for name, key, _limit in windows:
        limits.refund(name=name, key=key, seconds=PASSWORD_WINDOW_SECONDS, now=now)
    return user


def issue_token(*, user: User, now: datetime) -> str:
    """Return a new bearer token, valid for 30 days; only its hash is kept."""
    token = secrets.token_urlsafe(32)
    ApiToken.objects.create(
        user=user, digest=token_digest(token), created_at=now, expires_at=now + TOKEN_LIFETIME
    )
    return token


def revoke_token(*, token: str, now: datetime) -> None:
    """End a bearer token; an unknown one is no error."""
    ApiToken.objects.filter(digest=token_digest(token), revoked_at=None).update(revoked_at=now)


def _phone_for_code(text: str) -> str:
    try:
        phone = normalize_phone(text)
    except ValueError as error:
        raise Invalid(
            fields={"phone": _("Enter a mobile number of 11 digits, such as 138 1234 5678.")}
        ) from error
    if not is_mainland_mobile(phone):
        raise Invalid(
            fields={
                "phone": _("Codes are sent to mainland China numbers only. Please sign in with a password.")
            }
        )
    return phone


def _refuse_when_spent(phone: str, sender: str, now: datetime) -> None:
    """Count the codes of the last hour in the database: the limit holds while Valkey is away or emptied."""
    hour = timedelta(hours=1)
    of_phone = SignInCode.objects.filter(phone=phone)
    last_at = of_phone.order_by("-created_at").values_list("created_at", flat=True).first()
    if last_at and last_at > now - CODE_INTERVAL:
        raise TooMany(retry_after=_seconds_until(last_at + CODE_INTERVAL, now))
    counted = [(of_phone, settings.SMS_CODES_PER_PHONE_HOUR)]
    if sender:
        of_sender = SignInCode.objects.filter(sender_digest=sender)
        counted.append((of_sender, settings.SMS_CODES_PER_ADDRESS_HOUR))
    for sent, limit in counted:
        recent = list(
            sent.filter(created_at__gt=now - hour)
            .order_by("-created_at")
            .values_list("created_at", flat=True)[:limit]
        )
        if len(recent) >= limit:
            raise TooMany(retry_after=_seconds_until(recent[-1] + hour, now))


def _seconds_until(moment: datetime, now: datetime) -> int:
    return max(int((moment - now).total_seconds()) + 1, 1)


def _spend_attempt(phone: str, now: datetime) -> SignInCode | None:
    """Count an attempt on the latest code, if it may still be tried."""
    latest = SignInCode.objects.filter(phone=phone).order_by("-created_at", "-pk").first()
    if latest is None:
        return None
    open_code = SignInCode.objects.filter(
        pk=latest.pk, used_at=None, expires_at__gt=now, attempts__lt=settings.SMS_CODE_ATTEMPTS
    )
    return latest if open_code.update(attempts=F("attempts") + 1) else None


def _rehash(user: User):
    def keep(password: str) -> None:
        user.set_password(password)
        user.save(update_fields=["password"])

    return keep
