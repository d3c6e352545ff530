"""Reviews on the desk: what buyers say of the shop's goods, and the shop's answers."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from common.clock import utc_now
from common.errors import MarketError, NotFound
from orders.review_cards import review_card
from orders.review_forms import ReplyForm
from orders.selectors.reviewing import desk_reviews
from orders.services.judging_reviews import reply_to_review
from sellerdesk.permissions import member_required

PAGE = 20


@never_cache
@member_required
@require_safe
def reviews(request: HttpRequest) -> HttpResponse:
    """List reviews of the person's shops: all, or those to answer."""
    tab = "all" if request.GET.get("tab") == "all" else "to_answer"
    found = desk_reviews(user=request.user, unanswered=tab == "to_answer")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    rows = [
        {
            "card": review_card(review),
            "form": ReplyForm(initial={"text": review.reply}, prefix=f"review-{review.pk}"),
        }
        for review in page.object_list
    ]
    context = {
        "tab": tab,
        "tabs": [("to_answer", _("To answer")), ("all", _("All"))],
        "page": page,
        "rows": rows,
        "shops": request.own_shops,
    }
    return render(request, "sellerdesk/reviews.html", context)


@login_required
@require_POST
def review_reply(request: HttpRequest, review_id: int) -> HttpResponse:
    """Answer a review, or change the answer."""
    form = ReplyForm(request.POST, prefix=f"review-{review_id}")
    text = form.cleaned_data["text"] if form.is_valid() else ""
    try:
        reply_to_review(actor=request.user, review_id=review_id, text=text, now=utc_now())
    except NotFound:
        raise
    except MarketError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Your answer is on the product's page."))
    tab = "all" if request.POST.get("tab") == "all" else "to_answer"
    return redirect(f"{reverse('sellerdesk:reviews')}?tab={tab}")
