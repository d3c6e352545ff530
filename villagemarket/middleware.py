"""What every page gets: the true client address, and a strict content security policy."""

from csp.constants import NONCE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse

# unfold's Alpine evaluates expressions and writes style attributes; only operators see these pages.
ADMIN_POLICY = {"script-src": [SELF, NONCE, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}
# Swagger UI writes style attributes.
DOCS_POLICY = {"style-src": [SELF, UNSAFE_INLINE]}


class ClientAddressMiddleware:
    """REMOTE_ADDR is the person's address: the last one the proxy names, never a claim of theirs."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Settle the address, then forget the header, so that nothing later can believe it."""
        forwarded = request.META.pop("HTTP_X_FORWARDED_FOR", "")
        if settings.IS_BEHIND_PROXY and forwarded:
            request.META["REMOTE_ADDR"] = forwarded.rsplit(",", 1)[-1].strip()
        return self.get_response(request)


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """django-csp, relaxed under /admin/ and /api/v1/docs/ only."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Choose the policy by path, then let django-csp write the header."""
        if request.path.startswith("/admin/"):
            response._csp_replace = ADMIN_POLICY
        elif request.path.startswith("/api/v1/docs/"):
            response._csp_replace = DOCS_POLICY
        return super().process_response(request, response)
