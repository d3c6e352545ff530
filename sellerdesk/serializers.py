"""Shapes of what the desk's reads give."""

from rest_framework import serializers


class MinuteSerializer(serializers.Serializer):
    """One minute of a show."""

    at = serializers.DateTimeField()
    viewers = serializers.IntegerField(help_text="the most viewers at once")
    likes = serializers.IntegerField(help_text="hearts so far")
    orders = serializers.IntegerField()
    goods_fen = serializers.IntegerField()
    is_dark = serializers.BooleanField(help_text="whether the picture was away in it")


class ProductRowSerializer(serializers.Serializer):
    """One product of a show; `pinned_seconds` is its airtime."""

    variant = serializers.IntegerField()
    title = serializers.CharField()
    unit = serializers.CharField()
    farmer = serializers.CharField(allow_blank=True)
    pinned_seconds = serializers.IntegerField()
    pins = serializers.IntegerField()
    orders = serializers.IntegerField()
    units = serializers.IntegerField()
    goods_fen = serializers.IntegerField()


class FarmerRowSerializer(serializers.Serializer):
    """One farmer of a show; `farmer` is null for the shop's own goods."""

    farmer = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    village = serializers.CharField(allow_blank=True)
    pinned_seconds = serializers.IntegerField()
    units = serializers.IntegerField()
    goods_fen = serializers.IntegerField()
    earned_fen = serializers.IntegerField(
        allow_null=True, help_text="after commissions frozen at the sale; null for all but the shop's owners"
    )


class DropOutSerializer(serializers.Serializer):
    """A time without picture."""

    began_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    seconds = serializers.IntegerField()


class ShowReportSerializer(serializers.Serializer):
    """A show in numbers, so far or in the end; paid orders that were not called off."""

    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    duration_seconds = serializers.IntegerField()
    peak_viewers = serializers.IntegerField()
    likes = serializers.IntegerField()
    orders = serializers.IntegerField()
    units = serializers.IntegerField()
    goods_fen = serializers.IntegerField()
    unpaid_orders = serializers.IntegerField()
    replay_orders = serializers.IntegerField(help_text="ordered from the replay")
    replay_fen = serializers.IntegerField()
    minutes = MinuteSerializer(many=True)
    products = ProductRowSerializer(many=True)
    farmers = FarmerRowSerializer(many=True)
    drop_outs = DropOutSerializer(many=True)
    dark_seconds = serializers.IntegerField()
