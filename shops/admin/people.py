"""Places, shops, farmers, hosts and consents."""

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin, Move, OptionalReasonForm, ReadOnlyInline, ReasonForm
from common.admin_links import Link, list_link, object_link, related, state
from common.clock import utc_now
from shops.models import Farmer, FarmerAuthorization, Host, Shop, ShopMember, Village
from shops.services.people import (
    approve_host,
    approve_shop,
    close_shop,
    set_public_name,
    set_standing,
    suspend_host,
    suspend_shop,
)
from shops.statuses import HostStatus, ShopStanding, ShopStatus


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


class StandingForm(ReasonForm):
    """What the papers say; the reason names them."""

    standing = forms.ChoiceField(label=_("Money for this shop"), choices=ShopStanding)


class MemberInline(ReadOnlyInline):
    """Who works in a shop."""

    model = ShopMember
    fields = readonly_fields = [related("user", _("person")), "role"]


class PublicNameForm(ReasonForm):
    """How a farmer lets strangers call them."""

    public_name = forms.CharField(
        label=_("Name for everybody; empty: the given name"), max_length=60, required=False
    )


@admin.register(Shop)
class ShopAdmin(BaseAdmin):
    """Sellers of record: opened, suspended and closed by moves."""

    noun, title = _("shop"), _("Shops")
    list_display = [
        "name",
        state(
            {"draft": "", "pending": "warning", "open": "success", "suspended": "danger", "closed": "danger"}
        ),
        "standing",
        related("village", _("village")),
        related("contact", _("contact")),
        "created_at",
    ]
    list_filter = ["status", "standing", "village"]
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
            name="standing",
            label=_("Identity is checked"),
            run=lambda request, shop, data: set_standing(
                actor=request.user,
                shop=shop,
                standing=data["standing"],
                now=utc_now(),
                reason=data["reason"],
            ),
            form=StandingForm,
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
    moves = (
        Move(
            name="public_name",
            label=_("The name that strangers read"),
            run=lambda request, farmer, data: set_public_name(
                actor=request.user,
                farmer=farmer,
                public_name=data["public_name"],
                now=utc_now(),
                reason=data["reason"],
            ),
            form=PublicNameForm,
        ),
    )

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
