"""Shapes of the rundown, the pin and the chapters."""

from rest_framework import serializers

PRICE = {"min_value": 1, "max_value": 100_000_000}


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
    available = serializers.IntegerField()
    source = serializers.CharField(allow_blank=True)


class PinSerializer(RundownItemSerializer):
    """What is shown now; `source` goes with an order."""

    pin = serializers.IntegerField()


class ChapterSerializer(RundownItemSerializer):
    """A place in the replay."""

    chapter = serializers.IntegerField()
    starts_ms = serializers.IntegerField()


class RundownInputSerializer(serializers.Serializer):
    """An item to add; the same variant again changes it."""

    variant = serializers.IntegerField()
    live_price_fen = serializers.IntegerField(required=False, allow_null=True, default=None, **PRICE)
    quota = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=1_000_000
    )
    per_buyer_limit = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=999
    )


class RundownOrderSerializer(serializers.Serializer):
    """Every item once, in the wanted order."""

    items = serializers.ListField(child=serializers.IntegerField(), max_length=60)


class RundownPriceSerializer(serializers.Serializer):
    """The live price; null takes it away."""

    live_price_fen = serializers.IntegerField(allow_null=True, **PRICE)


class PinInputSerializer(serializers.Serializer):
    """Which item to show; null shows none."""

    rundown_item = serializers.IntegerField(allow_null=True)


class PinAnswerSerializer(serializers.Serializer):
    """What is shown now."""

    pinned = PinSerializer(allow_null=True)
