"""Content security policy: strict everywhere, with the two exceptions that third-party pages need."""

from csp.constants import NONCE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware
from django.http import HttpRequest, HttpResponse

# unfold's Alpine evaluates expressions and writes style attributes; only operators see these pages.
ADMIN_POLICY = {"script-src": [SELF, NONCE, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}
# Swagger UI writes style attributes.
DOCS_POLICY = {"style-src": [SELF, UNSAFE_INLINE]}


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """django-csp, relaxed under /admin/ and /api/v1/docs/ only."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Choose the policy by path, then let django-csp write the header."""
        if request.path.startswith("/admin/"):
            response._csp_replace = ADMIN_POLICY
        elif request.path.startswith("/api/v1/docs/"):
            response._csp_replace = DOCS_POLICY
        return super().process_response(request, response)
