"""Refusals on pages: words a villager understands instead of a stack trace. The API: times in UTC."""

from datetime import UTC

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from common.errors import MarketError, refusal_in


class MarketErrorMiddleware:
    """Render a MarketError that a page view lets through as `refused.html` with its status."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass through; the work is in process_exception."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a MarketError; leave every other exception to Django."""
        exception = refusal_in(exception)
        if not isinstance(exception, MarketError):
            return None
        response = render(request, "refused.html", {"error": exception}, status=exception.status)
        if exception.retry_after:
            response["Retry-After"] = str(exception.retry_after)
        return response


class ApiInUtcMiddleware:
    """The API speaks UTC (api.md); pages keep the time zone of the villages."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer API paths with times in UTC."""
        if not request.path.startswith("/api/"):
            return self.get_response(request)
        with timezone.override(UTC):
            return self.get_response(request)
