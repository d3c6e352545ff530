"""Shapes of the book for the API. Debits are positive, credits negative, in fen."""

from rest_framework import serializers

from ledger.models import LedgerAccount
from ledger.statuses import Kind, OwnerKind, Purpose


class AccountSerializer(serializers.ModelSerializer):
    """An account; `balance_fen` is null for busy ones of the market, which are summed."""

    purpose = serializers.ChoiceField(choices=Purpose.choices)
    owner_kind = serializers.ChoiceField(choices=OwnerKind.choices)

    class Meta:
        model = LedgerAccount
        fields = ["id", "purpose", "owner_kind", "owner_id", "balance_fen"]


class WindowSerializer(serializers.Serializer):
    """From when on, and until when."""

    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class AccountEntrySerializer(serializers.Serializer):
    """One entry, and what the account held after it."""

    posted_at = serializers.DateTimeField(source="entry.transaction.posted_at")
    kind = serializers.ChoiceField(source="entry.transaction.kind", choices=Kind.choices)
    document = serializers.CharField(source="entry.source")
    transaction = serializers.IntegerField(source="entry.transaction_id")
    amount_fen = serializers.IntegerField(source="entry.amount_fen")
    balance_fen = serializers.IntegerField()


class AccountStatementSerializer(serializers.Serializer):
    """An account between two instants: opening + Σ entries = closing."""

    account = AccountSerializer()
    opening_fen = serializers.IntegerField()
    closing_fen = serializers.IntegerField()
    entries = AccountEntrySerializer(source="rows", many=True)


class MonthSerializer(serializers.Serializer):
    """What was earned in one month of the village's calendar."""

    first_day = serializers.DateField()
    amount_fen = serializers.IntegerField()


class EarningsSerializer(serializers.Serializer):
    """A payee's money now: see `payouts.selectors.earnings.Earnings`."""

    is_payee = serializers.BooleanField(source="earnings.is_payee")
    today_fen = serializers.IntegerField(source="earnings.today_fen")
    period_fen = serializers.IntegerField(source="earnings.period_fen")
    coming_fen = serializers.IntegerField(source="earnings.coming_fen")
    carried_fen = serializers.IntegerField(source="earnings.carried_fen")
    waiting_fen = serializers.IntegerField(source="earnings.waiting_fen")
    expected_fen = serializers.IntegerField(source="earnings.expected_fen")
    closes_at = serializers.DateTimeField(source="earnings.closes_at", allow_null=True)
    months = MonthSerializer(many=True)
