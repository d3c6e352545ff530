"""Shapes of carts and orders in the API."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from orders.carriers.catalogue import tracking_link
from orders.models import CartLine, Order, OrderLine, Shipment, ShipmentLine, TrackingEvent
from orders.services.placing import MAX_LINES, NOTE_MAX
from orders.services.pricing import WantedLine
from orders.statuses import Carrier

SOURCE_MAX = 2000


def _quantity() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=settings.ORDER_LINE_MAX_QUANTITY)


def _pk() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class WantedLineSerializer(serializers.Serializer):
    """A variant and how many; a price sent along is ignored (rules.md A4)."""

    variant = _pk()
    quantity = _quantity()


class PlaceLineSerializer(WantedLineSerializer):
    """A line to order, at the price of a flash deal when it names one."""

    deal = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=2**63 - 1
    )


class ShopNoteSerializer(serializers.Serializer):
    """A word to one shop of the purchase."""

    shop = _pk()
    note = serializers.CharField(allow_blank=True, max_length=NOTE_MAX)


class PlaceOrderSerializer(serializers.Serializer):
    """What to order, where to send it, and which moment sold it.

    `note` is a word to the shop when all is bought in one; `notes` are words to single shops.
    """

    lines = PlaceLineSerializer(many=True, allow_empty=False, max_length=MAX_LINES)
    address = _pk()
    source = serializers.CharField(required=False, allow_blank=True, max_length=SOURCE_MAX, default="")
    note = serializers.CharField(required=False, allow_blank=True, max_length=NOTE_MAX, default="")
    notes = ShopNoteSerializer(many=True, required=False, max_length=MAX_LINES, default=list)
    coupon = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=2**63 - 1
    )

    def validate_notes(self, notes: list[dict]) -> list[dict]:
        """Refuse two words to one shop."""
        if len({said["shop"] for said in notes}) < len(notes):
            raise serializers.ValidationError(_("Name each shop once."))
        return notes


def wish_of(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what a valid body asks for as `place_order` and `quote_lines` take it."""
    return {
        "lines": [
            WantedLine(line["variant"], line["quantity"], deal_id=line["deal"]) for line in wanted["lines"]
        ],
        "address_id": wanted["address"],
        "source": wanted["source"],
        "note": wanted["note"],
        "notes": {said["shop"]: said["note"] for said in wanted["notes"]},
    }


class PlacedOrderSerializer(serializers.Serializer):
    """One order of a purchase."""

    number = serializers.CharField()
    shop = serializers.IntegerField()
    total_fen = serializers.IntegerField()


class PlacedSerializer(serializers.Serializer):
    """A purchase whose goods are held until `expires_at`."""

    group = serializers.IntegerField()
    orders = PlacedOrderSerializer(many=True)
    total_fen = serializers.IntegerField()
    expires_at = serializers.DateTimeField()


class GrantSerializer(serializers.Serializer):
    """Where to order, with `order_token` in `Authorization: Bearer`, until when."""

    order_url = serializers.CharField()
    order_token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class OrderLineSerializer(serializers.ModelSerializer):
    """A frozen line."""

    class Meta:
        model = OrderLine
        fields = [
            "id", "variant", "title", "variant_name", "price_fen", "quantity", "total_fen", "farmer",
            "discount_fen", "live_session", "pin_event", "flash_deal", "shipped_units", "withdrawn_units",
        ]  # fmt: skip
        read_only_fields = fields


class ShipmentLineSerializer(serializers.ModelSerializer):
    """Units of an order line in a parcel."""

    class Meta:
        model = ShipmentLine
        fields = ["line", "quantity"]
        read_only_fields = fields


class TrackingEventSerializer(serializers.ModelSerializer):
    """A point of a parcel's way."""

    class Meta:
        model = TrackingEvent
        fields = ["state", "words", "happened_at"]
        read_only_fields = fields


class ShipmentSerializer(serializers.ModelSerializer):
    """A parcel: what lies in it, and its way so far."""

    lines = ShipmentLineSerializer(many=True, read_only=True)
    events = TrackingEventSerializer(many=True, read_only=True)
    link = serializers.SerializerMethodField()

    class Meta:
        model = Shipment
        fields = [
            "id", "status", "carrier", "tracking_number", "link", "problem", "lines", "events",
            "shipped_at", "delivered_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_link(self, shipment: Shipment) -> str:
        """Where the carrier shows the parcel."""
        return tracking_link(shipment.carrier, shipment.tracking_number)


class OrderSerializer(serializers.ModelSerializer):
    """An order, as its buyer and its shop see it."""

    lines = OrderLineSerializer(many=True, read_only=True)
    shipments = ShipmentSerializer(many=True, read_only=True)

    class Meta:
        model = Order
        fields = [
            "number", "group", "shop", "status", "lines", "shipments", "goods_fen", "freight_fen",
            "discount_fen",
            "total_fen", "refund_requested_fen", "recipient", "phone", "region", "address", "note",
            "placed_at", "confirmed_at", "paid_at", "shipped_at", "delivered_at", "completed_at",
            "cancelled_at", "cancel_reason",
        ]  # fmt: skip
        read_only_fields = fields


class PackedSerializer(serializers.Serializer):
    """How many units of an order line lie in the parcel."""

    line = _pk()
    quantity = _quantity()


class ShipSerializer(serializers.Serializer):
    """Which parcel carries the order, or some of its units."""

    carrier = serializers.ChoiceField(choices=Carrier.choices)
    tracking_number = serializers.CharField(max_length=40)
    lines = PackedSerializer(many=True, required=False, default=list, max_length=MAX_LINES)


class CancelSerializer(serializers.Serializer):
    """A shop may say why."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")


class CartLineSerializer(serializers.ModelSerializer):
    """A line of the cart, with today's price and stock."""

    title = serializers.CharField(source="variant.product.title", read_only=True)
    variant_name = serializers.CharField(source="variant.name", read_only=True)
    price_fen = serializers.IntegerField(source="variant.price_fen", read_only=True)

    class Meta:
        model = CartLine
        fields = ["id", "variant", "quantity", "title", "variant_name", "price_fen", "price_seen_fen"]
        read_only_fields = fields


class AddCartLineSerializer(WantedLineSerializer):
    """A variant to put aside."""

    source = serializers.CharField(required=False, allow_blank=True, max_length=SOURCE_MAX, default="")


class SetQuantitySerializer(serializers.Serializer):
    """How many are wanted now."""

    quantity = _quantity()
