"""Flash deals: a live-only price for a bounded quantity in a short window (decisions.md 10)."""

from django.conf import settings
from django.db import models

from livestreams.models.sessions import LiveSession, RundownItem
from livestreams.statuses import DEAL_OPEN, DealStatus
from shops.models import DealStock


class FlashDeal(models.Model):
    """One deal of a session, on the server's clock.

    `starts_at` and `ends_at` are set when it is started: `countdown_seconds` from then, and `seconds` after
    that. Its units are in `stock` from the countdown on, and nowhere before.
    """

    session = models.ForeignKey(LiveSession, on_delete=models.PROTECT, related_name="deals")
    rundown_item = models.ForeignKey(RundownItem, on_delete=models.PROTECT, related_name="deals")
    stock = models.OneToOneField(
        DealStock, null=True, blank=True, on_delete=models.PROTECT, related_name="deal"
    )
    status = models.CharField(max_length=10, choices=DealStatus, default=DealStatus.SCHEDULED)
    price_fen = models.BigIntegerField()
    quantity = models.PositiveIntegerField()
    per_buyer = models.PositiveIntegerField(null=True, blank=True)
    countdown_seconds = models.PositiveSmallIntegerField(default=0)
    seconds = models.PositiveIntegerField()
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # The place of its beginning in the picture, once the replay is made.
    media_time_ms = models.BigIntegerField(null=True, blank=True)
    end_reason = models.CharField(max_length=20, blank=True)  # time, stopped, session
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["session", "-id"], name="deals_of_session")]
        constraints = [
            models.CheckConstraint(
                name="deal_values_sane",
                condition=models.Q(price_fen__gt=0, quantity__gt=0, seconds__gt=0)
                & (models.Q(per_buyer=None) | models.Q(per_buyer__gt=0)),
            ),
            models.CheckConstraint(
                name="deal_open_has_stock",
                condition=~models.Q(status__in=sorted(DEAL_OPEN)) | models.Q(stock__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["rundown_item"],
                name="deal_one_open",
                condition=models.Q(status__in=sorted(DEAL_OPEN)),
            ),
        ]

    def __str__(self) -> str:
        return f"deal {self.pk} in {self.session_id}"
