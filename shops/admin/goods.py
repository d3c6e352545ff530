"""Shelves, listings, photos, stock."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin, Move, ReadOnlyInline
from common.admin_links import Link, list_link, object_link, related, source_column, state, yuan
from common.clock import utc_now
from shops.models import (
    Category,
    DealStock,
    Photo,
    Product,
    StockMovement,
    StockReservation,
    Variant,
    VariantStock,
)
from shops.selectors import photo_url
from shops.services.publishing import reject_product
from shops.statuses import ProductStatus


@admin.register(Category)
class CategoryAdmin(BaseAdmin):
    """Shelves of the catalogue."""

    noun, title = _("category"), _("Categories")
    can_add = True
    editable_fields = ("slug", "name", "name_en", "position")
    list_display = ["name", "name_en", "slug", "position"]
    search_fields = ["name", "name_en", "slug"]


@admin.register(Photo)
class PhotoAdmin(BaseAdmin):
    """Pictures of goods, people, places."""

    noun, title = _("photo"), _("Photos")
    hidden_fields = ("original_path",)
    list_display = [
        "public_id",
        related("product", _("product")),
        state({"uploaded": "warning", "ready": "success", "rejected": "danger"}),
        "width",
        "height",
        "created_at",
    ]
    list_filter = ["status", "is_private"]
    list_select_related = ["product"]
    search_fields = ["=public_id", "product__title", "=uploaded_by__phone"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]

    def links(self, photo: Photo) -> list[Link | None]:
        """Return the picture itself, which of a private one only operators and those it concerns see."""
        url = photo_url(photo, 1280)
        return [Link(_("Look at the picture"), url) if url else None, object_link(photo.product)]


class VariantInline(ReadOnlyInline):
    """What is bought."""

    model = Variant
    fields = readonly_fields = [
        "name",
        yuan("price_fen", _("price")),
        related("stock", _("stock")),
        "is_active",
    ]


@admin.register(Product)
class ProductAdmin(BaseAdmin):
    """Listings; an operator may take one off the market."""

    noun, title = _("product"), _("Goods")
    list_display = [
        "title",
        state(
            {
                "draft": "",
                "in_review": "warning",
                "published": "success",
                "rejected": "danger",
                "archived": "",
            }
        ),
        related("shop", _("shop")),
        related("farmer", _("farmer")),
        related("category", _("category")),
        "published_at",
    ]
    list_filter = ["status", "category", "village"]
    list_select_related = ["shop", "farmer", "category"]
    search_fields = [
        "title",
        "shop__name",
        "farmer__name",
        "=farmer__contact__phone",
        "=shop__contact__phone",
    ]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    inlines = [VariantInline]
    moves = (
        Move(
            name="reject",
            label=_("Take off the market"),
            run=lambda request, product, data: reject_product(
                actor=request.user, product=product, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({ProductStatus.IN_REVIEW, ProductStatus.PUBLISHED}),
            bulk=True,
            is_dangerous=True,
        ),
    )

    def links(self, product: Product) -> list[Link | None]:
        """Return its page, photos and orders."""
        return [
            Link(_("Page of the product"), f"/products/{product.pk}/"),
            list_link("shops.photo", _("Photos"), product__id__exact=product.pk),
            list_link("orders.orderline", _("Order lines"), q=product.title),
        ]


@admin.register(Variant)
class VariantAdmin(BaseAdmin):
    """What is bought: a box of 500 g."""

    noun, title = _("variant"), _("Variants")
    list_display = [
        related("product", _("product")),
        "name",
        yuan("price_fen", _("price")),
        related("stock", _("stock")),
        "is_active",
    ]
    list_filter = ["is_active"]
    list_select_related = ["product", "stock"]
    search_fields = ["product__title", "name", "=id"]
    ordering = ["-pk"]

    def links(self, variant: Variant) -> list[Link | None]:
        """Return lots, movements, reservations."""
        return [
            object_link(variant.product),
            list_link("shops.lot", _("Lots"), variant__id__exact=variant.pk),
            list_link("shops.stockmovement", _("Stock movements"), variant__id__exact=variant.pk),
            list_link("shops.stockreservation", _("Reservations"), variant__id__exact=variant.pk),
        ]


@admin.register(VariantStock)
class VariantStockAdmin(BaseAdmin):
    """The counters; they move only with movements and reservations."""

    noun, title = _("stock"), _("Stock")
    list_display = [related("variant.product", _("product")), "variant", "available", "reserved", "sold"]
    list_select_related = ["variant__product"]
    search_fields = ["variant__product__title", "=variant__id"]


@admin.register(StockMovement)
class StockMovementAdmin(BaseAdmin):
    """Units in and out, each with its document."""

    noun, title = _("stock movement"), _("Stock movements")
    list_display = [
        related("variant.product", _("product")),
        "kind",
        "quantity",
        source_column("reference", _("document")),
        source_column("actor", _("actor")),
        "at",
    ]
    list_filter = ["kind"]
    list_select_related = ["variant__product"]
    search_fields = ["=reference", "variant__product__title"]
    date_hierarchy = "at"
    ordering = ["-pk"]


@admin.register(StockReservation)
class StockReservationAdmin(BaseAdmin):
    """Units held for orders."""

    noun, title = _("reservation"), _("Reservations")
    list_display = [
        related("variant.product", _("product")),
        "quantity",
        state({"held": "warning", "committed": "success", "released": "info", "expired": "info"}),
        source_column("reference", _("document")),
        "expires_at",
    ]
    list_filter = ["status"]
    list_select_related = ["variant__product"]
    search_fields = ["=reference", "variant__product__title", "=order_line__order__number"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]


@admin.register(DealStock)
class DealStockAdmin(BaseAdmin):
    """Units set aside for flash deals."""

    noun, title = _("deal stock"), _("Deal stock")
    list_display = [
        related("variant.product", _("product")),
        "quantity",
        "available",
        "reserved",
        "sold",
        "is_open",
    ]
    list_filter = ["is_open"]
    list_select_related = ["variant__product"]
    search_fields = ["variant__product__title"]
    ordering = ["-pk"]
