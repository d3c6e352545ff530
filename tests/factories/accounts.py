"""People, contacts and addresses for tests."""

import secrets
from datetime import timedelta

from accounts.models import Address, ApiToken, Contact, Language, User
from accounts.selectors import token_digest
from accounts.services.addresses import save_address
from accounts.services.contacts import contact_of
from common.clock import utc_now

PASSWORD = "barley-tea-42"


def make_user(*, phone: str | None = "13900000001", password: str | None = PASSWORD, **fields) -> User:
    """Make a person who can sign in with PASSWORD."""
    return User.objects.create_user(phone=phone, password=password, **fields)


def make_sign_in(user: User) -> str:
    """Sign a person in for an hour; returns the digest, to which grants are bound."""
    digest, now = token_digest(secrets.token_hex(16)), utc_now()
    ApiToken.objects.create(user=user, digest=digest, created_at=now, expires_at=now + timedelta(hours=1))
    return digest


def make_contact(
    *,
    name: str = "扎西",
    phone: str = "13900000099",
    email: str = "",
    language: str = Language.ZH_HANS,
    user: User | None = None,
) -> Contact:
    """Make somebody who can be told something; with a user, that person's own contact."""
    if user is not None:
        return contact_of(user)
    return Contact.objects.create(name=name, phone=phone, email=email, language=language)


def make_address(*, user: User, recipient: str = "阿润", is_default: bool = False, **fields) -> Address:
    """Make an address through the address book's own service."""
    data = {
        "recipient": recipient,
        "phone": "13900000001",
        "region": "云南省 大理白族自治州 洱源县",
        "detail": "幸福路 8 号",
        "is_default": is_default,
    }
    return save_address(user=user, data=data | fields)
