"""Shapes of coupons in the API."""

from rest_framework import serializers

from orders.models import CouponCampaign, CouponClaim
from orders.services.campaigning import MOST_COUPONS, MOST_FEN
from orders.statuses import CouponBearer


def _fen(**options) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=MOST_FEN, **options)


def _pk() -> serializers.IntegerField:
    return serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=2**63 - 1
    )


class CampaignInputSerializer(serializers.Serializer):
    """Terms of a coupon: an amount off, or a percentage up to a cap."""

    shop = _pk()
    live_session = _pk()
    title = serializers.CharField(max_length=40)
    cost_bearer = serializers.ChoiceField(choices=CouponBearer.choices, default=CouponBearer.SHOP)
    amount_off_fen = _fen(required=False, allow_null=True, default=None)
    percent_off = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=90
    )
    cap_fen = _fen(required=False, allow_null=True, default=None)
    minimum_fen = _fen()
    total = serializers.IntegerField(min_value=1, max_value=MOST_COUPONS)
    per_person = serializers.IntegerField(min_value=1, max_value=20, default=1)
    is_live_only = serializers.BooleanField(default=False)
    starts_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    ends_at = serializers.DateTimeField()


class CampaignSerializer(serializers.ModelSerializer):
    """A campaign, as those who run it see it."""

    left = serializers.IntegerField(read_only=True)

    class Meta:
        model = CouponCampaign
        fields = [
            "id", "title", "shop", "host", "live_session", "cost_bearer", "amount_off_fen", "percent_off",
            "cap_fen", "minimum_fen", "total", "claimed", "left", "per_person", "is_live_only", "starts_at",
            "ends_at", "offered_at", "stopped_at",
        ]  # fmt: skip
        read_only_fields = fields


class RoomCouponSerializer(serializers.Serializer):
    """A coupon as the room sees it."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    shop = serializers.IntegerField(allow_null=True)
    amount_off_fen = serializers.IntegerField(allow_null=True)
    percent_off = serializers.IntegerField(allow_null=True)
    cap_fen = serializers.IntegerField(allow_null=True)
    minimum_fen = serializers.IntegerField()
    total = serializers.IntegerField()
    left = serializers.IntegerField()
    is_live_only = serializers.BooleanField()
    live_session = serializers.IntegerField(allow_null=True)
    ends_at = serializers.DateTimeField()
    is_offered = serializers.BooleanField()


class CouponSerializer(serializers.ModelSerializer):
    """A coupon that the person took, with what it promises."""

    title = serializers.CharField(source="campaign.title", read_only=True)
    shop = serializers.IntegerField(source="campaign.shop_id", read_only=True, allow_null=True)
    amount_off_fen = serializers.IntegerField(
        source="campaign.amount_off_fen", read_only=True, allow_null=True
    )
    percent_off = serializers.IntegerField(source="campaign.percent_off", read_only=True, allow_null=True)
    cap_fen = serializers.IntegerField(source="campaign.cap_fen", read_only=True, allow_null=True)
    minimum_fen = serializers.IntegerField(source="campaign.minimum_fen", read_only=True)
    is_live_only = serializers.BooleanField(source="campaign.is_live_only", read_only=True)
    live_session = serializers.IntegerField(
        source="campaign.live_session_id", read_only=True, allow_null=True
    )

    class Meta:
        model = CouponClaim
        fields = [
            "id", "campaign", "status", "title", "shop", "amount_off_fen", "percent_off", "cap_fen",
            "minimum_fen", "is_live_only", "live_session", "claimed_at", "valid_until", "used_at",
        ]  # fmt: skip
        read_only_fields = fields
