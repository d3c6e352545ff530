"""Tallies: what one payee earned in one period, line by line."""

from django.conf import settings
from django.db import models

from common.money import money_text
from ledger.models import LedgerEntry
from orders.models import OrderLine
from payouts.models.payee import exactly_one_payee
from payouts.models.periods import SettlementPeriod
from payouts.statuses import LineKind, StatementStatus
from shops.models import Farmer, Host, Shop


class PayoutStatementQuerySet(models.QuerySet):
    """Scopes of statements."""

    def for_payee(self, user):
        """Return the statements of the person as farmer, host or shop owner."""
        return self.filter(
            models.Q(farmer__user=user)
            | models.Q(host__user=user)
            | models.Q(payee_shop__memberships__user=user, payee_shop__memberships__role="owner")
        ).distinct()

    def for_shop_owner(self, user):
        """Return the farmers' statements in periods of shops that the person owns, who prints them."""
        return self.filter(
            farmer__isnull=False,
            period__shop__memberships__user=user,
            period__shop__memberships__role="owner",
        ).distinct()

    def visible_to(self, user):
        """Return the person's own statements and those that they print for their farmers."""
        own = self.model.objects.for_payee(user).values("pk")
        printed = self.model.objects.for_shop_owner(user).values("pk")
        return self.filter(models.Q(pk__in=own) | models.Q(pk__in=printed))


class PayoutStatement(models.Model):
    """The payout tally of one payee in one period; net = gross - commission - fee + freight + the rest."""

    period = models.ForeignKey(SettlementPeriod, on_delete=models.PROTECT, related_name="statements")
    farmer = models.ForeignKey(
        Farmer, null=True, blank=True, on_delete=models.PROTECT, related_name="statements"
    )
    host = models.ForeignKey(Host, null=True, blank=True, on_delete=models.PROTECT, related_name="statements")
    payee_shop = models.ForeignKey(
        Shop, null=True, blank=True, on_delete=models.PROTECT, related_name="statements"
    )
    # As it was when the tally was made: a later change of name changes no paper.
    payee_name = models.CharField(max_length=80, blank=True)
    code = models.CharField(max_length=20, unique=True)
    status = models.CharField(max_length=10, choices=StatementStatus, default=StatementStatus.DRAFT)
    gross_fen = models.BigIntegerField(default=0)
    commission_fen = models.BigIntegerField(default=0)
    platform_fee_fen = models.BigIntegerField(default=0)
    freight_fen = models.BigIntegerField(default=0)
    # Coupons that the payee pays for: below zero.
    coupon_fen = models.BigIntegerField(default=0)
    # What cases took back after the sale: below zero, but for a coupon that came back with the goods.
    refund_fen = models.BigIntegerField(default=0)
    # What viewers gave, less what went back; the market's part of it is in `platform_fee_fen`.
    gift_fen = models.BigIntegerField(default=0)
    correction_fen = models.BigIntegerField(default=0)
    carried_fen = models.BigIntegerField(default=0)
    carried_from = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="carried_into"
    )
    net_fen = models.BigIntegerField(default=0)
    issued_at = models.DateTimeField(null=True, blank=True)
    # SHA-256 over everything above and every line: what the check page compares (payouts/selectors/seals.py).
    seal = models.CharField(max_length=64, blank=True)

    objects = PayoutStatementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=exactly_one_payee(), name="statement_one_payee"),
            models.CheckConstraint(
                name="statement_adds_up",
                condition=models.Q(
                    net_fen=models.F("gross_fen")
                    - models.F("commission_fen")
                    - models.F("platform_fee_fen")
                    + models.F("freight_fen")
                    + models.F("coupon_fen")
                    + models.F("refund_fen")
                    + models.F("gift_fen")
                    + models.F("correction_fen")
                    + models.F("carried_fen")
                ),
            ),
            models.CheckConstraint(
                name="statement_carries_debt_only",
                condition=models.Q(carried_from=None, carried_fen=0)
                | models.Q(carried_from__isnull=False, carried_fen__lt=0),
            ),
            models.UniqueConstraint(fields=["period", "farmer"], name="statement_farmer_once"),
            models.UniqueConstraint(fields=["period", "host"], name="statement_host_once"),
            models.UniqueConstraint(fields=["period", "payee_shop"], name="statement_shop_once"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def payee(self) -> Farmer | Host | Shop:
        """Return who is paid."""
        return self.farmer or self.host or self.payee_shop

    @property
    def name(self) -> str:
        """Return the payee's name as the paper says it."""
        return self.payee_name or self.payee.name


class StatementQuestion(models.Model):
    """What a payee, or the shop that prints for them, does not agree with, and what an operator answers."""

    statement = models.ForeignKey(PayoutStatement, on_delete=models.PROTECT, related_name="questions")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.CharField(max_length=500)
    asked_at = models.DateTimeField()
    answer = models.CharField(max_length=500, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["statement"], name="question_one_open", condition=models.Q(answered_at=None)
            ),
            models.CheckConstraint(
                name="question_answered_by_name",
                condition=models.Q(answered_at=None, answered_by=None, answer="")
                | models.Q(answered_at__isnull=False, answered_by__isnull=False) & ~models.Q(answer=""),
            ),
        ]

    def __str__(self) -> str:
        return self.text[:40]


class StatementLine(models.Model):
    """One payable ledger entry, claimed once for ever. Of sales and gifts gross - commission - fee = amount.

    Written by hundreds of thousands from the book itself, whose entries nobody can delete: what they point at
    is not looked up and locked again row by row. The database refuses any later change, and lines without
    a statement (migration 0005).
    """

    statement = models.ForeignKey(
        PayoutStatement, on_delete=models.PROTECT, related_name="lines", db_constraint=False
    )
    # Its key: millions of lines keep one index for "once for ever" and need none for a number of their own.
    entry = models.OneToOneField(
        LedgerEntry,
        primary_key=True,
        on_delete=models.PROTECT,
        related_name="statement_line",
        db_constraint=False,
    )
    kind = models.CharField(max_length=16, choices=LineKind)
    order_line = models.ForeignKey(
        OrderLine,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="statement_lines",
        db_constraint=False,
        db_index=False,  # from an order line to its tallies the way leads over the entries of the book
    )
    order_number = models.CharField(max_length=20, blank=True)
    gross_fen = models.BigIntegerField(default=0)
    commission_fen = models.BigIntegerField(default=0)
    platform_fee_fen = models.BigIntegerField(default=0)
    amount_fen = models.BigIntegerField()
    posted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {money_text(self.amount_fen)}"
