"""Shapes of payments in the API."""

from rest_framework import serializers

from payments.models import Payment


class PayRequestSerializer(serializers.Serializer):
    """Which gateway to pay through."""

    gateway = serializers.CharField(max_length=20)


class NextStepSerializer(serializers.Serializer):
    """Where the buyer goes to pay."""

    kind = serializers.ChoiceField(choices=[("redirect", "redirect")])
    url = serializers.CharField()


class PayAnswerSerializer(serializers.Serializer):
    """A started payment."""

    payment = serializers.IntegerField()
    next = NextStepSerializer()


class PaymentSerializer(serializers.ModelSerializer):
    """How a payment stands."""

    orders = serializers.SlugRelatedField(
        source="group.orders", slug_field="number", many=True, read_only=True
    )

    class Meta:
        model = Payment
        fields = [
            "id", "group", "orders", "gateway", "status", "amount_fen", "created_at", "expires_at",
            "succeeded_at",
        ]  # fmt: skip
        read_only_fields = fields


class WeChatPayAnswerSerializer(serializers.Serializer):
    """What WeChat Pay gets to hear."""

    code = serializers.ChoiceField(choices=[("SUCCESS", "SUCCESS")])
    message = serializers.CharField(allow_blank=True)


class CallbackAnswerSerializer(serializers.Serializer):
    """What the provider gets to hear."""

    outcome = serializers.ChoiceField(choices=[("processed", "processed"), ("quarantined", "quarantined")])
