"""Doors of cash that goes from hand to hand: shops hand it over and give it back, buyers say that it came."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.drf import validated
from common.idempotency import parse_key
from payments import cash_shapes as shapes
from payments.api import KEY_PARAMETER
from payments.selectors import (
    cash_held_by,
    get_own_shop,
    list_hand_refunds_due,
    list_hand_refunds_to_confirm,
    list_handovers,
)
from payments.services.handing_over import note_handover
from payments.services.paying_by_hand import confirm_hand_refund, decline_hand_refund, note_hand_refund

SHOWN = 100


class ShopCashView(APIView):
    """The market's cash in the hands of a shop."""

    @extend_schema(operation_id="shops_cash", responses=shapes.ShopCashSerializer)
    def get(self, request: Request, shop_id: int) -> Response:
        """Return what the shop holds, handed over, and has to give back; 404 for who does not work there."""
        shop = get_own_shop(user=request.user, shop_id=shop_id)
        answer = {
            "held_fen": cash_held_by(shop),
            "handovers": list_handovers(shop)[:SHOWN],
            "refunds_due": list_hand_refunds_due(shop)[:SHOWN],
        }
        return Response(shapes.ShopCashSerializer(answer).data)

    @extend_schema(
        operation_id="shops_cash_hand_over",
        request=shapes.HandoverRequestSerializer,
        responses={201: shapes.HandoverSerializer, 200: shapes.HandoverSerializer},
        parameters=[KEY_PARAMETER],
    )
    def post(self, request: Request, shop_id: int) -> Response:
        """Say that the shop hands cash over; an operator confirms it. 200 when the key was used before."""
        get_own_shop(user=request.user, shop_id=shop_id)
        key = parse_key(request.headers.get("Idempotency-Key"))
        handover, replayed = note_handover(
            actor=request.user,
            shop_id=shop_id,
            idempotency_key=key,
            now=utc_now(),
            **validated(shapes.HandoverRequestSerializer, request),
        )
        return Response(shapes.HandoverSerializer(handover).data, status=200 if replayed else 201)


class GivenByHandView(APIView):
    """A buyer of a cash order gets money back."""

    @extend_schema(
        operation_id="refunds_given_by_hand",
        request=shapes.HandRefundRequestSerializer,
        responses={201: shapes.HandRefundSerializer, 200: shapes.HandRefundSerializer},
        parameters=[KEY_PARAMETER],
    )
    def post(self, request: Request, refund_id: int) -> Response:
        """Note it as a member of the shop; the buyer or an operator confirms it."""
        key = parse_key(request.headers.get("Idempotency-Key"))
        wanted = validated(shapes.HandRefundRequestSerializer, request)
        note, replayed = note_hand_refund(
            actor=request.user,
            refund_id=refund_id,
            receipt_id=wanted.pop("receipt", None),
            idempotency_key=key,
            now=utc_now(),
            **wanted,
        )
        return Response(shapes.HandRefundSerializer(note).data, status=200 if replayed else 201)


class HandRefundsView(APIView):
    """What shops say that they gave back."""

    @extend_schema(operation_id="hand_refunds_list", responses=shapes.HandRefundSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Return what waits for the buyer's word."""
        notes = list_hand_refunds_to_confirm(buyer=request.user)[:SHOWN]
        return Response(shapes.HandRefundSerializer(notes, many=True).data)


class HandRefundReceivedView(APIView):
    """The money has come."""

    @extend_schema(operation_id="hand_refunds_received", request=None, responses=shapes.HandRefundSerializer)
    def post(self, request: Request, note_id: int) -> Response:
        """Confirm it as the buyer; repeating it changes nothing."""
        note = confirm_hand_refund(actor=request.user, note_id=note_id, now=utc_now())
        return Response(shapes.HandRefundSerializer(note).data)


class HandRefundNotReceivedView(APIView):
    """The money has not come."""

    @extend_schema(
        operation_id="hand_refunds_not_received",
        request=shapes.NotReceivedSerializer,
        responses=shapes.HandRefundSerializer,
    )
    def post(self, request: Request, note_id: int) -> Response:
        """Say so as the buyer; the shop is told."""
        words = validated(shapes.NotReceivedSerializer, request)["words"]
        note = decline_hand_refund(actor=request.user, note_id=note_id, now=utc_now(), words=words)
        return Response(shapes.HandRefundSerializer(note).data)
