"""Places, people of the market and goods, for operators."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin, Move, OptionalReasonForm, ReadOnlyInline
from common.admin_links import Link, list_link, object_link, related, source_column, state, yuan
from common.clock import utc_now
from shops.models import (
    Category,
    Farmer,
    FarmerAuthorization,
    Host,
    Lot,
    Photo,
    Product,
    Shop,
    ShopMember,
    StockMovement,
    StockReservation,
    Variant,
    VariantStock,
    Village,
)
from shops.services.people import approve_host, approve_shop, close_shop, suspend_host, suspend_shop
from shops.services.publishing import reject_product
from shops.statuses import HostStatus, ProductStatus, ShopStatus


@admin.register(Village)
class VillageAdmin(BaseAdmin):
    """Places; operators write them down."""

    noun, title = _("village"), _("Villages")
    can_add = True
    editable_fields = (
        "name",
        "name_en",
        "county",
        "region_code",
        "latitude",
        "longitude",
        "altitude_m",
        "is_supported",
        "story",
    )
    list_display = ["name", "county", "region_code", "altitude_m", "is_supported"]
    list_filter = ["is_supported"]
    search_fields = ["name", "name_en", "county", "=region_code"]

    def links(self, village: Village) -> list[Link | None]:
        """Return its farmers and shops."""
        return [
            list_link("shops.farmer", _("Farmers"), village__id__exact=village.pk),
            list_link("shops.shop", _("Shops"), village__id__exact=village.pk),
        ]


@admin.register(Category)
class CategoryAdmin(BaseAdmin):
    """Shelves of the catalogue."""

    noun, title = _("category"), _("Categories")
    can_add = True
    editable_fields = ("slug", "name", "name_en", "position")
    list_display = ["name", "name_en", "slug", "position"]
    search_fields = ["name", "name_en", "slug"]


class MemberInline(ReadOnlyInline):
    """Who works in a shop."""

    model = ShopMember
    fields = readonly_fields = [related("user", _("person")), "role"]


@admin.register(Shop)
class ShopAdmin(BaseAdmin):
    """Sellers of record: opened, suspended and closed by moves."""

    noun, title = _("shop"), _("Shops")
    list_display = [
        "name",
        state(
            {"draft": "", "pending": "warning", "open": "success", "suspended": "danger", "closed": "danger"}
        ),
        related("village", _("village")),
        related("contact", _("contact")),
        "created_at",
    ]
    list_filter = ["status", "village"]
    list_select_related = ["village", "contact"]
    search_fields = ["name", "=contact__phone", "=memberships__user__phone"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    inlines = [MemberInline]
    moves = (
        Move(
            name="approve",
            label=_("Open the shop"),
            run=lambda request, shop, data: approve_shop(
                actor=request.user, shop=shop, now=utc_now(), reason=data["reason"]
            ),
            form=OptionalReasonForm,
            states=frozenset({ShopStatus.PENDING, ShopStatus.SUSPENDED}),
            bulk=True,
        ),
        Move(
            name="suspend",
            label=_("Suspend the shop"),
            run=lambda request, shop, data: suspend_shop(
                actor=request.user, shop=shop, now=utc_now(), reason=data["reason"]
            ),
            states=frozenset({ShopStatus.OPEN}),
            is_dangerous=True,
        ),
        Move(
            name="close",
            label=_("Close the shop for good"),
            run=lambda request, shop, data: close_shop(
                actor=request.user, shop=shop, now=utc_now(), reason=data["reason"]
            ),
            states=frozenset({ShopStatus.OPEN, ShopStatus.SUSPENDED}),
            is_dangerous=True,
        ),
    )

    def links(self, shop: Shop) -> list[Link | None]:
        """Return goods, orders, periods, accounts."""
        return [
            list_link("shops.product", _("Goods"), shop__id__exact=shop.pk),
            list_link("orders.order", _("Orders"), shop__id__exact=shop.pk),
            list_link("livestreams.livesession", _("Live sessions"), shop__id__exact=shop.pk),
            list_link("payouts.settlementperiod", _("Settlement periods"), shop__id__exact=shop.pk),
            list_link("ledger.ledgeraccount", _("Accounts"), owner_kind__exact="shop", q=shop.pk),
        ]


@admin.register(ShopMember)
class ShopMemberAdmin(BaseAdmin):
    """Roles in shops."""

    noun, title = _("member"), _("Members of shops")
    list_display = [related("user", _("person")), related("shop", _("shop")), "role"]
    list_filter = ["role"]
    list_select_related = ["user", "shop"]
    search_fields = ["=user__phone", "=user__email", "shop__name"]


class AuthorizationInline(ReadOnlyInline):
    """Who may sell a farmer's goods, on which terms."""

    model = FarmerAuthorization
    fields = readonly_fields = [
        related("shop", _("shop")),
        related("host", _("host")),
        "host_commission_bp",
        "floor_price_bp",
        "status",
        "granted_at",
    ]


