"""Gifts in shows, for operators: the market's list, what was given, and how it goes back."""

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin, Move
from common.admin_links import Link, list_link, object_link, related, state, yuan
from common.clock import utc_now
from livestreams.models import Gift, GiftKind
from livestreams.statuses import GiftStatus
from payments.models import Payment
from payments.services.returning_gifts import return_gift

MOST_BP = 5_000


class GiftKindForm(forms.ModelForm):
    """What a gift is called and costs; the price in fen, the market's part in basis points of it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, least, most in (("price_fen", 1, 1_000_000), ("platform_bp", 0, MOST_BP)):
            self.fields[name].min_value, self.fields[name].max_value = least, most
            self.fields[name].widget.attrs |= {"min": least, "max": most}

    def clean_price_fen(self) -> int:
        """Refuse what no gift may cost."""
        return _within(self.cleaned_data["price_fen"], 1, 1_000_000)

    def clean_platform_bp(self) -> int:
        """Refuse more than half for the market."""
        return _within(self.cleaned_data["platform_bp"], 0, MOST_BP)


def _within(value: int, least: int, most: int) -> int:
    if not least <= value <= most:
        raise forms.ValidationError(
            _("Choose a number from %(least)s to %(most)s."), params={"least": least, "most": most}
        )
    return value


@admin.register(GiftKind)
class GiftKindAdmin(BaseAdmin):
    """What viewers can give; a change of a price concerns only gifts that are chosen afterwards."""

    noun, title = _("kind of gift"), _("Gifts on offer")
    form = GiftKindForm
    can_add = True
    editable_fields = ("name", "icon", "price_fen", "platform_bp", "position", "is_active")
    list_display = ["name", yuan("price_fen", _("price")), "platform_bp", "icon", "position", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["name"]
    ordering = ["position", "price_fen"]

    def links(self, kind: GiftKind) -> list[Link | None]:
        """Return what was given of it."""
        return [list_link("livestreams.gift", _("Gifts"), kind__id__exact=kind.pk)]


@admin.register(Gift)
class GiftAdmin(BaseAdmin):
    """What viewers gave. Given back, it leaves the room, the host's tally and the market's fee."""

    noun, title = _("gift"), _("Gifts")
    list_display = [
        "name",
        state(
            {
                "pending": "warning",
                "paid": "success",
                "expired": "",
                "returning": "info",
                "returned": "danger",
            }
        ),
        "quantity",
        yuan("amount_fen", _("amount")),
        yuan("platform_fen", _("the market's part")),
        related("giver", _("giver")),
        related("host", _("host")),
        related("session", _("live session")),
        "created_at",
    ]
    list_filter = ["status", "kind"]
    list_select_related = ["giver", "host", "session"]
    search_fields = ["=giver__phone", "=payments__reference", "name", "host__name"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    moves = (
        Move(
            name="return",
            label=_("Give the money back"),
            run=lambda request, gift, data: return_gift(
                actor=request.user, gift_id=gift.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({GiftStatus.PAID}),
            is_dangerous=True,
        ),
    )

    def links(self, gift: Gift) -> list[Link | None]:
        """Return the show, the kind, payments, the refund and the postings."""
        return [
            object_link(gift.session),
            object_link(gift.kind),
            *(object_link(payment) for payment in gift.payments.all()),
            object_link(getattr(gift, "refund", None)),
            list_link("ledger.ledgerentry", _("Postings"), q=f"gift:{gift.pk}"),
        ]


def links_of_bought(payment: Payment) -> list[Link | None]:
    """Return what a payment is for: the purchase with its orders, or the gift."""
    if payment.gift is not None:
        return [object_link(payment.gift)]
    return [object_link(payment.group), *(object_link(order) for order in payment.group.orders.all())]
