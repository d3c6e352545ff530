"""What is sold."""

from decimal import Decimal

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from shops.models.freight import FreightTemplate
from shops.models.people import Farmer, Shop, Village, in_own_language
from shops.models.scores import mean_stars, stars_fit_reviews
from shops.statuses import ProductStatus, ShopStatus


class Category(models.Model):
    """A shelf of the catalogue."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=40)
    name_en = models.CharField(max_length=40, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name

    @property
    def display_name(self) -> str:
        """The name in the reader's language."""
        return in_own_language(self.name, self.name_en)


class ProductQuerySet(models.QuerySet):
    """Scopes of products."""

    def published(self):
        """Return what buyers may see: published, in an open shop."""
        return self.filter(status=ProductStatus.PUBLISHED, shop__status=ShopStatus.OPEN)

    def for_member(self, user):
        """Return products of the person's shops, drafts included."""
        return self.filter(shop__memberships__user=user).distinct()


class Product(models.Model):
    """One listing of a shop, grown by a farmer; without a farmer it pays its shop (decisions.md 9)."""

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="products")
    farmer = models.ForeignKey(
        Farmer, null=True, blank=True, on_delete=models.PROTECT, related_name="products"
    )
    village = models.ForeignKey(Village, on_delete=models.PROTECT, related_name="products")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    # None: the shop's default template, or the market's flat freight when it has none.
    freight_template = models.ForeignKey(
        FreightTemplate, null=True, blank=True, on_delete=models.PROTECT, related_name="products"
    )
    title = models.CharField(_("name"), max_length=80)
    description = models.TextField(_("description"), blank=True)
    status = models.CharField(max_length=10, choices=ProductStatus, default=ProductStatus.DRAFT)
    rejected_reason = models.CharField(max_length=200, blank=True)
    search_text = models.TextField(blank=True, editable=False)
    # How many visible reviews there are, and the sum of their stars; moved in one statement.
    review_count = models.PositiveIntegerField(default=0, db_default=0)
    review_stars = models.PositiveBigIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        constraints = [stars_fit_reviews("product_stars_fit_reviews")]
        indexes = [
            models.Index(fields=["status", "-published_at"], name="product_newest"),
            GinIndex(fields=["search_text"], name="product_search", opclasses=["gin_trgm_ops"]),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def score(self) -> Decimal | None:
        """What buyers think of it: one to five stars to a tenth, None before the first review."""
        return mean_stars(self.review_stars, self.review_count)


class Variant(models.Model):
    """What is bought (a 500 g box): price here, stock in VariantStock."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="variants")
    name = models.CharField(_("unit"), max_length=40)
    price_fen = models.BigIntegerField(_("price"))
    weight_g = models.PositiveIntegerField(null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                name="variant_price_sane", condition=models.Q(price_fen__gt=0, price_fen__lte=100_000_000)
            )
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.name}"
