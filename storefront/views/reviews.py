"""Reviews for buyers and readers: all of a product or a shop, writing one, reporting one."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.forms import show_refusal
from common import limits
from common.clock import utc_now
from common.errors import MarketError, NotFound
from orders.cards import line_card
from orders.models import Order, OrderLine, Review
from orders.review_cards import may_edit, review_card, review_page, review_rows
from orders.review_forms import ReportForm, ReviewForm
from orders.selectors import get_order
from orders.selectors.reviewing import (
    get_readable_review,
    narrowed,
    own_reviews,
    reviews_of_product,
    shop_reviews,
)
from orders.services.judging_reviews import report_review
from orders.services.reviewing import edit_review, write_review
from orders.statuses import ReviewStatus
from shops.models import Photo
from shops.photo_forms import photo_tiles, posted_photos, receive_files
from shops.selectors import get_product_for, visible_shops

PAGE = 20


@require_safe
def product_reviews(request: HttpRequest, product_id: int) -> HttpResponse:
    """Show what buyers think of a product."""
    product = get_product_for(request.user, product_id)
    back = reverse("storefront:product", args=[product.pk])
    return _list(request, reviews_of_product(product.pk), product, product.title, back)


@require_safe
def shop_reviews_page(request: HttpRequest, shop_id: int) -> HttpResponse:
    """Show what buyers think of a shop's goods."""
    shop = visible_shops(request.user).filter(pk=shop_id).first()
    if shop is None:
        raise NotFound()
    reviews = shop_reviews(user=request.user, shop_id=shop.pk)
    back = reverse("storefront:shop", args=[shop.pk])
    return _list(request, reviews, shop, shop.name, back, names_goods=True)


def _list(
    request: HttpRequest, reviews: QuerySet, rated, name: str, back: str, *, names_goods: bool = False
) -> HttpResponse:
    show = request.GET.get("show", "")
    wishes = {str(stars): {"stars": stars} for stars in range(5, 0, -1)} | {"photos": {"with_photos": True}}
    show = show if show in wishes else ""
    page = review_page(
        narrowed(reviews, **wishes.get(show, {})), before=request.GET.get("before", ""), size=PAGE
    )
    context = {
        "rated": rated,
        "name": name,
        "back": back,
        "page": page,
        "show": show,
        "stars": ["5", "4", "3", "2", "1"],
        "is_first": "before" not in request.GET,
        "names_goods": names_goods,
    }
    return render(request, "storefront/reviews.html", context)


@never_cache
@login_required
@require_safe
def my_reviews(request: HttpRequest) -> HttpResponse:
    """List what the person has said, newest first."""
    page = review_page(own_reviews(user=request.user), before=request.GET.get("before", ""), size=PAGE)
    now = utc_now()
    context = {
        "page": page,
        "rows": [
            {
                "card": card,
                "order_number": card.review.line.order.number,
                "can_write": may_edit(card.review, now=now),
            }
            for card in page.cards
        ],
    }
    return render(request, "storefront/my_reviews.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def review_line(request: HttpRequest, number: str, line_id: int) -> HttpResponse:
    """Review a received line of an own order, or change what was said."""
    order = get_order(user=request.user, number=number)
    line = next((line for line in order.lines.all() if line.pk == line_id), None)
    if line is None:
        raise NotFound()
    known = Review.objects.for_buyer(request.user).filter(line=line).first()
    if request.method != "POST":
        row = next((row for row in review_rows(order, now=utc_now()) if row.line.pk == line_id), None)
        is_open = row is not None and row.can_write
        initial = {"score": known.score, "text": known.text} if known else {}
        photos = [one.photo for one in known.pictures.select_related("photo")] if known else []
        return _ask(request, order, line, ReviewForm(initial=initial), photos=photos, is_open=is_open)
    now = utc_now()
    limits.spend(name="reviews.pages", key=f"user:{request.user.pk}", limit=20, seconds=60, now=now)
    form = ReviewForm(request.POST)
    photos = posted_photos(request)
    new, faults = receive_files(request, now=now)
    photos += new
    if not form.is_valid() or faults:
        return _ask(request, order, line, form, photos=photos, faults=faults, status=400)
    said = {
        "buyer": request.user,
        "score": form.cleaned_data["score"],
        "text": form.cleaned_data["text"],
        "photo_ids": [photo.pk for photo in photos],
        "now": now,
    }
    try:
        if known is None:
            write_review(number=number, line_id=line_id, **said)
        else:
            edit_review(review_id=known.pk, **said)
    except NotFound:
        raise
    except MarketError as refusal:
        show_refusal(form, refusal)
        return _ask(request, order, line, form, photos=photos, status=refusal.status)
    messages.success(request, _("Thank you! Your review is on the product's page."))
    return redirect("storefront:order", number=number)


def _ask(
    request: HttpRequest,
    order: Order,
    line: OrderLine,
    form: ReviewForm,
    *,
    photos: list[Photo],
    faults: list[str] | None = None,
    is_open: bool = True,
    status: int = 200,
) -> HttpResponse:
    context = {
        "order": order,
        "line": line_card(line),
        "form": form,
        "photos": photo_tiles(photos),
        "photo_errors": faults or [],
        "most": settings.REVIEW_PHOTOS_MAX,
        "is_open": is_open,
    }
    return render(request, "storefront/review_form.html", context, status=status)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def review_report(request: HttpRequest, review_id: int) -> HttpResponse:
    """Ask the market to look at a review."""
    review = get_readable_review(user=request.user, review_id=review_id)
    if review.status != ReviewStatus.VISIBLE or review.buyer_id == request.user.pk:
        raise NotFound()
    form = ReportForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            report_review(reporter=request.user, review_id=review_id, now=utc_now(), **form.cleaned_data)
        except MarketError as refusal:
            show_refusal(form, refusal)
            status = refusal.status
        else:
            messages.success(request, _("Thank you. The market looks at it."))
            return redirect("storefront:product_reviews", product_id=review.product_id)
    elif request.method == "POST":
        status = 400
    context = {"card": review_card(review), "form": form}
    return render(request, "storefront/review_report.html", context, status=status)
