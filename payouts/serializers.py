"""Shapes of statements in the API. Money is integer fen."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from livestreams.models import Gift
from payouts.models import Payout, PayoutStatement, StatementLine
from payouts.selectors.statements import lots_of, note_of, replay_seconds
from payouts.statuses import LineKind, PayoutStatus, PeriodStatus, StatementStatus


class PayeeSerializer(serializers.Serializer):
    """Who is paid."""

    kind = serializers.ChoiceField(choices=["farmer", "host", "shop"])
    id = serializers.IntegerField()
    name = serializers.CharField()


class StatementShopSerializer(serializers.Serializer):
    """The shop whose period it is."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class StatementPeriodSerializer(serializers.Serializer):
    """The span of the statement: starts_at ≤ posted < ends_at."""

    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    status = serializers.ChoiceField(choices=PeriodStatus.choices)


class StatementPayoutSerializer(serializers.ModelSerializer):
    """The sending of the money."""

    status = serializers.ChoiceField(choices=PayoutStatus.choices)

    class Meta:
        model = Payout
        fields = ["status", "amount_fen", "method", "paid_at"]


class QuestionSerializer(serializers.Serializer):
    """What a payee does not agree with."""

    text = serializers.CharField(max_length=500)


class PayoutStatementSerializer(serializers.ModelSerializer):
    """A tally: net = gross - commission - fee + freight + coupon + refund + correction + carried."""

    shop = StatementShopSerializer(source="period.shop")
    period = StatementPeriodSerializer()
    payee = serializers.SerializerMethodField()
    status = serializers.ChoiceField(choices=StatementStatus.choices)
    payout = serializers.SerializerMethodField()

    class Meta:
        model = PayoutStatement
        fields = [
            "id",
            "code",
            "status",
            "shop",
            "period",
            "payee",
            "gross_fen",
            "commission_fen",
            "platform_fee_fen",
            "freight_fen",
            "coupon_fen",
            "refund_fen",
            "gift_fen",
            "correction_fen",
            "carried_fen",
            "net_fen",
            "issued_at",
            "payout",
        ]

    @extend_schema_field(PayeeSerializer)
    def get_payee(self, statement: PayoutStatement) -> dict:
        """Return the kind, id and name of the payee."""
        kind = "farmer" if statement.farmer_id else "host" if statement.host_id else "shop"
        return {"kind": kind, "id": statement.payee.pk, "name": statement.name}

    @extend_schema_field(StatementPayoutSerializer(allow_null=True))
    def get_payout(self, statement: PayoutStatement) -> dict | None:
        """Return the payout, or null where nothing is paid."""
        payout = getattr(statement, "payout", None)
        return StatementPayoutSerializer(payout).data if payout else None


class TakingSerializer(serializers.Serializer):
    """Money that waits in WeChat; `package` opens the page there for the person it was sent to."""

    merchant_id = serializers.CharField(source="merchant")
    app_id = serializers.CharField(source="app")
    package = serializers.CharField(source="transfer.package")
    amount_fen = serializers.IntegerField(source="transfer.amount_fen")
    sent_at = serializers.DateTimeField(source="transfer.to_confirm_at")


class StatementLineSerializer(serializers.ModelSerializer):
    """One line; `replay_second` is where the replay shows the goods that were sold."""

    id = serializers.IntegerField(source="entry_id")
    kind = serializers.ChoiceField(choices=LineKind.choices)
    title = serializers.SerializerMethodField()
    quantity = serializers.SerializerMethodField()
    live_session = serializers.SerializerMethodField()
    replay_second = serializers.SerializerMethodField()
    lots = serializers.SerializerMethodField()
    note = serializers.SerializerMethodField()

    class Meta:
        model = StatementLine
        fields = [
            "id",
            "kind",
            "posted_at",
            "order_number",
            "title",
            "quantity",
            "gross_fen",
            "commission_fen",
            "platform_fee_fen",
            "amount_fen",
            "live_session",
            "replay_second",
            "lots",
            "note",
        ]

    def get_title(self, line: StatementLine) -> str:
        """Return what was sold or given."""
        gift, sold = self._gift(line), line.order_line
        return gift.name if gift else sold.title if sold else ""

    def get_quantity(self, line: StatementLine) -> int | None:
        """Return how many, or null."""
        gift, sold = self._gift(line), line.order_line
        return gift.quantity if gift else sold.quantity if sold else None

    def get_live_session(self, line: StatementLine) -> int | None:
        """Return the show, or null."""
        gift, sold = self._gift(line), line.order_line
        return gift.session_id if gift else sold.live_session_id if sold else None

    def get_replay_second(self, line: StatementLine) -> int | None:
        """Return the second of the replay, or null."""
        return replay_seconds(line, self._gift(line))

    def get_lots(self, line: StatementLine) -> list[str]:
        """Return the codes of the payee's lots that were sold."""
        return lots_of(line)

    def get_note(self, line: StatementLine) -> str:
        """Return why money went back or was corrected, or nothing."""
        return note_of(line)

    def _gift(self, line: StatementLine) -> Gift | None:
        # The door gives the gifts of a page at once.
        return self.context.get("gifts", {}).get(line.entry_id)
