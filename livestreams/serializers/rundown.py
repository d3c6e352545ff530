"""Shapes of the rundown, the pin and the chapters."""

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

PRICE = {"min_value": 1, "max_value": 100_000_000}
QUOTA = {"min_value": 1, "max_value": 1_000_000}
LIMIT = {"min_value": 1, "max_value": 999}
RATE = {"min_value": 0, "max_value": 10_000}


class RundownItemSerializer(serializers.Serializer):
    """An item as the room shows it."""

    rundown_item = serializers.IntegerField()
    position = serializers.IntegerField()
    variant = serializers.IntegerField()
    product = serializers.IntegerField()
    title = serializers.CharField()
    unit = serializers.CharField()
    url = serializers.CharField()
    photo = serializers.CharField(allow_blank=True)
    farmer = serializers.CharField(allow_null=True)
    farmer_photo = serializers.CharField(allow_blank=True)
    village = serializers.CharField(allow_null=True)
    price_fen = serializers.IntegerField()
    was_fen = serializers.IntegerField(allow_null=True)
    live_price_fen = serializers.IntegerField(allow_null=True)
    quota = serializers.IntegerField(allow_null=True)
    per_buyer_limit = serializers.IntegerField(allow_null=True)
    available = serializers.IntegerField()
    source = serializers.CharField(allow_blank=True)


class PinSerializer(RundownItemSerializer):
    """What is shown now; `source` goes with an order."""

    pin = serializers.IntegerField()


class ChapterSerializer(RundownItemSerializer):
    """A place in the replay."""

    chapter = serializers.IntegerField()
    starts_ms = serializers.IntegerField()
    offer = serializers.ChoiceField(choices=["buy", "sold_out", "next_harvest", "gone"])
    next_harvest_on = serializers.DateField(allow_null=True)


class OfferSerializer(serializers.Serializer):
    """Goods and how they are offered on air; null: list price, no quota, no limit, the agreed commission."""

    variant = serializers.IntegerField()
    live_price_fen = serializers.IntegerField(required=False, allow_null=True, default=None, **PRICE)
    quota = serializers.IntegerField(required=False, allow_null=True, default=None, **QUOTA)
    per_buyer_limit = serializers.IntegerField(required=False, allow_null=True, default=None, **LIMIT)
    host_commission_bp = serializers.IntegerField(required=False, allow_null=True, default=None, **RATE)


class RundownInputSerializer(OfferSerializer):
    """One item to add, or `items`: up to 100 at once, all or none. The same variant again changes it."""

    variant = serializers.IntegerField(required=False)
    items = OfferSerializer(many=True, required=False, max_length=100, allow_empty=False)

    def validate(self, attrs: dict) -> dict:
        """Either one or many."""
        if ("variant" in attrs) == ("items" in attrs):
            raise serializers.ValidationError({"variant": [_("Name one variant, or a list of items.")]})
        return attrs


class RundownOrderSerializer(serializers.Serializer):
    """Every item once, in the wanted order."""

    order = serializers.ListField(child=serializers.IntegerField(), max_length=100)


class RundownChangeSerializer(serializers.Serializer):
    """What changes of an item; null takes a price, quota or limit away."""

    live_price_fen = serializers.IntegerField(required=False, allow_null=True, **PRICE)
    quota = serializers.IntegerField(required=False, allow_null=True, **QUOTA)
    per_buyer_limit = serializers.IntegerField(required=False, allow_null=True, **LIMIT)
    host_commission_bp = serializers.IntegerField(required=False, allow_null=True, **RATE)


class RundownCopySerializer(serializers.Serializer):
    """The show whose goods are taken over."""

    session = serializers.IntegerField()


class RundownCopiedSerializer(serializers.Serializer):
    """The list as it is now, and the words about what could not be taken over."""

    items = RundownItemSerializer(many=True)
    left_out = serializers.ListField(child=serializers.CharField())


class PinInputSerializer(serializers.Serializer):
    """Which item to show; null shows none."""

    rundown_item = serializers.IntegerField(allow_null=True)


class PinAnswerSerializer(serializers.Serializer):
    """What is shown now."""

    pinned = PinSerializer(allow_null=True)
