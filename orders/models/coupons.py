"""Coupons: what a shop, a host or the market gives away, and the ones that people hold."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from livestreams.models import LiveSession
from orders.statuses import CouponBearer, CouponStatus
from shops.models import Host, Shop


class CouponCampaignQuerySet(models.QuerySet):
    """Scopes of campaigns."""

    def for_member(self, user):
        """Return campaigns of shops that the person works in, and those that the person bears as host."""
        mine = Q(shop__memberships__user=user) | Q(host__user=user)
        return self.filter(mine).distinct()


class CouponCampaign(models.Model):
    """Terms of a coupon, never edited once made, so that whoever took one keeps what was promised.

    Takes `amount_off_fen` off, or `percent_off` percent up to `cap_fen`, once the goods it holds for come to
    `minimum_fen`. Without a shop it is the market's and holds for every shop. Who bears the cost is named
    here; a farmer never does (features.md M2): their part is counted from the price without the coupon.
    """

    shop = models.ForeignKey(
        Shop, null=True, blank=True, on_delete=models.PROTECT, related_name="coupon_campaigns"
    )
    host = models.ForeignKey(
        Host, null=True, blank=True, on_delete=models.PROTECT, related_name="coupon_campaigns"
    )
    live_session = models.ForeignKey(
        LiveSession, null=True, blank=True, on_delete=models.PROTECT, related_name="coupon_campaigns"
    )
    title = models.CharField(max_length=40)
    cost_bearer = models.CharField(max_length=10, choices=CouponBearer)
    amount_off_fen = models.BigIntegerField(null=True, blank=True)
    percent_off = models.PositiveSmallIntegerField(null=True, blank=True)
    cap_fen = models.BigIntegerField(null=True, blank=True)
    minimum_fen = models.BigIntegerField()
    total = models.PositiveIntegerField()
    per_person = models.PositiveSmallIntegerField(default=1)
    claimed = models.PositiveIntegerField(default=0)
    is_live_only = models.BooleanField(default=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    # When the host last held it up in the room; what was never offered there is found on the desk only.
    offered_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    objects = CouponCampaignQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="campaign_claimed_within_total",
                condition=Q(total__gte=1, claimed__gte=0, claimed__lte=F("total")),
            ),
            models.CheckConstraint(
                name="campaign_per_person_sane", condition=Q(per_person__gte=1, per_person__lte=20)
            ),
            models.CheckConstraint(
                # Always less than the goods cost: nothing is ever given away whole.
                name="campaign_amount_or_percent",
                condition=Q(
                    amount_off_fen__isnull=False,
                    amount_off_fen__gte=1,
                    amount_off_fen__lt=F("minimum_fen"),
                    percent_off=None,
                    cap_fen=None,
                )
                | Q(
                    amount_off_fen=None,
                    percent_off__isnull=False,
                    percent_off__gte=1,
                    percent_off__lte=90,
                    cap_fen__isnull=False,
                    cap_fen__gte=1,
                    minimum_fen__gte=1,
                ),
            ),
            models.CheckConstraint(name="campaign_window", condition=Q(ends_at__gt=F("starts_at"))),
            models.CheckConstraint(
                name="campaign_bearer",
                condition=Q(cost_bearer="shop", shop__isnull=False, host=None)
                | Q(cost_bearer="host", host__isnull=False, live_session__isnull=False)
                | Q(cost_bearer="platform", host=None),
            ),
            models.CheckConstraint(
                name="campaign_session_is_live_only", condition=Q(live_session=None) | Q(is_live_only=True)
            ),
        ]
        indexes = [models.Index(fields=["live_session", "ends_at"], name="campaign_room")]

    def __str__(self) -> str:
        return self.title

    @property
    def left(self) -> int:
        """How many can still be taken."""
        return self.total - self.claimed


class CouponClaimQuerySet(models.QuerySet):
    """Scopes of coupons."""

    def for_user(self, user):
        """Return the coupons that the person took."""
        return self.filter(user=user)


class CouponClaim(models.Model):
    """One coupon of one person; `number` counts theirs of a campaign. `group` is the purchase that has it."""

    campaign = models.ForeignKey(CouponCampaign, on_delete=models.PROTECT, related_name="claims")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="coupons")
    number = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=10, choices=CouponStatus, default=CouponStatus.CLAIMED)
    group = models.OneToOneField(
        "orders.OrderGroup", null=True, blank=True, on_delete=models.PROTECT, related_name="coupon"
    )
    claimed_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    objects = CouponClaimQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "user", "number"], name="coupon_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="coupon_number_positive"),
            models.CheckConstraint(
                name="coupon_of_a_purchase",
                condition=Q(status__in=["held", "used"], group__isnull=False)
                | Q(status__in=["claimed", "returned", "expired"], group=None),
            ),
        ]
        indexes = [
            models.Index(fields=["user", "status"], name="coupon_of_user"),
            models.Index(
                fields=["valid_until"], name="coupon_due", condition=Q(status__in=["claimed", "returned"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.user_id}/{self.number}"
