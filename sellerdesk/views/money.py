"""What the desk's people earn: now, by month, by tally."""

import json

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.views.decorators.http import require_safe

from common.clock import utc_now
from common.errors import NotFound
from common.money import yuan_text
from payments.offers import is_in_wechat
from payouts.models import PayoutStatement
from payouts.selectors import (
    MonthSum,
    earnings_by_month,
    expected_payout,
    get_statement,
    list_statements,
    list_statements_to_print,
    split_of,
    statement_lines,
)
from payouts.selectors.papers import check_path
from payouts.selectors.seals import letters_of
from payouts.selectors.statements import list_periods_to_print, list_visible_statements
from payouts.selectors.taking import get_taking, waiting_of
from sellerdesk.standing_cards import standings_of
from shops.selectors import shops_of

PAGE = 20


@login_required
@require_safe
def money(request: HttpRequest) -> HttpResponse:
    """Show what a person has earned and will be paid, and the tallies so far."""
    now = utc_now()
    user = request.user
    earnings = expected_payout(user=user, now=now)
    if not earnings.is_payee and not shops_of(user).exists():
        raise NotFound()
    months = earnings_by_month(user=user, now=now)
    context = {
        "earnings": earnings,
        "standings": standings_of(list(shops_of(user))),
        "months": [_column(month) for month in months],
        "has_months": any(month.amount_fen for month in months),
        "statements": Paginator(list_statements(user=user), PAGE).get_page(request.GET.get("page")),
        "periods_to_print": list_periods_to_print(user=user).select_related("shop")[:12],
        "to_print": Paginator(list_statements_to_print(user=user), PAGE).get_page(request.GET.get("print")),
    }
    return render(request, "sellerdesk/money.html", context)


@login_required
@require_safe
def statement(request: HttpRequest, statement_id: int) -> HttpResponse:
    """Show one tally, made to be printed on one sheet; a stranger gets 404."""
    found = get_statement(user=request.user, statement_id=statement_id)
    rows = statement_lines(statement=found, viewer=request.user)
    context = {
        "statement": found,
        "shop": found.period.shop,
        "payout": getattr(found, "payout", None),
        "lines": rows,
        "parts": split_of(found),
        "is_host": found.host_id is not None,
        "check_path": check_path(found),
        "letters": letters_of(found.seal) if found.seal else "",
        "questions": found.questions.order_by("pk"),
        "to_take": waiting_of(found),
        "may_take": PayoutStatement.objects.for_payee(request.user).filter(pk=found.pk).exists(),
        "may_answer": list_visible_statements(user=request.user).filter(pk=found.pk).exists(),
    }
    return render(request, "sellerdesk/statement.html", context)


@login_required
@require_safe
def take_money(request: HttpRequest, statement_id: int) -> HttpResponse:
    """Let the payee take money that waits in WeChat; anybody else gets 404."""
    taking = get_taking(user=request.user, statement_id=statement_id)
    context = {
        "transfer": taking.transfer,
        "statement_id": statement_id,
        "bridge": json.dumps(taking.bridge) if is_in_wechat(request.headers.get("User-Agent", "")) else "",
    }
    response = render(request, "sellerdesk/take_money.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _column(month: MonthSum) -> dict:
    return {
        "label": date_format(month.first_day, "M"),
        "value": month.amount_fen,
        "text": yuan_text(month.amount_fen).split(".")[0] if month.amount_fen else "",
        "is_current": month.is_current,
    }
