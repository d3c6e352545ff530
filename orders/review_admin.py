"""Reviews for operators: what was said, what was reported of it, and hiding it or leaving it."""

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin_base import BaseAdmin, Move, ReadOnlyInline
from common.admin_links import Link, list_link, object_link, related, state
from common.clock import utc_now
from orders.models import Review, ReviewPhoto, ReviewReport
from orders.services.judging_reviews import hide_review, keep_review, show_review

REVIEW_COLORS = {"visible": "success", "hidden": "danger"}


class IsReported(admin.SimpleListFilter):
    """Reviews with reports that nobody has looked at."""

    title = _("reports")
    parameter_name = "reported"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, object]]:
        """Return the one choice."""
        return [("open", _("to look at"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Keep those with open reports."""
        return queryset.filter(open_reports__gt=0) if self.value() == "open" else queryset


class PictureInline(ReadOnlyInline):
    """The photos."""

    model = ReviewPhoto
    fields = readonly_fields = [related("photo", _("photo")), "position"]


class ReportInline(ReadOnlyInline):
    """What readers reported."""

    model = ReviewReport
    fields = readonly_fields = [
        related("reporter", _("person")),
        "fault",
        "words",
        "created_at",
        "settled_at",
    ]


@admin.register(Review)
class ReviewAdmin(BaseAdmin):
    """What buyers think of received goods. Nothing is edited: a review is hidden with a reason, or stays."""

    noun, title = _("review"), _("Reviews")
    list_display = [
        "id",
        related("product", _("product")),
        related("shop", _("shop")),
        "score",
        state(REVIEW_COLORS),
        "photo_count",
        "reports_to_look_at",
        "created_at",
    ]
    list_filter = [IsReported, "status", "score"]
    list_select_related = ["product", "shop"]
    search_fields = ["text", "=line__order__number", "product__title", "=buyer__phone"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    inlines = [PictureInline, ReportInline]
    moves = (
        Move(
            name="hide",
            label=_("Hide it"),
            run=lambda request, review, data: hide_review(
                actor=request.user, review_id=review.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({"visible"}),
            is_dangerous=True,
        ),
        Move(
            name="keep",
            label=_("Leave it as it is"),
            run=lambda request, review, data: keep_review(
                actor=request.user, review_id=review.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({"visible"}),
        ),
        Move(
            name="show",
            label=_("Show it again"),
            run=lambda request, review, data: show_review(
                actor=request.user, review_id=review.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({"hidden"}),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Count the open reports of each."""
        open_reports = Count("reports", filter=Q(reports__settled_at=None))
        return super().get_queryset(request).annotate(open_reports=open_reports)

    @display(description=_("reports"), ordering="open_reports")
    def reports_to_look_at(self, review: Review) -> int:
        """Return how many reports nobody has looked at."""
        return review.open_reports

    def links(self, review: Review) -> list[Link | None]:
        """Return the order it is about, and other reviews of the goods."""
        return [
            object_link(review.line.order),
            list_link("orders.review", _("Reviews of these goods"), product__id__exact=review.product_id),
        ]


@admin.register(ReviewPhoto)
class ReviewPhotoAdmin(BaseAdmin):
    """Photos of reviews."""

    noun, title = _("photo of a review"), _("Photos of reviews")
    list_display = [related("review", _("review")), related("photo", _("photo"))]
    list_select_related = ["review", "photo"]
    search_fields = ["=review__line__order__number"]
    ordering = ["-pk"]


@admin.register(ReviewReport)
class ReviewReportAdmin(BaseAdmin):
    """Reviews that somebody asked us to look at; the review's page has the moves."""

    noun, title = _("reported review"), _("Reported reviews")
    list_display = [
        "id",
        related("review", _("review")),
        "fault",
        "words",
        related("reporter", _("person")),
        "created_at",
        "settled_at",
    ]
    list_filter = ["fault", ("settled_at", admin.EmptyFieldListFilter)]
    list_select_related = ["review", "reporter"]
    search_fields = ["words", "=review__line__order__number"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]

    def links(self, report: ReviewReport) -> list[Link | None]:
        """Return the review."""
        return [object_link(report.review)]
