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
    PayoutStatus.PROCESSING: frozenset({PayoutStatus.PAID, PayoutStatus.FAILED}),
    PayoutStatus.FAILED: frozenset({PayoutStatus.PROCESSING, PayoutStatus.CANCELLED}),
}


class LineKind(TextChoices):
    """What a line of a tally is."""

    SALE = "sale", _("sale")
    HOST_COMMISSION = "host_commission", _("host commission")
    FREIGHT = "freight", _("freight")
    COUPON = "coupon", _("coupon given away")
    REFUND = "refund", _("goods came back")
    CORRECTION = "correction", _("correction")
