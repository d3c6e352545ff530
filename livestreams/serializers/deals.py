"""Shapes of flash deals."""

from rest_framework import serializers

from livestreams.serializers.rundown import PRICE
from livestreams.statuses import DealStatus

PK = {"min_value": 1, "max_value": 2**63 - 1}


class DealSerializer(serializers.Serializer):
    """A deal as the room shows it, by the server's clock (`server_now`)."""

    id = serializers.IntegerField()
    session = serializers.IntegerField()
    rundown_item = serializers.IntegerField()
    variant = serializers.IntegerField()
    title = serializers.CharField()
    unit = serializers.CharField()
    status = serializers.ChoiceField(choices=DealStatus.choices)
    price_fen = serializers.IntegerField()
    was_fen = serializers.IntegerField(allow_null=True)
    quantity = serializers.IntegerField()
    remaining = serializers.IntegerField()
    per_buyer = serializers.IntegerField(allow_null=True)
    seconds = serializers.IntegerField()
    countdown = serializers.IntegerField()
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    server_now = serializers.DateTimeField()


class CrewDealSerializer(DealSerializer):
    """What its crew sees besides; `farmer_fen` is the farmer's part of one."""

    sold = serializers.IntegerField()
    held = serializers.IntegerField()
    farmer_fen = serializers.IntegerField()
    end_reason = serializers.CharField(allow_blank=True)


class DealInputSerializer(serializers.Serializer):
    """A deal to plan. `start` begins it at once, which is what happens on air unless it says false."""

    rundown_item = serializers.IntegerField(**PK)
    price_fen = serializers.IntegerField(**PRICE)
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000)
    per_buyer = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=999
    )
    seconds = serializers.IntegerField(min_value=10, max_value=4 * 3600)
    countdown = serializers.IntegerField(required=False, default=0, min_value=0, max_value=600)
    start = serializers.BooleanField(required=False, allow_null=True, default=None)


class DealExtendSerializer(serializers.Serializer):
    """How many seconds more."""

    seconds = serializers.IntegerField(min_value=10, max_value=4 * 3600)


class DealTermsSerializer(serializers.Serializer):
    """What can be sold by a deal, and the farmer's terms: the least price, and the shares in basis points."""

    rundown_item = serializers.IntegerField()
    title = serializers.CharField()
    unit = serializers.CharField()
    price_fen = serializers.IntegerField()
    available = serializers.IntegerField()
    floor_fen = serializers.IntegerField()
    host_commission_bp = serializers.IntegerField()
    platform_fee_bp = serializers.IntegerField()
