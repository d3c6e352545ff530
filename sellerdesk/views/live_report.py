"""The report after a show (and during it): what it brought, to whom, and when the picture was away."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from common.clock import utc_now
from common.errors import NotFound
from livestreams import selectors
from livestreams.statuses import ON_AIR, EndReason
from sellerdesk.charts import columns_of, line_of
from sellerdesk.permissions import sees_earnings
from sellerdesk.selectors import ShowReport, show_report


@never_cache
@login_required
@require_safe
def report(request: HttpRequest, session_id: int) -> HttpResponse:
    """Show a show in numbers; a show that has not begun has none yet."""
    session = selectors.get_presented_session(request.user, session_id)
    if session.started_at is None:
        raise NotFound()
    sees = sees_earnings(request.user, session.shop_id)
    numbers = show_report(session=session, now=utc_now(), with_earnings=sees)
    context = {
        "session": session,
        "report": numbers,
        "is_on_air": session.status in ON_AIR,
        "sees_earnings": sees,
        "end_words": _end_words(session.end_reason),
        "viewers_chart": line_of(numbers.minutes, "viewers"),
        "sales_chart": columns_of(numbers.minutes, "goods_fen"),
        "busy_minutes": [one for one in numbers.minutes if one.orders],
        "fen_a_minute": _fen_a_minute(numbers),
        "most_fen": max((row.goods_fen for row in numbers.farmers), default=0),
    }
    return render(request, "sellerdesk/show_report.html", context)


def _end_words(reason: str) -> str:
    return str(EndReason(reason).label) if reason in EndReason.values else reason


def _fen_a_minute(numbers: ShowReport) -> int:
    return numbers.goods_fen * 60 // max(numbers.duration_seconds, 60)
