"""Purchases for operators: from an order to its payments, postings and tallies, and back."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin, Move, ReadOnlyInline
from common.admin_links import Link, list_link, masked, object_link, related, source_column, state, yuan
from common.clock import utc_now
from orders import allocation_admin as allocation_admin  # registers them
from orders import case_admin as case_admin  # registers them
from orders import coupon_admin as coupon_admin  # registers them
from orders import invoice_admin as invoice_admin  # and so does this
from orders import parcel_admin as parcel_admin  # so does this
from orders import review_admin as review_admin  # this too
from orders import talk_admin as talk_admin  # and this
from orders.models import (
    Cart,
    CartLine,
    CommissionLine,
    Order,
    OrderGroup,
    OrderLine,
    RefundRequest,
    Shipment,
    ShipmentLine,
    TrackingEvent,
)
from orders.services.cancelling import cancel_by_operator
from orders.services.correcting import clear_problem
from orders.statuses import OrderStatus, ParcelProblem

ORDER_COLORS = {
    "pending_payment": "warning",
    "confirmed": "info",
    "paid": "info",
    "shipped": "info",
    "delivered": "info",
    "completed": "success",
    "cancelling": "warning",
    "cancelled": "danger",
}


class LineInline(ReadOnlyInline):
    """The frozen lines of an order."""

    model = OrderLine
    fields = readonly_fields = [
        "title",
        "variant_name",
        related("farmer", _("farmer")),
        yuan("price_fen", _("price")),
        "quantity",
        yuan("total_fen", _("total")),
        related("live_session", _("live session")),
    ]


class ShipmentInline(ReadOnlyInline):
    """The parcels of an order."""

    model = Shipment
    fields = readonly_fields = ["carrier", "tracking_number", "status", "problem", "shipped_at"]


class ShipmentLineInline(ReadOnlyInline):
    """What lies in a parcel."""

    model = ShipmentLine
    fields = readonly_fields = [related("line", _("order line")), "quantity"]


class TrackingEventInline(ReadOnlyInline):
    """The way of a parcel."""

    model = TrackingEvent
    fields = readonly_fields = ["happened_at", "state", "words", "told_at"]


class CommissionInline(ReadOnlyInline):
    """The frozen shares of a line."""

    model = CommissionLine
    fields = readonly_fields = [
        "kind",
        related("host", _("host")),
        "rate_bp",
        yuan("amount_fen", _("amount")),
    ]


class CartLineInline(ReadOnlyInline):
    """What lies in a cart."""

    model = CartLine
    fields = readonly_fields = [related("variant", _("variant")), "quantity", "added_at"]


@admin.register(OrderGroup)
class OrderGroupAdmin(BaseAdmin):
    """Purchases, paid once."""

    noun, title = _("purchase"), _("Purchases")
    list_display = ["id", related("buyer", _("buyer")), yuan("total_fen", _("total")), "created_at"]
    list_select_related = ["buyer"]
    search_fields = ["=id", "=orders__number", "=buyer__phone", "buyer__email"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]

    def links(self, group: OrderGroup) -> list[Link | None]:
        """Return its orders and payments."""
        return [
            *(object_link(order) for order in group.orders.all()),
            list_link("payments.payment", _("Payments"), group__id__exact=group.pk),
        ]


@admin.register(Order)
class OrderAdmin(BaseAdmin):
    """What one shop owes one buyer. Search by number or phone."""

    noun, title = _("order"), _("Orders")
    list_display = [
        "number",
        state(ORDER_COLORS),
        related("shop", _("shop")),
        related("group.buyer", _("buyer")),
        masked(Order, "phone"),
        yuan("total_fen", _("total")),
        "placed_at",
    ]
    list_filter = ["status", "shop"]
    list_select_related = ["shop", "group__buyer"]
    search_fields = ["=number", "=phone", "=group__buyer__phone", "=group__buyer__email", "lines__title"]
    date_hierarchy = "placed_at"
    ordering = ["-pk"]
    personal_fields = ("recipient", "phone", "address", "note")
    inlines = [LineInline, ShipmentInline]
    moves = (
        Move(
            name="cancel",
            label=_("Cancel, with refund"),
            run=lambda request, order, data: cancel_by_operator(
                actor=request.user, number=order.number, now=utc_now(), reason=data["reason"]
            ),
            states=frozenset({OrderStatus.PENDING_PAYMENT, OrderStatus.PAID}),
            is_dangerous=True,
        ),
    )

    def links(self, order: Order) -> list[Link | None]:
        """Return the purchase, its payments, refunds, postings and tallies."""
        return [
            object_link(order.group),
            *(object_link(payment) for payment in order.group.payments.all()),
            list_link("orders.refundrequest", _("Refund requests"), order__id__exact=order.pk),
            list_link("orders.aftersalecase", _("After-sales cases"), q=order.number),
            list_link("ledger.ledgertransaction", _("Postings"), q=f"order:{order.pk}"),
            list_link("payouts.statementline", _("Lines of tallies"), q=order.number),
            list_link("payouts.payoutstatement", _("Tallies"), q=order.number),
        ]


@admin.register(OrderLine)
class OrderLineAdmin(BaseAdmin):
    """Frozen lines: whose goods, which moment of which session."""

    noun, title = _("order line"), _("Order lines")
    list_display = [
        "title",
        "variant_name",
        "quantity",
        yuan("total_fen", _("total")),
        related("order", _("order")),
        related("farmer", _("farmer")),
        related("live_session", _("live session")),
        related("flash_deal", _("flash deal")),
    ]
    list_select_related = ["order", "farmer", "live_session", "flash_deal"]
    list_filter = ["order__status"]
    search_fields = ["=order__number", "title", "farmer__name", "=order__phone", "=farmer__contact__phone"]
    date_hierarchy = "order__placed_at"
    ordering = ["-pk"]
    inlines = [CommissionInline]

    def links(self, line: OrderLine) -> list[Link | None]:
        """Return order, variant, entries and lines of tallies."""
        return [
            object_link(line.order),
            object_link(line.variant),
            list_link("ledger.ledgerentry", _("Entries"), q=f"order_line:{line.pk}"),
            list_link("payouts.statementline", _("Lines of tallies"), q=line.order.number),
        ]


@admin.register(CommissionLine)
class CommissionLineAdmin(BaseAdmin):
    """Shares frozen at the sale."""

    noun, title = _("frozen share"), _("Frozen shares")
    list_display = [
        "kind",
        related("host", _("host")),
        "rate_bp",
        yuan("amount_fen", _("amount")),
        related("order_line.order", _("order")),
    ]
    list_filter = ["kind"]
    list_select_related = ["host", "order_line__order"]
    search_fields = ["=order_line__order__number", "host__name", "=host__contact__phone"]
    ordering = ["-pk"]


@admin.register(RefundRequest)
class RefundRequestAdmin(BaseAdmin):
    """Money that must go back."""

    noun, title = _("refund request"), _("Refund requests")
    list_display = [
        "id",
        related("order", _("order")),
        yuan("amount_fen", _("amount")),
        "reason",
        state({"requested": "warning", "refunded": "success", "failed": "danger"}),
        source_column("requested_by", _("requested by")),
        "created_at",
    ]
    list_filter = ["status", "reason"]
    list_select_related = ["order"]
    search_fields = ["=order__number", "=order__phone"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]

    def links(self, request: RefundRequest) -> list[Link | None]:
        """Return the order and the refund at the provider."""
        return [object_link(request.order), object_link(getattr(request, "refund", None))]


@admin.register(Shipment)
class ShipmentAdmin(BaseAdmin):
    """Parcels."""

    noun, title = _("parcel"), _("Parcels")
    list_display = [
        related("order", _("order")),
        "carrier",
        "tracking_number",
        state({"shipped": "info", "delivered": "success", "cancelled": "danger"}),
        "problem",
        "shipped_at",
    ]
    list_filter = ["status", "problem", "carrier"]
    inlines = [ShipmentLineInline, TrackingEventInline]
    list_select_related = ["order"]
    search_fields = ["=order__number", "=tracking_number", "=order__phone"]
    date_hierarchy = "shipped_at"
    ordering = ["-pk"]
    moves = (
        Move(
            name="clear",
            label=_("The trouble is settled"),
            run=lambda request, parcel, data: clear_problem(
                actor=request.user, shipment_id=parcel.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset(ParcelProblem.values),
            field="problem",
        ),
    )


@admin.register(Cart)
class CartAdmin(BaseAdmin):
    """What people have put aside."""

    noun, title = _("cart"), _("Carts")
    list_display = ["id", related("user", _("buyer"))]
    list_select_related = ["user"]
    search_fields = ["=user__phone", "=user__email"]
    inlines = [CartLineInline]


@admin.register(CartLine)
class CartLineAdmin(BaseAdmin):
    """Lines of carts."""

    noun, title = _("cart line"), _("Cart lines")
    list_display = [related("cart", _("cart")), related("variant", _("variant")), "quantity", "added_at"]
    search_fields = ["=cart__user__phone", "variant__product__title"]
    date_hierarchy = "added_at"
    ordering = ["-pk"]
    hidden_fields = ("source",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Fetch what the columns show."""
        return super().get_queryset(request).select_related("cart", "variant")
