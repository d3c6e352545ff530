"""Doors of deliveries in the API: what becomes of a lot."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.drf import validated
from orders.services.moving_lots import LotMove, move_lot
from orders.services.recalling import own_lot, units_sold_of
from orders.services.weighing import settle_weight
from shops.models import Lot
from shops.services.pooling import UNITS_MAX, WEIGHT_MAX_G


class LotMoveSerializer(serializers.Serializer):
    """A move: grade (grade, weight_g), offer, hold (reason), recall (reason), short (units, reason)."""

    move = serializers.ChoiceField(choices=["grade", "offer", "hold", "recall", "short"])
    grade = serializers.CharField(required=False, allow_blank=True, max_length=20, default="")
    weight_g = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=WEIGHT_MAX_G, default=None
    )
    reason = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")
    units = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=UNITS_MAX, default=None
    )


class LotStateSerializer(serializers.ModelSerializer):
    """A lot, and how many people bought of it."""

    buyers = serializers.IntegerField(read_only=True)
    units_sold = serializers.IntegerField(read_only=True)

    class Meta:
        model = Lot
        fields = [
            "id", "code", "variant", "shop", "farmer", "status", "quantity", "taken", "lost", "left",
            "weight_g", "grade", "harvested_on", "place", "floor_fen", "declared_at", "buyers", "units_sold",
        ]  # fmt: skip
        read_only_fields = fields


class LotMoves(APIView):
    """One lot of the person's shop."""

    @extend_schema(operation_id="lots_retrieve", responses=LotStateSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Show it, with how many people bought of it and would be told by a recall."""
        return Response(_shown(own_lot(request.user, pk)))

    @extend_schema(operation_id="lots_move", request=LotMoveSerializer, responses=LotStateSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Grade it, put it on sale, put it aside, call it back, or write down what is missing."""
        wanted = LotMove(**validated(LotMoveSerializer, request))
        move_lot(actor=request.user, lot_id=pk, wanted=wanted, now=utc_now())
        return Response(_shown(own_lot(request.user, pk)))


class WeightSerializer(serializers.Serializer):
    """What a paid line really weighs."""

    line = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    weight_g = serializers.IntegerField(min_value=1, max_value=WEIGHT_MAX_G)


class WeighedSerializer(serializers.Serializer):
    """What goes back to the buyer, in fen; 0 where it is not lighter."""

    refund_fen = serializers.IntegerField()


class Weights(APIView):
    """The scales have the last word on an order of the person's shop."""

    @extend_schema(operation_id="orders_weigh", request=WeightSerializer, responses=WeighedSerializer)
    def post(self, request: Request, number: str) -> Response:
        """Write down what a line weighs, once: what is missing is refunded, more is a gift."""
        data = validated(WeightSerializer, request)
        done = settle_weight(
            actor=request.user, number=number, line_id=data["line"], weight_g=data["weight_g"], now=utc_now()
        )
        return Response({"refund_fen": done.case.amount_fen if done.case else 0})


def _shown(lot: Lot) -> dict:
    lot.buyers, lot.units_sold = units_sold_of(lot)
    return LotStateSerializer(lot).data
