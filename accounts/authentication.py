"""Bearer tokens of clients that are not browsers (api.md)."""

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from accounts.models import ApiToken, User
from accounts.selectors import find_token
from common.clock import utc_now


class BearerAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <token>`; another scheme is left to the next class, a wrong token is 401."""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the person and the token, None without a bearer header."""
        parts = authentication.get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        token = find_token(parts[1].decode("latin-1"), now=utc_now()) if len(parts) == 2 else None
        if token is None:
            raise exceptions.AuthenticationFailed(_("Please sign in again."))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Make a missing sign-in 401 rather than 403."""
        return self.keyword


class BearerScheme(OpenApiAuthenticationExtension):
    """Describe the bearer token in the schema."""

    target_class = "accounts.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema) -> dict:
        """Return the OpenAPI security scheme."""
        return {"type": "http", "scheme": "bearer"}
