"""Doors of reviews in the API."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.drf import validated
from orders import review_shapes as shapes
from orders.models import Review
from orders.selectors import reviewing as reads
from orders.services import judging_reviews, reviewing


class _PublicReviews(ListAPIView):
    """A list that everybody reads, narrowed by the query."""

    permission_classes = [AllowAny]
    serializer_class = shapes.ReviewSerializer
    queryset = Review.objects.none()
    filter_backends = []

    def get_queryset(self) -> QuerySet:
        """Return the visible reviews that the query asks for; an impossible wish is 400."""
        if getattr(self, "swagger_fake_view", False):
            return Review.objects.none()
        wish = shapes.ReviewFilterSerializer(data=self.request.query_params)
        wish.is_valid(raise_exception=True)
        return reads.narrowed(self.all_reviews(), **wish.validated_data)


FILTERS = extend_schema_view(get=extend_schema(parameters=[shapes.ReviewFilterSerializer]))


@FILTERS
class ProductReviewsView(_PublicReviews):
    """What buyers think of a product, the newest first."""

    def all_reviews(self) -> QuerySet:
        """Start from a product that the person may see."""
        return reads.product_reviews(user=self.request.user, product_id=self.kwargs["product_id"])


@FILTERS
class ShopReviewsView(_PublicReviews):
    """What buyers think of a shop's goods, the newest first."""

    def all_reviews(self) -> QuerySet:
        """Start from a shop that the person may see."""
        return reads.shop_reviews(user=self.request.user, shop_id=self.kwargs["shop_id"])


class MyReviewsView(ListAPIView):
    """What the person wrote, hidden ones included."""

    serializer_class = shapes.OwnReviewSerializer
    queryset = Review.objects.none()
    filter_backends = []

    def get_queryset(self) -> QuerySet:
        """Start from the person's scope."""
        if getattr(self, "swagger_fake_view", False):
            return Review.objects.none()
        return reads.own_reviews(user=self.request.user)


class WriteReviewView(APIView):
    """Reviewing what one has received."""

    @extend_schema(
        operation_id="reviews_create",
        request=shapes.WriteReviewSerializer,
        responses={201: shapes.OwnReviewSerializer},
    )
    def post(self, request: Request, number: str) -> Response:
        """Review a line of an own order, once."""
        said = validated(shapes.WriteReviewSerializer, request)
        review = reviewing.write_review(
            buyer=request.user,
            number=number,
            line_id=said["line"],
            score=said["score"],
            text=said["text"],
            photo_ids=said["photos"],
            now=utc_now(),
        )
        return _answer(request, review, status=201)


class ReviewView(APIView):
    """One own review."""

    @extend_schema(
        operation_id="reviews_update",
        request=shapes.EditReviewSerializer,
        responses=shapes.OwnReviewSerializer,
    )
    def put(self, request: Request, review_id: int) -> Response:
        """Change it, in its first days; what is left out is empty."""
        said = validated(shapes.EditReviewSerializer, request)
        review = reviewing.edit_review(
            buyer=request.user,
            review_id=review_id,
            score=said["score"],
            text=said["text"],
            photo_ids=said["photos"],
            now=utc_now(),
        )
        return _answer(request, review)


class ReplyView(APIView):
    """The shop's answer."""

    @extend_schema(
        operation_id="reviews_reply", request=shapes.ReplySerializer, responses=shapes.ReviewSerializer
    )
    def post(self, request: Request, review_id: int) -> Response:
        """Answer as a member of the shop; said again, it is changed."""
        text = validated(shapes.ReplySerializer, request)["text"]
        review = judging_reviews.reply_to_review(
            actor=request.user, review_id=review_id, text=text, now=utc_now()
        )
        found = reads.get_readable_review(user=request.user, review_id=review.pk)
        return Response(shapes.ReviewSerializer(found).data)


class ReportReviewView(APIView):
    """A review that the market should look at."""

    @extend_schema(
        operation_id="reviews_report", request=shapes.ReportReviewSerializer, responses={204: None}
    )
    def post(self, request: Request, review_id: int) -> Response:
        """Report it; again changes nothing."""
        said = validated(shapes.ReportReviewSerializer, request)
        judging_reviews.report_review(reporter=request.user, review_id=review_id, now=utc_now(), **said)
        return Response(status=204)


def _answer(request: Request, review: Review, status: int = 200) -> Response:
    found = reads.get_own_review(user=request.user, review_id=review.pk)
    return Response(shapes.OwnReviewSerializer(found).data, status=status)
