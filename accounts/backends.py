"""Password sign-in for pages, API and admin: one identifier, phone or e-mail."""

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts.models import User
from accounts.services.signing_in import check_sign_in
from common.clock import utc_now


class IdentifierBackend(ModelBackend):
    """Permissions are Django's; TooMany passes through, so that the admin's sign-in is limited, too."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **fields
    ) -> User | None:
        """Return the person, or None without telling what was wrong."""
        identifier = username or fields.get(User.USERNAME_FIELD) or fields.get("identifier")
        if not identifier or password is None:
            return None
        ip = request.META.get("REMOTE_ADDR", "") if request is not None else ""
        return check_sign_in(identifier=identifier, password=password, now=utc_now(), ip=ip)
