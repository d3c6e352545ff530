"""Shapes of reviews in the API."""

from django.conf import settings
from rest_framework import serializers

from common.masking import mask_name
from orders.models import Review
from orders.selectors.reviewing import photos_of
from orders.services.judging_reviews import REPLY_MAX, WORDS_MAX
from orders.services.reviewing import TEXT_MAX
from orders.statuses import ReviewFault
from shops.selectors import photo_url


class ReviewSerializer(serializers.ModelSerializer):
    """A review as everybody reads it; the buyer's name is masked."""

    buyer = serializers.SerializerMethodField()
    goods = serializers.CharField(source="line.title", read_only=True)
    variant_name = serializers.CharField(source="line.variant_name", read_only=True)
    photos = serializers.SerializerMethodField()

    class Meta:
        model = Review
        fields = [
            "id", "product", "shop", "buyer", "goods", "variant_name", "score", "text", "photos",
            "created_at", "edited_at", "reply", "replied_at", "reply_edited_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_buyer(self, review: Review) -> str:
        """Return the first letter of the buyer's name."""
        return mask_name(review.buyer.display_name) or "***"

    def get_photos(self, review: Review) -> list[str]:
        """Return the addresses of the photos that are ready."""
        return [url for photo in photos_of(review) if (url := photo_url(photo))]


class OwnReviewSerializer(ReviewSerializer):
    """A review as its buyer, the shop and operators see it."""

    order = serializers.CharField(source="line.order.number", read_only=True)

    class Meta(ReviewSerializer.Meta):
        fields = [*ReviewSerializer.Meta.fields, "order", "line", "status", "hidden_reason"]
        read_only_fields = fields


class ReviewFilterSerializer(serializers.Serializer):
    """Which reviews: of so many stars, or with photos."""

    stars = serializers.IntegerField(min_value=1, max_value=5, required=False)
    with_photos = serializers.BooleanField(required=False, default=False)


class EditReviewSerializer(serializers.Serializer):
    """One to five stars, words, and ids of the person's own loose photos."""

    score = serializers.IntegerField(min_value=1, max_value=5)
    text = serializers.CharField(required=False, allow_blank=True, max_length=TEXT_MAX, default="")
    photos = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        default=list,
        max_length=settings.REVIEW_PHOTOS_MAX,
    )


class WriteReviewSerializer(EditReviewSerializer):
    """A review of one line of the order."""

    line = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class ReplySerializer(serializers.Serializer):
    """What the shop answers."""

    text = serializers.CharField(max_length=REPLY_MAX)


class ReportReviewSerializer(serializers.Serializer):
    """What is wrong with a review."""

    fault = serializers.ChoiceField(choices=ReviewFault.choices)
    words = serializers.CharField(required=False, allow_blank=True, max_length=WORDS_MAX, default="")