@admin.register(Farmer)
class FarmerAdmin(BaseAdmin):
    """Who grows and is paid, often without an account."""

    noun, title = _("farmer"), _("Farmers")
    list_display = [
        "name",
        related("village", _("village")),
        related("contact", _("contact")),
        related("user", _("person")),
        "created_at",
    ]
    list_filter = ["village"]
    list_select_related = ["village", "contact", "user"]
    search_fields = ["name", "=contact__phone", "=user__phone"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    inlines = [AuthorizationInline]

    def links(self, farmer: Farmer) -> list[Link | None]:
        """Return contact, goods, account and tallies."""
        return [
            object_link(farmer.contact),
            list_link("shops.product", _("Goods"), farmer__id__exact=farmer.pk),
            list_link("payouts.payoutstatement", _("Tallies"), farmer__id__exact=farmer.pk),
            list_link("ledger.ledgeraccount", _("Accounts"), owner_kind__exact="farmer", q=farmer.pk),
        ]


@admin.register(Host)
class HostAdmin(BaseAdmin):
    """Who presents live."""

    noun, title = _("host"), _("Hosts")
    list_display = [
        "name",
        state({"applied": "warning", "active": "success", "suspended": "danger"}),
        related("village", _("village")),
        related("user", _("person")),
        "created_at",
    ]
    list_filter = ["status", "village"]
    list_select_related = ["village", "user"]
    search_fields = ["name", "=contact__phone", "=user__phone"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    moves = (
        Move(
            name="approve",
            label=_("Let the host go live"),
            run=lambda request, host, data: approve_host(
                actor=request.user, host=host, now=utc_now(), reason=data["reason"]
            ),
            form=OptionalReasonForm,
            states=frozenset({HostStatus.APPLIED, HostStatus.SUSPENDED}),
            bulk=True,
        ),
        Move(
            name="suspend",
            label=_("Suspend the host"),
            run=lambda request, host, data: suspend_host(
                actor=request.user, host=host, now=utc_now(), reason=data["reason"]
            ),
            states=frozenset({HostStatus.APPLIED, HostStatus.ACTIVE}),
            is_dangerous=True,
        ),
    )

    def links(self, host: Host) -> list[Link | None]:
        """Return sessions, account and tallies."""
        return [
            object_link(host.contact),
            list_link("livestreams.livesession", _("Live sessions"), host__id__exact=host.pk),
            list_link("payouts.payoutstatement", _("Tallies"), host__id__exact=host.pk),
            list_link("ledger.ledgeraccount", _("Accounts"), owner_kind__exact="host", q=host.pk),
        ]


@admin.register(FarmerAuthorization)
class FarmerAuthorizationAdmin(BaseAdmin):
    """Consents of farmers, kept as history."""

    noun, title = _("consent"), _("Consents of farmers")
    list_display = [
        related("farmer", _("farmer")),
        related("shop", _("shop")),
        related("host", _("host")),
        "host_commission_bp",
        "floor_price_bp",
        state({"granted": "success", "revoked": "danger"}),
        "granted_at",
    ]
    list_filter = ["status"]
    list_select_related = ["farmer", "shop", "host"]
    search_fields = ["farmer__name", "shop__name", "host__name", "=farmer__contact__phone"]
    date_hierarchy = "granted_at"
    ordering = ["-pk"]


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
    list_filter = ["status"]
    list_select_related = ["product"]
    search_fields = ["=public_id", "product__title", "=uploaded_by__phone"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]


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
    list_display_links = ["variant"]
    list_select_related = ["variant__product"]
    search_fields = ["variant__product__title", "=variant__id"]


@admin.register(Lot)
class LotAdmin(BaseAdmin):
    """What farmers brought."""

    noun, title = _("lot"), _("Lots")
    list_display = [
        "id",
        related("variant.product", _("product")),
        related("farmer", _("farmer")),
        related("shop", _("shop")),
        "quantity",
        "status",
        "declared_at",
    ]
    list_filter = ["status"]
    list_select_related = ["variant__product", "farmer", "shop"]
    search_fields = ["variant__product__title", "farmer__name", "=farmer__contact__phone", "=id"]
    date_hierarchy = "declared_at"
    ordering = ["-pk"]


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
