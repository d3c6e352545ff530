"""Doors of after-sales in the API. Every move needs an Idempotency-Key (decisions.md 17)."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.drf import validated
from common.idempotency import parse_key
from orders import case_shapes as shapes
from orders.api import KEY_PARAMETER
from orders.case_selectors import get_visible_case, list_visible_cases
from orders.models import AfterSaleCase
from orders.services import asking_back, judging


class CasesView(ListAPIView):
    """Cases that the person asked, or that their shops answer."""

    serializer_class = shapes.CaseSerializer
    queryset = AfterSaleCase.objects.none()
    filter_backends = []

    def get_queryset(self):
        """Start from the person's scope."""
        if getattr(self, "swagger_fake_view", False):
            return AfterSaleCase.objects.none()
        return list_visible_cases(user=self.request.user)


class OpenCaseView(APIView):
    """Ask for money back on an own order."""

    @extend_schema(
        operation_id="after_sales_create",
        request=shapes.OpenCaseSerializer,
        responses={201: shapes.CaseSerializer, 200: shapes.CaseSerializer},
        parameters=[KEY_PARAMETER],
    )
    def post(self, request: Request, number: str) -> Response:
        """Open a case; the same key again gives 200 and the same case."""
        key = parse_key(request.headers.get("Idempotency-Key"))
        wanted = validated(shapes.OpenCaseSerializer, request)
        case, replayed = asking_back.open_case(
            buyer=request.user,
            number=number,
            kind=wanted["kind"],
            reason=wanted["reason"],
            text=wanted["text"],
            lines=[
                asking_back.WantedBack(line["line"], line["quantity"], line["amount_fen"])
                for line in wanted["lines"]
            ],
            photo_ids=wanted["photos"],
            idempotency_key=key,
            now=utc_now(),
        )
        return answer_case(request, case.pk, 200 if replayed else 201)


class CaseView(APIView):
    """One case, for its buyer or its shop."""

    @extend_schema(operation_id="after_sales_retrieve", responses=shapes.CaseSerializer)
    def get(self, request: Request, case_id: int) -> Response:
        """Return the case; 404 for a stranger."""
        return answer_case(request, case_id)


class ApproveCaseView(APIView):
    """Say yes."""

    @extend_schema(
        operation_id="after_sales_approve",
        request=shapes.ApproveSerializer,
        responses=shapes.CaseSerializer,
        parameters=[KEY_PARAMETER],
    )
    def post(self, request: Request, case_id: int) -> Response:
        """Grant the wish as a member of the shop."""
        return move_case(request, case_id, judging.approve_case, "actor", shapes.ApproveSerializer)


class RejectCaseView(APIView):
    """Say no."""

    @extend_schema(
        operation_id="after_sales_reject",
        request=shapes.RejectSerializer,
        responses=shapes.CaseSerializer,
        parameters=[KEY_PARAMETER],
    )
    def post(self, request: Request, case_id: int) -> Response:
        """Refuse the wish, or goods that came back otherwise, as a member of the shop."""
        return move_case(request, case_id, judging.reject_case, "actor", shapes.RejectSerializer)


class ReturnShippedView(APIView):
    """The goods are on their way back."""

    @extend_schema(
        operation_id="after_sales_return_shipped",
        request=shapes.ReturnParcelSerializer,
        responses=shapes.CaseSerializer,
        parameters=[KEY_PARAMETER],
    )
    def post(self, request: Request, case_id: int) -> Response:
        """Note the buyer's parcel."""
        return move_case(request, case_id, asking_back.send_back, "buyer", shapes.ReturnParcelSerializer)


class ReturnReceivedView(APIView):
    """The goods are back."""

    @extend_schema(
        operation_id="after_sales_received",
        request=shapes.ReturnedSerializer,
        responses=shapes.CaseSerializer,
        parameters=[KEY_PARAMETER],
    )
    def post(self, request: Request, case_id: int) -> Response:
        """Confirm the parcel as a member of the shop; the money follows."""
        return move_case(request, case_id, judging.receive_return, "actor", shapes.ReturnedSerializer)


class WithdrawCaseView(APIView):
    """Call the case off."""

    @extend_schema(
        operation_id="after_sales_withdraw",
        request=None,
        responses=shapes.CaseSerializer,
        parameters=[KEY_PARAMETER],
    )
    def post(self, request: Request, case_id: int) -> Response:
        """Close the buyer's own case."""
        return move_case(request, case_id, asking_back.withdraw_case, "buyer", None)


class AppealCaseView(APIView):
    """Call the market in."""

    @extend_schema(
        operation_id="after_sales_appeal",
        request=shapes.AppealSerializer,
        responses=shapes.CaseSerializer,
        parameters=[KEY_PARAMETER],
    )
    def post(self, request: Request, case_id: int) -> Response:
        """Ask an operator to decide after the shop said no."""
        return move_case(request, case_id, asking_back.appeal_case, "buyer", shapes.AppealSerializer)


def move_case(
    request: Request, case_id: int, service: Callable[..., Any], role: str, shape: type | None
) -> Response:
    """Call a move of a case for the person, once per key, and answer the case as it is now."""
    key = parse_key(request.headers.get("Idempotency-Key"))
    given = validated(shape, request) if shape else {}
    service(**{role: request.user}, case_id=case_id, idempotency_key=key, now=utc_now(), **given)
    return answer_case(request, case_id)


def answer_case(request: Request, case_id: int, status: int = 200) -> Response:
    """Answer a case to its buyer or its shop."""
    case = get_visible_case(user=request.user, case_id=case_id)
    return Response(shapes.CaseSerializer(case).data, status=status)
