"""A tally as PDF, all of a period in one file for the printer, and what its payee says to it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from common import limits
from common.clock import utc_now
from common.errors import MarketError
from payouts.papers.sheet import draw_statements
from payouts.selectors import get_statement
from payouts.selectors.papers import paper_of
from payouts.selectors.statements import list_period_to_print
from payouts.services.questioning import accept_statement, question_statement


@never_cache
@login_required
@require_safe
def tally_pdf(request: HttpRequest, statement_id: int) -> HttpResponse:
    """Give one tally as PDF, in the language of the page or `?lang=`; a stranger gets 404."""
    statement = get_statement(user=request.user, statement_id=statement_id)
    _spend(request)
    return _pdf(draw_statements([paper_of(statement)], language=_language(request)), statement.code)


@never_cache
@login_required
@require_safe
def period_pdf(request: HttpRequest, period_id: int) -> HttpResponse:
    """Give the tallies of all farmers of a period as one file to print; only who owns the shop."""
    statements = list_period_to_print(user=request.user, period_id=period_id)
    _spend(request)
    papers = (paper_of(statement) for statement in statements)
    return _pdf(draw_statements(papers, language=_language(request)), f"tallies-{period_id}")


@login_required
@require_POST
def tally_question(request: HttpRequest, statement_id: int) -> HttpResponse:
    """Take what the payee does not agree with."""
    try:
        question_statement(
            actor=request.user, statement_id=statement_id, text=request.POST.get("text", ""), now=utc_now()
        )
    except MarketError as refusal:
        return _refused(request, statement_id, refusal)
    messages.success(request, _("The market has your question. You are told when it is answered."))
    return redirect("sellerdesk:statement", statement_id)


@login_required
@require_POST
def tally_accept(request: HttpRequest, statement_id: int) -> HttpResponse:
    """Take that the payee agrees."""
    try:
        accept_statement(actor=request.user, statement_id=statement_id, now=utc_now())
    except MarketError as refusal:
        return _refused(request, statement_id, refusal)
    messages.success(request, _("Thank you. The tally is accepted."))
    return redirect("sellerdesk:statement", statement_id)


def _refused(request: HttpRequest, statement_id: int, refusal: MarketError) -> HttpResponse:
    if refusal.status == 404:
        raise refusal
    messages.error(request, str(refusal.message))
    return redirect("sellerdesk:statement", statement_id)


def _spend(request: HttpRequest) -> None:
    # Drawing takes the better part of a second.
    limits.spend(name="statements.pdf", key=f"user:{request.user.pk}", limit=30, seconds=60, now=utc_now())


def _language(request: HttpRequest) -> str:
    asked = request.GET.get("lang", "")
    return asked if asked in ("zh-hans", "en") else get_language() or "zh-hans"


def _pdf(content: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}.pdf"'},
    )
