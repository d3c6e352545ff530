"""Money that matches nothing, for operators: one proposes what becomes of it, another one decides."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin, Move, OptionalReasonForm
from common.admin_links import Link, list_link, object_link, related, state, yuan
from common.clock import utc_now
from payments.gift_admin import links_of_bought
from payments.models import UnmatchedMoney
from payments.services.deciding import approve_decision, propose_decision, turn_down_decision
from payments.statuses import UnmatchedDecision, UnmatchedStatus


def _propose(name: str, label: str, decision: str) -> Move:
    return Move(
        name=name,
        label=label,
        run=lambda request, money, data: propose_decision(
            actor=request.user,
            unmatched_id=money.pk,
            decision=decision,
            reason=data["reason"],
            now=utc_now(),
        ),
        states=frozenset({UnmatchedStatus.WAITING}),
    )


@admin.register(UnmatchedMoney)
class UnmatchedMoneyAdmin(BaseAdmin):
    """Real money that came with facts that do not match its payment."""

    noun, title = _("unmatched money"), _("Unmatched money")
    list_display = [
        "provider_reference",
        state(
            {
                "waiting": "danger",
                "proposed": "warning",
                "returning": "info",
                "returned": "success",
                "assigned": "success",
            }
        ),
        related("payment", _("payment")),
        yuan("amount_fen", _("amount")),
        "problem",
        "decision",
        "found_at",
    ]
    list_filter = ["status", "payment__gateway"]
    list_select_related = ["payment"]
    search_fields = ["=provider_reference", "=payment__reference", "=payment__group__orders__number"]
    date_hierarchy = "found_at"
    ordering = ["-pk"]
    moves = (
        _propose("return", _("Propose to send it back"), UnmatchedDecision.RETURN),
        _propose("assign", _("Propose that it pays the purchase"), UnmatchedDecision.ASSIGN),
        Move(
            name="approve",
            label=_("Do what was proposed"),
            run=lambda request, money, data: approve_decision(
                actor=request.user, unmatched_id=money.pk, now=utc_now()
            ),
            form=OptionalReasonForm,
            states=frozenset({UnmatchedStatus.PROPOSED}),
            is_dangerous=True,
        ),
        Move(
            name="turn_down",
            label=_("Turn the proposal down"),
            run=lambda request, money, data: turn_down_decision(
                actor=request.user, unmatched_id=money.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({UnmatchedStatus.PROPOSED}),
        ),
    )

    def links(self, money: UnmatchedMoney) -> list[Link | None]:
        """Return the payment, its purchase and orders, the refund and the postings."""
        return [
            object_link(money.payment),
            *links_of_bought(money.payment),
            object_link(getattr(money, "refund", None)),
            list_link("ledger.ledgertransaction", _("Postings"), q=f"payment:{money.payment_id}"),
        ]
