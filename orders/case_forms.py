"""Forms of after-sales cases: what a buyer asks, how goods go back, what is said."""

from collections.abc import Iterator

from django import forms
from django.utils.translation import gettext_lazy as _

from common.money import yuan_text
from orders.forms import ShipForm
from orders.models import AfterSaleCase, Order
from orders.services.asking_back import WantedBack
from orders.services.offering_less import OfferedLine
from orders.statuses import BUYER_REASONS, CaseKind, CaseReason
from shops.forms import YuanField

# What can be wrong with goods that the shop still has.
BEFORE_SENDING = (CaseReason.CHANGED_MIND, CaseReason.NOT_ARRIVED)


class CaseForm(forms.Form):
    """What it is about, what went wrong, what is wanted. The services decide whether that is possible."""

    reason = forms.ChoiceField(label=_("What is wrong?"), choices=BUYER_REASONS, widget=forms.RadioSelect)
    kind = forms.ChoiceField(label=_("What would help?"), choices=CaseKind, widget=forms.RadioSelect)
    text = forms.CharField(
        label=_("In your words"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What you see, and when you noticed it."),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, order: Order, **kwargs):
        super().__init__(*args, **kwargs)
        self.free = {
            line: line.quantity - line.after_sale_units
            for line in order.lines.all()
            if line.quantity > line.after_sale_units
        }
        is_single = sum(self.free.values()) == 1
        for line, free in self.free.items():
            self.fields[f"line-{line.pk}"] = forms.IntegerField(
                min_value=0, max_value=free, required=False, initial=1 if is_single else 0
            )
            most = yuan_text(line.paid_fen - line.after_sale_fen)
            self.fields[f"less-{line.pk}"] = YuanField(
                label=_("Less is enough"), least_fen=1, required=False,
                help_text=_("At most ¥%(amount)s.") % {"amount": most},
            )  # fmt: skip
        if not order.shipments.all():
            self.fields["kind"].choices = [(CaseKind.REFUND_ONLY.value, _("money back, do not send it"))]
            self.fields["reason"].choices = [(one.value, one.label) for one in BEFORE_SENDING]
            self.initial.setdefault("kind", CaseKind.REFUND_ONLY)

    def rows(self) -> Iterator[tuple]:
        """Yield each line with its free units and its two fields."""
        for line, free in self.free.items():
            yield line, free, self[f"line-{line.pk}"], self[f"less-{line.pk}"]

    def wanted(self) -> list[WantedBack]:
        """Return what a valid form asks back."""
        return [
            WantedBack(line.pk, quantity, self.cleaned_data[f"less-{line.pk}"])
            for line in self.free
            if (quantity := self.cleaned_data[f"line-{line.pk}"])
        ]


class ReturnForm(ShipForm):
    """The parcel in which the goods go back."""


class AppealForm(forms.Form):
    """What the market should know."""

    text = forms.CharField(
        label=_("What should the market know?"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )


class ApproveForm(forms.Form):
    """A yes: where to send the goods, which a return needs, or a kind word."""

    reply = forms.CharField(
        label=_("A word to the buyer"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args, is_return: bool, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reply"].required = is_return


class RejectForm(forms.Form):
    """A no, with its reason."""

    reason = forms.CharField(
        label=_("Why not?"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The buyer reads it, and the market if it is asked to decide."),
    )


class OfferForm(forms.Form):
    """Less than is asked: how much for which pieces, and a word."""

    text = forms.CharField(
        label=_("A word to the buyer"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args, case: AfterSaleCase, **kwargs):
        super().__init__(*args, **kwargs)
        self.asked = list(case.lines.all())
        for line in self.asked:
            self.fields[f"units-{line.order_line_id}"] = forms.IntegerField(
                label=_("For how many pieces"), min_value=0, max_value=line.quantity, initial=line.quantity,
                widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
            )  # fmt: skip
            self.fields[f"sum-{line.order_line_id}"] = YuanField(
                label=_("You offer"), least_fen=1, required=False,
                help_text=_("Asked: ¥%(amount)s.") % {"amount": yuan_text(line.amount_fen)},
            )  # fmt: skip

    def rows(self) -> Iterator[tuple]:
        """Yield each line of the case with its two fields."""
        for line in self.asked:
            yield line, self[f"units-{line.order_line_id}"], self[f"sum-{line.order_line_id}"]

    def offered(self) -> list[OfferedLine]:
        """Return what a valid form offers."""
        return [
            OfferedLine(line.order_line_id, units, amount_fen)
            for line in self.asked
            if (units := self.cleaned_data[f"units-{line.order_line_id}"])
            and (amount_fen := self.cleaned_data[f"sum-{line.order_line_id}"])
        ]


class OfferChoiceForm(forms.Form):
    """The offer that the page showed."""

    offer = forms.IntegerField(min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
