"""States of periods, statements and payouts (domain.md)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class PeriodStatus(TextChoices):
    """Closed stays closed: later corrections land in the next period."""

    OPEN = "open", _("open")
    CLOSING = "closing", _("being closed")
    CLOSED = "closed", _("closed")


PERIOD_MOVES = {
    PeriodStatus.OPEN: frozenset({PeriodStatus.CLOSING}),
    PeriodStatus.CLOSING: frozenset({PeriodStatus.CLOSED}),
}


class PeriodLength(TextChoices):
    """How long a period of a shop is, by the calendar of the village."""

    WEEK = "week", _("every week")
    MONTH = "month", _("every month")


class StatementStatus(TextChoices):
    """Life of a payout tally."""

    DRAFT = "draft", _("draft")
    ISSUED = "issued", _("issued")
    DISPUTED = "disputed", _("questioned")
    ACCEPTED = "accepted", _("accepted")


STATEMENT_MOVES = {
    StatementStatus.ISSUED: frozenset({StatementStatus.DISPUTED, StatementStatus.ACCEPTED}),
    # Answered: what was wrong is corrected in the book and lands in the next tally.
    StatementStatus.DISPUTED: frozenset({StatementStatus.ACCEPTED}),
}


class PayoutMethod(TextChoices):
    """How a payee is paid."""

    BANK = "bank", _("bank card")
    ALIPAY = "alipay", _("Alipay")
    WECHAT = "wechat", _("WeChat")
    CASH = "cash", _("cash, signed for")


class PayoutAccountStatus(TextChoices):
    """Whether money may be sent there."""

    PENDING = "pending", _("to be checked")
    ACTIVE = "active", _("active")
    RESTRICTED = "restricted", _("restricted")


class PayoutStatus(TextChoices):
    """The sending of money for a statement."""

    PENDING = "pending", _("to approve")
    PROCESSING = "processing", _("approved, to pay")
    PAID = "paid", _("paid")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


PAYOUT_MOVES = {
    PayoutStatus.PENDING: frozenset({PayoutStatus.PROCESSING, PayoutStatus.CANCELLED}),
    # Back to review: the account was changed after the approval, or the run was called off.
    PayoutStatus.PROCESSING: frozenset({PayoutStatus.PAID, PayoutStatus.FAILED, PayoutStatus.PENDING}),
    # The money came back: it is owed again.
    PayoutStatus.PAID: frozenset({PayoutStatus.FAILED}),
    PayoutStatus.FAILED: frozenset({PayoutStatus.PROCESSING, PayoutStatus.CANCELLED}),
}


class RunStatus(TextChoices):
    """Life of a payout run: made by one operator, approved by another, then sent."""

    DRAFT = "draft", _("to check")
    APPROVED = "approved", _("approved, to send")
    SENDING = "sending", _("being paid")
    DONE = "done", _("done")
    CANCELLED = "cancelled", _("called off")


RUN_MOVES = {
    RunStatus.DRAFT: frozenset({RunStatus.APPROVED, RunStatus.CANCELLED}),
    RunStatus.APPROVED: frozenset({RunStatus.SENDING, RunStatus.CANCELLED, RunStatus.DONE}),
    RunStatus.SENDING: frozenset({RunStatus.DONE}),
}


class TransferStatus(TextChoices):
    """One payout in one run."""

    HELD = "held", _("cannot be paid yet")
    READY = "ready", _("ready")
    SENDING = "sending", _("on its way")
    PAID = "paid", _("paid")
    FAILED = "failed", _("did not arrive")
    RETURNED = "returned", _("came back")
    LEFT_OUT = "left_out", _("left out")


TRANSFER_MOVES = {
    TransferStatus.HELD: frozenset({TransferStatus.READY, TransferStatus.LEFT_OUT}),
    TransferStatus.READY: frozenset({TransferStatus.HELD, TransferStatus.SENDING, TransferStatus.LEFT_OUT}),
    # Left out on its way: the provider has never heard of it, and the account has changed meanwhile.
    TransferStatus.SENDING: frozenset({TransferStatus.PAID, TransferStatus.FAILED, TransferStatus.LEFT_OUT}),
    TransferStatus.PAID: frozenset({TransferStatus.RETURNED}),
}
# Whose payout is in no other run and is not paid by hand either.
OPEN_TRANSFERS = (TransferStatus.HELD, TransferStatus.READY, TransferStatus.SENDING)


class Problem(TextChoices):
    """Why a payout cannot be paid as it stands."""

    NO_ACCOUNT = "no_account", _("no payout account")
    NOT_CHECKED = "not_checked", _("account or identity not checked yet")
    RESTRICTED = "restricted", _("account is restricted")
    ACCOUNT_CHANGED = "account_changed", _("changed bank account after approval")
    WAY_OFF = "way_off", _("this way to pay is not switched on")
    DISPUTED = "disputed", _("the payee questions the tally")
    AMOUNT_DIFFERS = "amount_differs", _("amount differs from tally or book")
    TAKEN_OUT = "taken_out", _("taken out by an operator")


class LineKind(TextChoices):
    """What a line of a tally is."""

    SALE = "sale", _("sale")
    HOST_COMMISSION = "host_commission", _("host commission")
    FREIGHT = "freight", _("freight")
    COUPON = "coupon", _("coupon given away")
    REFUND = "refund", _("goods came back")
    GIFT = "gift", _("gift from a viewer")
    GIFT_RETURNED = "gift_returned", _("gift went back")
    CORRECTION = "correction", _("correction")
