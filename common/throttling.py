"""API limits from settings: one per caller for everything, and one more for views with `throttle_scope`."""

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from common import limits
from common.clock import utc_now
from common.errors import TooMany

if TYPE_CHECKING:  # views read this class while they are being imported
    from rest_framework.views import APIView

SECONDS = {"s": 1, "sec": 1, "min": 60, "m": 60, "hour": 3600, "h": 3600, "day": 86400, "d": 86400}


class MarketThrottle(BaseThrottle):
    """Counts in Valkey, in the process while Valkey is away; a refusal is 429 with Retry-After."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Count this call; False when the caller or the view's scope is used up."""
        now = utc_now()
        person = request.user.pk if request.user and request.user.is_authenticated else None
        caller = f"user:{person}" if person else limits.address_group(request.META.get("REMOTE_ADDR", ""))
        self._wait = None
        try:
            self._spend("person" if person else "anonymous", caller, now)
            if scope := getattr(view, "throttle_scope", None):
                self._spend(scope, caller, now)
        except TooMany as refusal:
            self._wait = refusal.retry_after
            return False
        return True

    def wait(self) -> int | None:
        """Return the seconds until the next window."""
        return self._wait

    def _spend(self, scope: str, caller: str, now: datetime) -> None:
        limit, seconds = parse_rate(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"][scope])
        limits.spend(name=f"api.{scope}", key=caller, limit=limit, seconds=seconds, now=now)


@cache
def parse_rate(rate: str) -> tuple[int, int]:
    """Return (calls, seconds) of "20/min"."""
    calls, _, period = rate.partition("/")
    return int(calls), SECONDS[period]
