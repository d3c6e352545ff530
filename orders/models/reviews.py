"""What buyers think of goods that they have received, what shops answer, and what readers report."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from orders.models.orders import OrderLine
from orders.statuses import ReviewFault, ReviewStatus
from shops.models import Photo, Product, Shop

VISIBLE = Q(status=ReviewStatus.VISIBLE)


class ReviewQuerySet(models.QuerySet):
    """Scopes of reviews."""

    def visible(self):
        """Return what everybody may read."""
        return self.filter(VISIBLE)

    def for_buyer(self, user):
        """Return the person's own reviews, hidden ones included."""
        return self.filter(buyer=user)

    def for_member(self, user):
        """Return reviews of goods of shops the person works in."""
        return self.filter(shop__memberships__user=user).distinct()


class Review(models.Model):
    """One to five stars for one received order line, once, with words and photos if the buyer likes.

    `product` and `shop` stand here so that a list is one index away. Visible reviews are counted on both,
    in the transaction that changes them.
    """

    line = models.OneToOneField(OrderLine, on_delete=models.PROTECT, related_name="review")
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviews")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="reviews")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="reviews")
    status = models.CharField(max_length=10, choices=ReviewStatus, default=ReviewStatus.VISIBLE)
    score = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(5)])
    text = models.CharField(max_length=1000, blank=True)
    photo_count = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)
    reply = models.CharField(max_length=500, blank=True)
    replied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    replied_at = models.DateTimeField(null=True, blank=True)
    reply_edited_at = models.DateTimeField(null=True, blank=True)
    hidden_at = models.DateTimeField(null=True, blank=True)
    hidden_reason = models.CharField(max_length=200, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="review_score", condition=Q(score__gte=1, score__lte=5)),
            models.CheckConstraint(
                name="review_hidden_with_reason",
                condition=(Q(status="visible", hidden_at=None, hidden_reason=""))
                | (Q(status="hidden", hidden_at__isnull=False) & ~Q(hidden_reason="")),
            ),
            models.CheckConstraint(
                name="review_reply_whole",
                condition=Q(reply="", replied_by=None, replied_at=None, reply_edited_at=None)
                | (~Q(reply="") & Q(replied_by__isnull=False, replied_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["product", "-id"], name="review_product", condition=VISIBLE),
            models.Index(fields=["product", "score", "-id"], name="review_product_score", condition=VISIBLE),
            models.Index(
                fields=["product", "-id"],
                name="review_product_photos",
                condition=VISIBLE & Q(photo_count__gt=0),
            ),
            models.Index(fields=["shop", "-id"], name="review_shop", condition=VISIBLE),
            models.Index(fields=["shop", "score", "-id"], name="review_shop_score", condition=VISIBLE),
            models.Index(
                fields=["shop", "-id"], name="review_shop_photos", condition=VISIBLE & Q(photo_count__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.score}/5"


class ReviewPhoto(models.Model):
    """A photo of a review, at its place."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="pictures")
    photo = models.ForeignKey(Photo, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["review", "position"]
        constraints = [models.UniqueConstraint(fields=["review", "photo"], name="review_photo_once")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class ReviewReport(models.Model):
    """A reader asks the market to look at a review; settled when an operator has."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="reports")
    reporter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    fault = models.CharField(max_length=12, choices=ReviewFault)
    words = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["review", "reporter"], name="review_report_once")]
        indexes = [models.Index(fields=["review"], name="review_report_open", condition=Q(settled_at=None))]

    def __str__(self) -> str:
        return f"#{self.pk}"
