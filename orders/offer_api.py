"""Doors of offers of less in after-sales. Every move needs an Idempotency-Key (decisions.md 17)."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.drf import validated
from common.idempotency import parse_key
from orders import case_shapes as shapes
from orders.api import KEY_PARAMETER
from orders.case_api import answer_case, move_case
from orders.services import offering_less


class OfferView(APIView):
    """Offer less."""

    @extend_schema(
        operation_id="after_sales_offer",
        request=shapes.OfferLessSerializer,
        responses=shapes.CaseSerializer,
        parameters=[KEY_PARAMETER],
    )
    def post(self, request: Request, case_id: int) -> Response:
        """Offer as a member of the shop a part of what is asked, for which the goods stay."""
        key = parse_key(request.headers.get("Idempotency-Key"))
        wanted = validated(shapes.OfferLessSerializer, request)
        lines = [
            offering_less.OfferedLine(one["line"], one["quantity"], one["amount_fen"])
            for one in wanted["lines"]
        ]
        offering_less.offer_less(
            actor=request.user,
            case_id=case_id,
            lines=lines,
            text=wanted["text"],
            idempotency_key=key,
            now=utc_now(),
        )
        return answer_case(request, case_id)


class AcceptOfferView(APIView):
    """Take it."""

    @extend_schema(
        operation_id="after_sales_offer_accept",
        request=shapes.OfferChoiceSerializer,
        responses=shapes.CaseSerializer,
        parameters=[KEY_PARAMETER],
    )
    def post(self, request: Request, case_id: int) -> Response:
        """Agree as the buyer: that sum goes back."""
        return move_case(request, case_id, offering_less.accept_offer, "buyer", shapes.OfferChoiceSerializer)


class RefuseOfferView(APIView):
    """Do not take it."""

    @extend_schema(
        operation_id="after_sales_offer_refuse",
        request=shapes.OfferChoiceSerializer,
        responses=shapes.CaseSerializer,
        parameters=[KEY_PARAMETER],
    )
    def post(self, request: Request, case_id: int) -> Response:
        """Say no as the buyer: the shop answers as before."""
        return move_case(request, case_id, offering_less.refuse_offer, "buyer", shapes.OfferChoiceSerializer)


class TakeBackOfferView(APIView):
    """Take it back."""

    @extend_schema(
        operation_id="after_sales_offer_take_back",
        request=None,
        responses=shapes.CaseSerializer,
        parameters=[KEY_PARAMETER],
    )
    def post(self, request: Request, case_id: int) -> Response:
        """Take the offer back as a member of the shop, while it is open."""
        return move_case(request, case_id, offering_less.take_back_offer, "actor", None)
