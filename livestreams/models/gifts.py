"""Gifts: what viewers may give in a show, and what they gave."""

from django.conf import settings
from django.db import models

from livestreams.models.room import ChatMessage
from livestreams.models.sessions import LiveSession
from livestreams.statuses import GiftIcon, GiftStatus
from shops.models import Host


class GiftKind(models.Model):
    """Something on the market's list of gifts; the market keeps `platform_bp` of its price, hosts the rest.

    Gifts that were given keep what held when they were given.
    """

    name = models.CharField(max_length=20)
    icon = models.CharField(max_length=12, choices=GiftIcon, default=GiftIcon.GIFT)
    price_fen = models.BigIntegerField()
    platform_bp = models.PositiveIntegerField(default=0)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "price_fen", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["name"], name="gift_kind_name_once"),
            models.CheckConstraint(
                name="gift_kind_values_sane",
                condition=models.Q(price_fen__gt=0, price_fen__lte=1_000_000, platform_bp__lte=5_000),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Gift(models.Model):
    """What one viewer gave in one show; it is there for others only once it is paid."""

    session = models.ForeignKey(LiveSession, on_delete=models.PROTECT, related_name="gifts")
    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="gifts")
    giver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="gifts")
    kind = models.ForeignKey(GiftKind, on_delete=models.PROTECT, related_name="gifts")
    name = models.CharField(max_length=20)
    quantity = models.PositiveSmallIntegerField()
    amount_fen = models.BigIntegerField()
    platform_fen = models.BigIntegerField()
    status = models.CharField(max_length=10, choices=GiftStatus, default=GiftStatus.PENDING)
    # Its line in the room.
    message = models.OneToOneField(ChatMessage, null=True, blank=True, on_delete=models.SET_NULL)
    # Its place in the picture, once the replay is made.
    media_time_ms = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="gift_values_sane",
                condition=models.Q(
                    quantity__gt=0, amount_fen__gt=0, platform_fen__gte=0,
                    platform_fen__lte=models.F("amount_fen"),
                ),
            ),
            models.CheckConstraint(
                name="gift_paid_at",
                condition=models.Q(status__in=["pending", "expired"], paid_at=None)
                | (~models.Q(status__in=["pending", "expired"]) & models.Q(paid_at__isnull=False)),
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["giver", "created_at"], name="gift_of_person"),
            models.Index(fields=["expires_at"], name="gift_unpaid", condition=models.Q(status="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.name} × {self.quantity}"

    @property
    def host_fen(self) -> int:
        """Return the part of the host."""
        return self.amount_fen - self.platform_fen
