"""Periods of a shop's book."""

from datetime import datetime, timedelta

from django.db import models
from django.utils.formats import date_format, get_format
from django.utils.timezone import localtime

from payouts.statuses import PeriodLength, PeriodStatus
from shops.models import Shop


class SettlementRhythm(models.Model):
    """How often a shop settles with its farmers; without a row every week."""

    shop = models.OneToOneField(Shop, on_delete=models.PROTECT, related_name="settlement_rhythm")
    length = models.CharField(max_length=5, choices=PeriodLength, default=PeriodLength.WEEK)

    def __str__(self) -> str:
        return f"{self.shop}: {self.get_length_display()}"


class SettlementPeriod(models.Model):
    """A span of a shop's (co-operative's) book: starts_at ≤ posted < ends_at."""

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="periods")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=PeriodStatus, default=PeriodStatus.OPEN)
    closed_at = models.DateTimeField(null=True, blank=True)
    # The oldest database transaction that was still under way when the closing began: what that one or a
    # later one wrote may have been unseen, so the next closing looks there again (decisions.md 14).
    seen_before = models.BigIntegerField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "starts_at"], name="period_start_once"),
            models.UniqueConstraint(
                fields=["shop"], name="period_one_open", condition=models.Q(status="open")
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="period_forward"
            ),
        ]

    def __str__(self) -> str:
        """Return its days, the year once: 2026年11月16日 – 11月22日, 16 Nov – 22 Nov 2026."""
        first, last = localtime(self.starts_at), localtime(self.last_moment)
        says_year_first = get_format("DATE_FORMAT").startswith("Y")
        same_year = first.year == last.year
        begin = "MONTH_DAY_FORMAT" if same_year and not says_year_first else "DATE_FORMAT"
        end = "MONTH_DAY_FORMAT" if same_year and says_year_first else "DATE_FORMAT"
        return f"{date_format(first, begin)} – {date_format(last, end)}"

    @property
    def last_moment(self) -> datetime:
        """Return an instant on the last day that belongs to the period, for showing."""
        return self.ends_at - timedelta(seconds=1)
