"""One purchase paid once (group), one order per shop, lines that freeze what was agreed."""

from django.conf import settings
from django.db import models

from common.money import money_text
from livestreams.models import FlashDeal, LiveSession, PinEvent
from orders.statuses import CommissionKind, OrderStatus
from shops.models import Farmer, Host, Shop, StockReservation, TermSheet, Variant


class OrderGroup(models.Model):
    """One purchase, paid once; `expires_at` bounds how long its units are held."""

    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="order_groups")
    total_fen = models.BigIntegerField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(total_fen__gt=0), name="group_total_positive")
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class OrderQuerySet(models.QuerySet):
    """Scopes of orders."""

    def for_buyer(self, user):
        """Return the person's own purchases."""
        return self.filter(group__buyer=user)

    def for_member(self, user):
        """Return orders of shops the person works in."""
        return self.filter(shop__memberships__user=user).distinct()


class Order(models.Model):
    """What one shop owes one buyer. The address is a copy: later edits of the address book change nothing."""

    number = models.CharField(max_length=20, unique=True)
    group = models.ForeignKey(OrderGroup, on_delete=models.PROTECT, related_name="orders")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="orders")
    status = models.CharField(max_length=16, choices=OrderStatus, default=OrderStatus.PENDING_PAYMENT)
    goods_fen = models.BigIntegerField()
    freight_fen = models.BigIntegerField()
    total_fen = models.BigIntegerField()
    # What the coupon of the purchase took off these goods; its campaign says who bears it.
    discount_fen = models.BigIntegerField(default=0, db_default=0)
    coupon = models.ForeignKey(
        "orders.CouponClaim", null=True, blank=True, on_delete=models.PROTECT, related_name="orders"
    )
    captured_fen = models.BigIntegerField(default=0)
    refund_requested_fen = models.BigIntegerField(default=0)
    recipient = models.CharField(max_length=60)
    phone = models.CharField(max_length=20)
    region_code = models.CharField(max_length=6, blank=True)
    region = models.CharField(max_length=120)
    address = models.CharField(max_length=200)
    note = models.CharField(max_length=200, blank=True)
    placed_at = models.DateTimeField()
    # Set when the buyer chose to pay in cash on delivery; such an order is captured when the cash is noted.
    confirmed_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    shipped_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    # The buyer asked once for more time to look at the goods before the order completes by itself.
    receive_extended_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=200, blank=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="order_sums",
                condition=models.Q(
                    goods_fen__gt=0,
                    freight_fen__gte=0,
                    total_fen=models.F("goods_fen") + models.F("freight_fen") - models.F("discount_fen"),
                ),
            ),
            models.CheckConstraint(
                name="order_discount_by_coupon",
                condition=models.Q(discount_fen=0, coupon=None)
                | models.Q(
                    discount_fen__gt=0,
                    discount_fen__lte=models.F("goods_fen"),
                    total_fen__gt=0,
                    coupon__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="order_refund_within_captured",
                condition=models.Q(
                    refund_requested_fen__gte=0,
                    captured_fen__gte=0,
                    refund_requested_fen__lte=models.F("captured_fen"),
                ),
            ),
        ]
        indexes = [models.Index(fields=["shop", "status", "-placed_at"], name="order_desk")]

    def __str__(self) -> str:
        return self.number

    @property
    def is_cash_due(self) -> bool:
        """Whether the buyer pays at the door and has not yet."""
        return self.confirmed_at is not None and not self.captured_fen


class OrderLine(models.Model):
    """A frozen line: name, price, whose goods, and which moment of which session sold it."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="order_lines")
    farmer = models.ForeignKey(
        Farmer, null=True, blank=True, on_delete=models.PROTECT, related_name="order_lines"
    )
    reservation = models.OneToOneField(
        StockReservation, null=True, blank=True, on_delete=models.PROTECT, related_name="order_line"
    )
    # On which terms of which farmers it was sold; only where many share the stock.
    term_sheet = models.ForeignKey(
        TermSheet, null=True, blank=True, on_delete=models.PROTECT, related_name="order_lines"
    )
    title = models.CharField(max_length=80)
    variant_name = models.CharField(max_length=40)
    price_fen = models.BigIntegerField()
    quantity = models.PositiveIntegerField()
    total_fen = models.BigIntegerField()
    discount_fen = models.BigIntegerField(default=0, db_default=0)
    live_session = models.ForeignKey(
        LiveSession, null=True, blank=True, on_delete=models.PROTECT, related_name="order_lines"
    )
    pin_event = models.ForeignKey(
        PinEvent, null=True, blank=True, on_delete=models.PROTECT, related_name="order_lines"
    )
    flash_deal = models.ForeignKey(
        FlashDeal, null=True, blank=True, on_delete=models.PROTECT, related_name="order_lines"
    )
    # What open and granted after-sales cases hold of this line: units, and what was paid for these.
    after_sale_units = models.PositiveIntegerField(default=0, db_default=0)
    after_sale_fen = models.BigIntegerField(default=0, db_default=0)
    # Handed to carriers so far, and given back before they were ever sent; each moves in one statement.
    shipped_units = models.PositiveIntegerField(default=0, db_default=0)
    withdrawn_units = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="order_line_sent_within_bought",
                condition=models.Q(quantity__gte=models.F("shipped_units") + models.F("withdrawn_units")),
            ),
            models.CheckConstraint(
                name="order_line_after_sale_within_paid",
                condition=models.Q(
                    after_sale_units__lte=models.F("quantity"),
                    after_sale_fen__gte=0,
                    after_sale_fen__lte=models.F("total_fen") - models.F("discount_fen"),
                ),
            ),
            models.CheckConstraint(
                name="order_line_sums",
                condition=models.Q(
                    quantity__gte=1,
                    quantity__lte=999,
                    price_fen__gt=0,
                    total_fen=models.F("price_fen") * models.F("quantity"),
                    discount_fen__gte=0,
                    discount_fen__lte=models.F("total_fen"),
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} × {self.quantity}"

    @property
    def paid_fen(self) -> int:
        """What the buyer pays for the line: the price without what the coupon took off."""
        return self.total_fen - self.discount_fen

    @property
    def units_to_send(self) -> int:
        """How many units still have to be handed to a carrier."""
        return self.quantity - self.shipped_units - self.withdrawn_units


class CommissionLine(models.Model):
    """A share of a line, frozen at sale: fen and the rate it came from."""

    order_line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="commissions")
    kind = models.CharField(max_length=10, choices=CommissionKind)
    host = models.ForeignKey(
        Host, null=True, blank=True, on_delete=models.PROTECT, related_name="commission_lines"
    )
    rate_bp = models.PositiveIntegerField()
    amount_fen = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order_line", "kind"], name="commission_once"),
            models.CheckConstraint(condition=models.Q(amount_fen__gte=0), name="commission_not_negative"),
            models.CheckConstraint(
                name="commission_payee",
                condition=models.Q(kind="host", host__isnull=False) | models.Q(kind="platform", host=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {money_text(self.amount_fen)}"
