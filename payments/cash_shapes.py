"""Shapes of cash that goes from hand to hand in the API."""

from rest_framework import serializers

from payments.models import CashHandover, HandRefund, Refund
from payments.statuses import HandMethod

MOST = 2**63 - 1


class HandoverSerializer(serializers.ModelSerializer):
    """Cash that a shop has handed over."""

    class Meta:
        model = CashHandover
        fields = ["id", "amount_fen", "method", "reference", "status", "noted_at", "answered_at", "words"]
        read_only_fields = fields


class RefundDueSerializer(serializers.ModelSerializer):
    """Cash that a buyer gets back by hand."""

    order = serializers.CharField(source="request.order.number")

    class Meta:
        model = Refund
        fields = ["id", "order", "amount_fen", "created_at"]
        read_only_fields = fields


class ShopCashSerializer(serializers.Serializer):
    """What a shop holds of the market's cash, what it handed over, and whom it owes cash."""

    held_fen = serializers.IntegerField()
    handovers = HandoverSerializer(many=True)
    refunds_due = RefundDueSerializer(many=True)


class HandoverRequestSerializer(serializers.Serializer):
    """Cash that is handed over: how, and by which number it is found."""

    amount_fen = serializers.IntegerField(min_value=1, max_value=MOST)
    method = serializers.ChoiceField(choices=HandMethod.choices)
    reference = serializers.CharField(max_length=80)


class HandRefundRequestSerializer(HandoverRequestSerializer):
    """Cash that was given back; `receipt` is an uploaded photo of one's own."""

    receipt = serializers.IntegerField(min_value=1, max_value=MOST, required=False, allow_null=True)


class HandRefundSerializer(serializers.ModelSerializer):
    """Money that was given back by hand."""

    order = serializers.CharField(source="refund.request.order.number")
    amount_fen = serializers.IntegerField(source="refund.amount_fen")

    class Meta:
        model = HandRefund
        fields = ["id", "order", "amount_fen", "giver", "method", "reference", "status", "noted_at"]
        read_only_fields = fields


class NotReceivedSerializer(serializers.Serializer):
    """What the buyer says to it."""

    words = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
