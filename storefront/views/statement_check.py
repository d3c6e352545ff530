"""Anybody who holds a tally on paper can see whether it is genuine."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from common import limits
from common.clock import utc_now
from payouts.selectors.checking import check_paper


@never_cache
@require_safe
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for number and letters, and answer when they come back."""
    code, letters = request.GET.get("code", ""), request.GET.get("letters", "")
    if not (code or letters):
        return render(request, "storefront/statement_check.html", {"is_asking": True})
    return _answer(request, code, letters)


@never_cache
@require_safe
def checked(request: HttpRequest, code: str, letters: str) -> HttpResponse:
    """Answer for the address in the code that was scanned."""
    return _answer(request, code, letters)


def _answer(request: HttpRequest, code: str, letters: str) -> HttpResponse:
    caller = limits.address_group(request.META.get("REMOTE_ADDR", ""))
    limits.spend(
        name="statements.check",
        key=caller,
        limit=settings.STATEMENT_CHECKS_PER_HOUR,
        seconds=3600,
        now=utc_now(),
    )
    found = check_paper(code=code, letters=letters)
    context = {"found": found, "code": code[:20], "letters": letters[:12], "is_asking": found is None}
    return render(
        request, "storefront/statement_check.html", context | {"is_refused": found is None},
        status=200 if found else 404,
    )  # fmt: skip
