"""Shapes of after-sales cases in the API."""

from rest_framework import serializers

from orders.models import AfterSaleCase, AfterSaleEvent, AfterSaleLine, CaseOffer, CaseOfferLine
from orders.statuses import BUYER_REASONS, CaseKind
from shops.selectors import photo_url


class CaseLineSerializer(serializers.ModelSerializer):
    """Units of an order line, and the money asked back for them."""

    line = serializers.IntegerField(source="order_line_id", read_only=True)

    class Meta:
        model = AfterSaleLine
        fields = ["line", "quantity", "amount_fen", "cost_bearer"]
        read_only_fields = fields


class CaseEventSerializer(serializers.ModelSerializer):
    """One step: where to, by which side, in which words."""

    class Meta:
        model = AfterSaleEvent
        fields = ["status", "by", "text", "at"]
        read_only_fields = fields


class OfferLineSerializer(serializers.ModelSerializer):
    """Units of an order line, and the money offered for them."""

    line = serializers.IntegerField(source="order_line_id", read_only=True)

    class Meta:
        model = CaseOfferLine
        fields = ["line", "quantity", "amount_fen"]
        read_only_fields = fields


class OfferSerializer(serializers.ModelSerializer):
    """What the shop offered instead, and what became of it."""

    lines = OfferLineSerializer(many=True, read_only=True)

    class Meta:
        model = CaseOffer
        fields = ["id", "outcome", "asked_fen", "amount_fen", "text", "lines", "made_at", "settled_at"]
        read_only_fields = fields


class CaseSerializer(serializers.ModelSerializer):
    """A case, as its buyer and its shop see it."""

    order = serializers.CharField(source="order.number", read_only=True)
    lines = CaseLineSerializer(many=True, read_only=True)
    events = CaseEventSerializer(many=True, read_only=True)
    offers = OfferSerializer(many=True, read_only=True)
    photos = serializers.SerializerMethodField()

    class Meta:
        model = AfterSaleCase
        fields = [
            "id", "order", "kind", "reason", "status", "text", "lines", "amount_fen", "freight_fen", "photos",
            "reply", "return_carrier", "return_tracking_number", "is_restocked", "requested_at",
            "deadline_at", "appealed_at", "granted_at", "closed_at", "offers", "events",
        ]  # fmt: skip
        read_only_fields = fields

    def get_photos(self, case: AfterSaleCase) -> list[str]:
        """Return the addresses of the evidence that is ready."""
        return [url for one in case.evidence.all() if (url := photo_url(one.photo))]


class WantedBackSerializer(serializers.Serializer):
    """Units of an order line; `amount_fen` asks for less than was paid for them."""

    line = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    quantity = serializers.IntegerField(min_value=1, max_value=999)
    amount_fen = serializers.IntegerField(
        min_value=1, max_value=10**12, required=False, allow_null=True, default=None
    )


class OpenCaseSerializer(serializers.Serializer):
    """What is asked back, why, and the evidence."""

    kind = serializers.ChoiceField(choices=CaseKind.choices)
    reason = serializers.ChoiceField(choices=BUYER_REASONS)
    text = serializers.CharField(required=False, allow_blank=True, max_length=500, default="")
    lines = WantedBackSerializer(many=True, allow_empty=False, max_length=50)
    photos = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        default=list,
        max_length=9,
    )


class ApproveSerializer(serializers.Serializer):
    """Where to send the goods, or a kind word."""

    reply = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")


class RejectSerializer(serializers.Serializer):
    """Why not."""

    reason = serializers.CharField(max_length=300)


class ReturnParcelSerializer(serializers.Serializer):
    """The parcel with which the goods go back."""

    carrier = serializers.CharField(max_length=40)
    tracking_number = serializers.CharField(max_length=40)


class ReturnedSerializer(serializers.Serializer):
    """Whether the goods can be sold again."""

    restock = serializers.BooleanField(required=False, default=True)


class AppealSerializer(serializers.Serializer):
    """What the market should know."""

    text = serializers.CharField(max_length=500)


class OfferedLineSerializer(serializers.Serializer):
    """Units that the case is about, and the money offered for them."""

    line = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    quantity = serializers.IntegerField(min_value=1, max_value=999)
    amount_fen = serializers.IntegerField(min_value=1, max_value=10**12)


class OfferLessSerializer(serializers.Serializer):
    """What is offered instead, and a word to the buyer."""

    lines = OfferedLineSerializer(many=True, allow_empty=False, max_length=50)
    text = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")


class OfferChoiceSerializer(serializers.Serializer):
    """Which offer: another may have taken its place meanwhile."""

    offer = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
