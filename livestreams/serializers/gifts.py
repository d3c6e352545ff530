"""Shapes of gifts."""

from rest_framework import serializers

from livestreams.models import Gift, GiftKind


class GiftKindSerializer(serializers.ModelSerializer):
    """Something that can be given; `icon` is a sign of the market's pages."""

    class Meta:
        model = GiftKind
        fields = ["id", "name", "icon", "price_fen"]
        read_only_fields = fields


class GiftKindsSerializer(serializers.Serializer):
    """What can be given in a room, and up to how much at once and in a day."""

    kinds = GiftKindSerializer(many=True)
    is_open = serializers.BooleanField()
    max_fen = serializers.IntegerField()
    day_max_fen = serializers.IntegerField()
    max_quantity = serializers.IntegerField()


class GiftInputSerializer(serializers.Serializer):
    """What to give."""

    kind = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    quantity = serializers.IntegerField(min_value=1, max_value=999, default=1)


class GiftSerializer(serializers.ModelSerializer):
    """A gift that the person chose; `pay_page` is a page of ours that takes the money while it is pending."""

    pay_page = serializers.SerializerMethodField()

    class Meta:
        model = Gift
        fields = [
            "id", "session", "kind", "name", "quantity", "amount_fen", "status", "created_at", "expires_at",
            "paid_at", "pay_page",
        ]  # fmt: skip
        read_only_fields = fields

    def get_pay_page(self, gift: Gift) -> str:
        """Return the address of the page."""
        return f"/gifts/{gift.pk}/"
