"""The desk's first page: what waits, what runs out, what comes next, what was earned."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from common.clock import utc_now
from common.money import yuan_text
from livestreams.statuses import ON_AIR
from orders.case_selectors import count_cases_to_answer
from orders.selectors.talking import count_unread_of_shops
from payouts.selectors.earnings import expected_payout
from sellerdesk.permissions import desk_required
from sellerdesk.selectors import next_session, orders_to_ship, sales_by_day
from sellerdesk.standing_cards import stopped_shops
from shops.selectors import low_stock, photo_url, shops_of
from shops.statuses import ProductStatus, ShopRole

LOW_SHOWN = 5


@desk_required
@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """Show the day at a glance, with one main action."""
    now = utc_now()
    session = next_session(request.user)
    days = sales_by_day(request.user, now=now) if request.own_shops else []
    sees_money = not request.own_shops or any(
        member.role == ShopRole.OWNER for member in request.user.shop_memberships.all()
    )
    waiting = orders_to_ship(request.user)
    context = {
        "shops": request.own_shops,
        "to_ship": waiting,
        "desk_order_count": waiting,
        "talks_unread": count_unread_of_shops(request.user),
        "cases_waiting": count_cases_to_answer(user=request.user),
        "low": low_stock(request.user)[:LOW_SHOWN],
        "session": session,
        "session_is_on": session is not None and session.status in ON_AIR,
        "session_photo": photo_url(session.cover or session.host.portrait, 360) if session else "",
        "earnings": expected_payout(user=request.user, now=now) if sees_money else None,
        "columns": [
            {
                "label": day.day.strftime("%-m/%-d"),
                "value": day.amount_fen,
                "text": yuan_text(day.amount_fen).split(".")[0] if day.amount_fen else "",
                "is_current": day.is_today,
            }
            for day in days
        ],
        "has_sales": any(day.amount_fen for day in days),
        "standings": stopped_shops(request.own_shops),
        "has_goods": shops_of(request.user).filter(products__status=ProductStatus.PUBLISHED).exists(),
    }
    return render(request, "sellerdesk/today.html", context)
