"""What payees are told: their own sum and code, nobody else's name (an SMS is read by others)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Contact
from common.money import yuan_text
from notifications.services.telling import Letter, in_language_of, tell, tell_each
from payouts.models import (
    Payout,
    PayoutAccount,
    PayoutStatement,
    PayoutTransfer,
    SettlementPeriod,
    StatementQuestion,
)
from payouts.selectors.seals import letters_of

TOLD_AT_ONCE = 200


def tell_issued(*, statements: Sequence[PayoutStatement], now: datetime) -> None:
    """Tell payees that their tallies are there, each once; some hundreds at a time."""
    letters = [_letter_of(statement) for statement in statements]
    tell_each(kind="statement_issued", letters=letters, now=now)


def tell_period(*, period_id: int, now: datetime) -> None:
    """Tell every payee of a period, some hundreds in a transaction; who was told is not told again."""
    statements = PayoutStatement.objects.filter(period_id=period_id).select_related(
        "farmer__contact", "host__contact", "payee_shop__contact"
    )
    last = 0
    while batch := list(statements.filter(pk__gt=last).order_by("pk")[:TOLD_AT_ONCE]):
        with transaction.atomic():
            # Two workers take turns: the second finds what the first has told.
            SettlementPeriod.objects.select_for_update().get(pk=period_id)
            tell_issued(statements=batch, now=now)
        last = batch[-1].pk


def _letter_of(statement: PayoutStatement) -> Letter:
    contact = statement.payee.contact
    with in_language_of(contact):
        words = {
            "amount": yuan_text(statement.net_fen),
            "code": statement.code,
            "letters": letters_of(statement.seal),
        }
        if statement.net_fen > 0:
            title = _("Your tally: ¥%(amount)s")
            body = _("You earned ¥%(amount)s. The money is on its way. Tally number %(code)s (%(letters)s).")
        else:
            title = _("Your tally is ready")
            body = _("Nothing is paid now: ¥%(amount)s carries over. Tally number %(code)s (%(letters)s).")
        title, body = title % words, body % words
    return Letter(contact, title, body, _page_of(statement, contact), f"statement:{statement.pk}")


def tell_paid(*, payout: Payout, now: datetime, told_as: str = "") -> None:
    """Tell a payee that the money was sent; `told_as` where a payout is sent more than once."""
    _tell_of_payout(
        payout,
        "payout_paid",
        _("Paid to you: ¥%(amount)s"),
        _("¥%(amount)s for tally %(code)s was sent to you."),
        told_as or f"payout_paid:{payout.pk}",
        now,
    )


def tell_returned(*, payout: Payout, returned_as: str, now: datetime) -> None:
    """Tell a payee that the money came back, is still theirs, and what to do."""
    _tell_of_payout(
        payout,
        "payout_returned",
        _("¥%(amount)s came back to us"),
        _(
            "¥%(amount)s for tally %(code)s did not reach you. It is still yours. Please tell us whether "
            "your account is right; then we send it again."
        ),
        returned_as,
        now,
    )


def tell_to_take(*, transfer: PayoutTransfer, now: datetime) -> None:
    """Tell a payee that money waits in WeChat until they take it."""
    _tell_of_payout(
        transfer.payout,
        "payout_to_take",
        _("Take your ¥%(amount)s in WeChat"),
        _(
            "¥%(amount)s for tally %(code)s waits for you. Open WeChat and take it within a day; then it "
            "comes back to us and is sent again."
        ),
        f"payout_to_take:{transfer.pk}",
        now,
        page="take/",
    )


def tell_not_taken(*, transfer: PayoutTransfer, now: datetime) -> None:
    """Tell a payee that the time to take the money is over, and that it is still theirs."""
    _tell_of_payout(
        transfer.payout,
        "payout_not_taken",
        _("¥%(amount)s was not taken"),
        _("¥%(amount)s for tally %(code)s came back to us. It is still yours: we send it again."),
        f"payout_not_taken:{transfer.pk}",
        now,
    )


def tell_account_changed(*, account: PayoutAccount, now: datetime) -> None:
    """Tell a payee where their money goes from now on: who did not ask for it should say so."""
    contact = account.payee.contact
    with in_language_of(contact):
        words = {"way": account.get_method_display(), "detail": account.detail_masked}
        tell(
            contact_id=contact.pk,
            kind="payout_account_changed",
            title=str(_("Your payout account was changed")),
            body=_("Your money will go to: %(way)s %(detail)s. If you did not ask for this, call us at once.")
            % words,
            url="",
            dedupe_key=f"payout_account:{account.current_id}",
            now=now,
        )


def tell_answered(*, question: StatementQuestion, now: datetime) -> None:
    """Tell a payee what was answered to their question."""
    statement = question.statement
    contact = statement.payee.contact
    with in_language_of(contact):
        tell(
            contact_id=contact.pk,
            kind="statement_answered",
            title=_("Your question about tally %(code)s was answered") % {"code": statement.code},
            body=question.answer,
            url=_page_of(statement, contact),
            dedupe_key=f"statement_answered:{question.pk}",
            now=now,
        )


def _tell_of_payout(
    payout: Payout, kind: str, title: Any, body: Any, told_as: str, now: datetime, *, page: str = ""
) -> None:
    statement = payout.statement
    contact = statement.payee.contact
    with in_language_of(contact):
        words = {"amount": yuan_text(payout.amount_fen), "code": statement.code}
        url = _page_of(statement, contact)
        tell(
            contact_id=contact.pk,
            kind=kind,
            title=title % words,
            body=body % words,
            url=f"{url}{page}" if url else "",
            dedupe_key=told_as,
            now=now,
        )


def _page_of(statement: PayoutStatement, contact: Contact) -> str:
    # Without an account there is no page to open; the tally is printed for them.
    return f"/desk/statements/{statement.pk}/" if contact.user_id else ""
