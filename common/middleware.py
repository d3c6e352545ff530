"""Refusals on HTML pages: a page a villager understands instead of a stack trace."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from common.errors import MarketError


class MarketErrorMiddleware:
    """Render a MarketError that a page view lets through as `refused.html` with its status."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass through; the work is in process_exception."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a MarketError; leave every other exception to Django."""
        if not isinstance(exception, MarketError):
            return None
        response = render(request, "refused.html", {"error": exception}, status=exception.status)
        if exception.retry_after:
            response["Retry-After"] = str(exception.retry_after)
        return response
