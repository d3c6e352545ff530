"""Is the process alive, and can it serve? For supervisors, load balancers and operators."""

from datetime import timedelta

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis import RedisError

from common.clock import utc_now
from common.models import OutboxMessage

OUTBOX_MAX_AGE = timedelta(minutes=5)


def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all; touches nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database, Valkey and the outbox are in order, else 503; each part is named."""
    parts = {"database": _database(), "valkey": _valkey(), "outbox": _outbox()}
    return JsonResponse(parts, status=200 if all(state == "ok" for state in parts.values()) else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "unreachable"
    return "ok"


def _valkey() -> str:
    try:
        cache.get("readyz")
    except (RedisError, OSError):
        return "unreachable"
    return "ok"


def _outbox() -> str:
    try:
        is_late = OutboxMessage.objects.filter(
            done_at=None, quarantined_at=None, created_at__lt=utc_now() - OUTBOX_MAX_AGE
        ).exists()
    except DatabaseError:
        return "unknown"
    return "late" if is_late else "ok"
