"""Who grows, who sells, who presents, and on which terms."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import Contact
from shops.models.scores import mean_stars, stars_fit_reviews
from shops.statuses import AuthorizationStatus, HostStatus, ShopRole, ShopStanding, ShopStatus

GIVEN_FROM = 3


def in_own_language(chinese: str, english: str) -> str:
    """Return the English name to people who read English, where there is one."""
    return english if english and (get_language() or "").startswith("en") else chinese


class Village(models.Model):
    """A place; `region_code` is the county's GB/T 2260 code, coordinates are WGS 84 degrees."""

    name = models.CharField(max_length=60)
    name_en = models.CharField(max_length=60, blank=True)
    county = models.CharField(max_length=80)
    region_code = models.CharField(max_length=6)
    latitude = models.DecimalField(max_digits=8, decimal_places=5, null=True, blank=True)
    longitude = models.DecimalField(max_digits=8, decimal_places=5, null=True, blank=True)
    altitude_m = models.PositiveIntegerField(null=True, blank=True)
    is_supported = models.BooleanField(_("designated low-income area"), default=False)
    story = models.TextField(blank=True)
    photo = models.ForeignKey(
        "shops.Photo", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["region_code", "name"], name="village_once_per_county")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def display_name(self) -> str:
        """The name in the reader's language."""
        return in_own_language(self.name, self.name_en)


class ShopQuerySet(models.QuerySet):
    """Scopes of shops."""

    def open(self):
        """Return shops that buyers see."""
        return self.filter(status=ShopStatus.OPEN)

    def for_member(self, user):
        """Return shops the person works in."""
        return self.filter(memberships__user=user).distinct()

    def for_owner(self, user):
        """Return shops the person owns."""
        return self.filter(memberships__user=user, memberships__role=ShopRole.OWNER).distinct()


class Shop(models.Model):
    """The seller of record; may sell for many farmers (a co-operative)."""

    name = models.CharField(max_length=80, unique=True)
    village = models.ForeignKey(Village, on_delete=models.PROTECT, related_name="shops")
    about = models.TextField(blank=True)
    status = models.CharField(max_length=10, choices=ShopStatus, default=ShopStatus.DRAFT)
    standing = models.CharField(
        max_length=10,
        choices=ShopStanding,
        default=ShopStanding.UNCHECKED,
        db_default=ShopStanding.UNCHECKED,
    )
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="+")
    photo = models.ForeignKey(
        "shops.Photo", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="ShopMember", related_name="shops")
    # How many visible reviews its goods have, and the sum of their stars; moved in one statement.
    review_count = models.PositiveIntegerField(default=0, db_default=0)
    review_stars = models.PositiveBigIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField()

    objects = ShopQuerySet.as_manager()

    class Meta:
        constraints = [stars_fit_reviews("shop_stars_fit_reviews")]

    def __str__(self) -> str:
        return self.name

    @property
    def score(self) -> Decimal | None:
        """What buyers think of its goods: one to five stars to a tenth, None before the first review."""
        return mean_stars(self.review_stars, self.review_count)


class ShopMember(models.Model):
    """A person's role in a shop."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="shop_memberships"
    )
    role = models.CharField(max_length=10, choices=ShopRole)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "user"], name="shop_member_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} of {self.shop_id}"


class FarmerQuerySet(models.QuerySet):
    """Scopes of farmers."""

    def for_seller(self, user):
        """Return farmers who granted one of the person's shops, or the person as host, the right to sell."""
        granted = models.Q(authorizations__status=AuthorizationStatus.GRANTED)
        as_shop = models.Q(authorizations__shop__memberships__user=user)
        as_host = models.Q(authorizations__host__user=user)
        return self.filter(granted & (as_shop | as_host)).distinct()


class Farmer(models.Model):
    """The person or household whose goods are sold and who is paid; may have no account and no smartphone."""

    name = models.CharField(max_length=60)
    # How they let themselves be called on the page of a delivery; empty: by the given name.
    public_name = models.CharField(max_length=60, blank=True, default="", db_default="")
    village = models.ForeignKey(Village, on_delete=models.PROTECT, related_name="farmers")
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="+")
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="farmer"
    )
    portrait = models.ForeignKey(
        "shops.Photo", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    story = models.TextField(blank=True)
    created_at = models.DateTimeField()

    objects = FarmerQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def shown_name(self) -> str:
        """The name that strangers read: as agreed, else the given name.

        Han names of three and more signs begin with the family's; shorter ones, as Tibetan ones, are given.
        """
        if self.public_name:
            return self.public_name
        first = self.name.split()[0] if self.name.split() else self.name
        return first[1:] if first == self.name and len(first) == GIVEN_FROM else first


class Host(models.Model):
    """Who presents live: a shop member or an independent neighbour."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="host")
    name = models.CharField(max_length=60)
    village = models.ForeignKey(Village, on_delete=models.PROTECT, related_name="hosts")
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=HostStatus, default=HostStatus.APPLIED)
    portrait = models.ForeignKey(
        "shops.Photo", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    about = models.TextField(blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class FarmerAuthorization(models.Model):
    """A farmer lets a shop or a host sell their goods on stated terms; rows are kept as history.

    `host_commission_bp` is the host's share of the price in basis points. `floor_price_bp` is the least
    share of the listed price that the farmer accepts on air (10000 = never below the listed price).
    """

    farmer = models.ForeignKey(Farmer, on_delete=models.PROTECT, related_name="authorizations")
    shop = models.ForeignKey(
        Shop, null=True, blank=True, on_delete=models.PROTECT, related_name="authorizations"
    )
    host = models.ForeignKey(
        Host, null=True, blank=True, on_delete=models.PROTECT, related_name="authorizations"
    )
    host_commission_bp = models.PositiveIntegerField(default=0)
    floor_price_bp = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=10, choices=AuthorizationStatus, default=AuthorizationStatus.GRANTED)
    granted_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="authorization_one_grantee",
                condition=models.Q(shop__isnull=False, host__isnull=True)
                | models.Q(shop__isnull=True, host__isnull=False),
            ),
            models.CheckConstraint(
                name="authorization_shares_bounded",
                condition=models.Q(host_commission_bp__lte=10_000, floor_price_bp__lte=10_000),
            ),
            models.UniqueConstraint(
                fields=["farmer", "shop"],
                name="authorization_shop_once",
                condition=models.Q(status="granted"),
            ),
            models.UniqueConstraint(
                fields=["farmer", "host"],
                name="authorization_host_once",
                condition=models.Q(status="granted"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.farmer_id} → shop {self.shop_id} / host {self.host_id}"
