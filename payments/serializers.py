"""Shapes of payments in the API."""

from rest_framework import serializers

from payments.models import Payment
from payments.statuses import CashHolder, PayMethod

ASKED_FOR = tuple(str(way) for way in PayMethod.values if way not in (PayMethod.CASH, PayMethod.JSAPI))


class PayRequestSerializer(serializers.Serializer):
    """Which gateway to pay through; how it takes the buyer along follows from the browser, unless said."""

    gateway = serializers.CharField(max_length=20)
    method = serializers.ChoiceField(choices=[(way, way) for way in ASKED_FOR], required=False)


class NextStepSerializer(serializers.Serializer):
    """Where the buyer goes to pay: an address, a QR code's contents, the bridge inside WeChat, or nowhere.

    `page` is a page of ours that shows the same to a person.
    """

    kind = serializers.ChoiceField(choices=[(kind, kind) for kind in ("redirect", "qr", "jsapi", "done")])
    url = serializers.CharField(allow_blank=True)
    page = serializers.CharField()


class PayAnswerSerializer(serializers.Serializer):
    """A started payment; null when the purchase is paid in cash on delivery."""

    payment = serializers.IntegerField(allow_null=True)
    next = NextStepSerializer()


class PaymentSerializer(serializers.ModelSerializer):
    """How a payment stands: of a purchase (`group`, `orders`) or of a `gift`."""

    orders = serializers.SerializerMethodField()

    class Meta:
        model = Payment
        fields = [
            "id", "purpose", "group", "orders", "gift", "gateway", "status", "amount_fen", "created_at",
            "expires_at", "succeeded_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_orders(self, payment: Payment) -> list[str]:
        """Return the numbers of the orders; none for a gift."""
        if payment.group is None:
            return []
        return list(payment.group.orders.order_by("pk").values_list("number", flat=True))


class CashSerializer(serializers.Serializer):
    """Cash that the buyer of a parcel has paid, and who holds it now."""

    holder = serializers.ChoiceField(choices=CashHolder.choices)
    amount_fen = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class WeChatPayAnswerSerializer(serializers.Serializer):
    """What WeChat Pay gets to hear."""

    code = serializers.ChoiceField(choices=[("SUCCESS", "SUCCESS")])
    message = serializers.CharField(allow_blank=True)


class CallbackAnswerSerializer(serializers.Serializer):
    """What the provider gets to hear."""

    outcome = serializers.ChoiceField(choices=[("processed", "processed"), ("quarantined", "quarantined")])
