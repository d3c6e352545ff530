"""Settlement for operators: periods, tallies, payouts with two pairs of eyes."""

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from common.admin_base import BaseAdmin, Move, OptionalReasonForm, ReadOnlyInline
from common.admin_links import Link, list_link, object_link, related, source_link, state, yuan
from common.clock import utc_now
from payouts import account_admin as account_admin  # registers them
from payouts import run_admin as run_admin
from payouts.models import (
    Payout,
    PayoutStatement,
    SettlementPeriod,
    SettlementRhythm,
    StatementLine,
    StatementQuestion,
)
from payouts.selectors.periods import overdue_periods
from payouts.services.closing import begin_early_close
from payouts.services.paying import approve_payout, fail_payout, mark_paid, note_hand_return
from payouts.services.questioning import answer_question
from payouts.statuses import PayoutMethod, PayoutStatus, PeriodStatus

BY_HAND = (PayoutMethod.BANK, PayoutMethod.ALIPAY, PayoutMethod.WECHAT)


class ReferenceForm(forms.Form):
    """What finds the money again."""

    reference = forms.CharField(
        label=_("Number of the transfer or receipt"), max_length=80, widget=UnfoldAdminTextInputWidget()
    )
    way = forms.ChoiceField(
        label=_("How it was paid"), required=False, widget=UnfoldAdminSelectWidget(),
        choices=[("", _("as planned")), *((way.value, way.label) for way in BY_HAND)],
    )  # fmt: skip


class AnswerForm(forms.Form):
    """What the payee is told."""

    answer = forms.CharField(
        label=_("Answer"), max_length=500, widget=UnfoldAdminTextareaWidget(),
        help_text=_("The tally stays as it is. Corrections in the book land in the next tally."),
    )  # fmt: skip


class StatementInline(ReadOnlyInline):
    """The tallies of a period."""

    model = PayoutStatement
    fields = readonly_fields = [
        related("payee", _("payee")),
        "code",
        yuan("net_fen", _("net")),
        related("payout", _("payout")),
    ]


@admin.register(SettlementRhythm)
class SettlementRhythmAdmin(BaseAdmin):
    """Shops that settle by the month."""

    noun, title = _("settlement rhythm"), _("Settlement rhythms")
    can_add = True
    editable_fields = ("length",)
    list_display = [related("shop", _("shop")), "length"]
    list_filter = ["length"]
    list_select_related = ["shop"]
    search_fields = ["shop__name"]
    autocomplete_fields = ["shop"]

    def get_fields(self, request, obj=None):
        """Ask for the shop of a new rhythm."""
        return ["shop", "length"]

    def get_readonly_fields(self, request, obj=None):
        """Let a new rhythm be written; the shop stays."""
        return [] if obj is None else super().get_readonly_fields(request, obj)


class OverdueFilter(admin.SimpleListFilter):
    """Periods that should have been closed by now."""

    title, parameter_name = _("overdue"), "overdue"

    def lookups(self, request, model_admin):
        """Offer one choice."""
        return [("yes", _("overdue"))]

    def queryset(self, request, queryset):
        """Keep what is overdue."""
        return queryset & overdue_periods(now=utc_now()) if self.value() == "yes" else queryset


@admin.register(SettlementPeriod)
class SettlementPeriodAdmin(BaseAdmin):
    """Weeks of a shop's book."""

    noun, title = _("settlement period"), _("Settlement periods")
    list_display = [
        related("shop", _("shop")),
        "starts_at",
        "ends_at",
        state({"open": "info", "closing": "warning", "closed": "success"}),
        "closed_at",
    ]
    list_filter = ["status", OverdueFilter]
    list_select_related = ["shop"]
    search_fields = ["shop__name", "=shop__contact__phone"]
    date_hierarchy = "starts_at"
    ordering = ["-ends_at", "-pk"]
    inlines = [StatementInline]
    moves = (
        Move(
            name="close",
            label=_("Close now"),
            told=_(
                "The period ends now instead of at its date, and tallies are made of what was earned "
                "so far. It stays closed."
            ),
            run=lambda request, period, data: begin_early_close(
                actor=request.user, period_id=period.pk, now=utc_now(), reason=data["reason"]
            ),
            states=frozenset({PeriodStatus.OPEN}),
            bulk=True,
        ),
    )

    def links(self, period: SettlementPeriod) -> list[Link | None]:
        """Return the shop and the tallies."""
        tallies = list_link("payouts.payoutstatement", _("Tallies"), period__id__exact=period.pk)
        return [object_link(period.shop), tallies]


class LineInline(ReadOnlyInline):
    """The lines of a tally."""

    model = StatementLine
    fields = readonly_fields = [
        "kind",
        related("order_line.order", _("order")),
        related("entry", _("entry")),
        yuan("gross_fen", _("gross")),
        yuan("commission_fen", _("commission")),
        yuan("platform_fee_fen", _("platform fee")),
        yuan("amount_fen", _("amount")),
    ]

    def get_queryset(self, request):
        """Fetch what the links show."""
        return super().get_queryset(request).select_related("order_line__order", "entry")


PAYEE_SEARCH = [
    "farmer__name",
    "host__name",
    "payee_shop__name",
    "=farmer__contact__phone",
    "=host__contact__phone",
    "=payee_shop__contact__phone",
]


@admin.register(PayoutStatement)
class PayoutStatementAdmin(BaseAdmin):
    """What one payee earned in one period."""

    noun, title = _("tally"), _("Tallies")
    list_display = [
        "code",
        related("payee", _("payee")),
        related("period", _("settlement period")),
        yuan("net_fen", _("net")),
        related("payout", _("payout")),
        "issued_at",
    ]
    list_filter = ["status", "period__shop"]
    list_select_related = ["farmer", "host", "payee_shop", "period", "payout"]
    search_fields = ["=code", *PAYEE_SEARCH, "=lines__order_number"]
    date_hierarchy = "issued_at"
    ordering = ["-pk"]
    inlines = [LineInline]

    def links(self, statement: PayoutStatement) -> list[Link | None]:
        """Return payee, period, payout, and the page to print."""
        return [
            object_link(statement.payee),
            object_link(statement.period),
            object_link(getattr(statement, "payout", None)),
            Link(_("Page to print"), f"/desk/statements/{statement.pk}/"),
            Link(_("PDF"), f"/desk/statements/{statement.pk}/pdf/"),
            list_link("payouts.statementquestion", _("Questions"), q=statement.code),
        ]


@admin.register(StatementLine)
class StatementLineAdmin(BaseAdmin):
    """Lines of tallies, from the entry of the book to the order and back."""

    noun, title = _("line of a tally"), _("Lines of tallies")
    list_display = [
        "kind",
        related("statement", _("tally")),
        related("order_line.order", _("order")),
        related("entry", _("entry")),
        yuan("amount_fen", _("amount")),
        "posted_at",
    ]
    list_filter = ["kind"]
    list_select_related = ["statement", "order_line__order", "entry"]
    search_fields = ["=order_number", "=statement__code"]
    date_hierarchy = "posted_at"
    ordering = ["-pk"]

    def links(self, line: StatementLine) -> list[Link | None]:
        """Return tally, order, entry and posting."""
        order = line.order_line.order if line.order_line else None
        return [
            object_link(line.statement),
            object_link(order) if order else source_link(line.entry.source),
            object_link(line.entry),
            object_link(line.entry.transaction),
        ]


class OpenFilter(admin.SimpleListFilter):
    """Questions that nobody has answered."""

    title, parameter_name = _("to answer"), "open"

    def lookups(self, request, model_admin):
        """Offer one choice."""
        return [("yes", _("to answer"))]

    def queryset(self, request, queryset):
        """Keep what waits."""
        return queryset.filter(answered_at=None) if self.value() == "yes" else queryset


@admin.register(StatementQuestion)
class StatementQuestionAdmin(BaseAdmin):
    """What payees do not agree with."""

    noun, title = _("question about a tally"), _("Questions about tallies")
    list_display = ["text", related("statement", _("tally")), "asked_at", "answered_at"]
    list_filter = [OpenFilter]
    moves = (
        Move(
            name="answer",
            label=_("Answer"),
            told=_("The payee is told, the tally counts as accepted, and the payout goes on."),
            run=lambda request, question, data: answer_question(
                actor=request.user, question_id=question.pk, answer=data["answer"], now=utc_now()
            ),
            form=AnswerForm,
        ),
    )
    list_select_related = ["statement"]
    search_fields = ["=statement__code", "text"]
    date_hierarchy = "asked_at"
    ordering = ["-pk"]

    def links(self, question: StatementQuestion) -> list[Link | None]:
        """Return the tally and its payee."""
        return [object_link(question.statement), object_link(question.statement.payee)]


@admin.register(Payout)
class PayoutAdmin(BaseAdmin):
    """Approve, pay, or note that it failed: each by a move."""

    noun, title = _("payout"), _("Payouts")
    list_display = [
        "id",
        related("statement.payee", _("payee")),
        related("statement", _("tally")),
        yuan("amount_fen", _("amount")),
        "method",
        state(
            {
                "pending": "warning",
                "processing": "info",
                "paid": "success",
                "failed": "danger",
                "cancelled": "danger",
            }
        ),
        "paid_at",
        "reference",
    ]
    list_filter = ["status", "method"]
    list_select_related = ["statement__farmer", "statement__host", "statement__payee_shop"]
    search_fields = [
        "=statement__code",
        "=reference",
        "=statement__lines__order_number",
        "statement__farmer__name",
        "statement__host__name",
        "=statement__farmer__contact__phone",
        "=statement__host__contact__phone",
        "=statement__payee_shop__contact__phone",
    ]
    date_hierarchy = "paid_at"
    ordering = ["-pk"]
    moves = (
        Move(
            name="approve",
            label=_("Approve payout"),
            told=_("It may be paid from now on, by another person than you."),
            run=lambda request, payout, data: approve_payout(
                actor=request.user, payout_id=payout.pk, now=utc_now(), reason=data["reason"]
            ),
            form=OptionalReasonForm,
            states=frozenset({PayoutStatus.PENDING, PayoutStatus.FAILED}),
            bulk=True,
        ),
        Move(
            name="paid",
            label=_("Mark paid"),
            told=_("Only after the money has gone: the book is posted and the payee is told."),
            run=lambda request, payout, data: mark_paid(
                actor=request.user,
                payout_id=payout.pk,
                reference=data["reference"],
                way=data["way"],
                now=utc_now(),
            ),
            form=ReferenceForm,
            states=frozenset({PayoutStatus.PROCESSING}),
        ),
        Move(
            name="failed",
            label=_("It did not arrive"),
            told=_("The payee keeps the claim, and the payout can be approved again."),
            run=lambda request, payout, data: fail_payout(
                actor=request.user, payout_id=payout.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({PayoutStatus.PROCESSING}),
            is_dangerous=True,
        ),
        Move(
            name="returned",
            label=_("The money came back"),
            run=lambda request, payout, data: note_hand_return(
                actor=request.user, payout_id=payout.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({PayoutStatus.PAID}),
            is_dangerous=True,
        ),
    )

    def links(self, payout: Payout) -> list[Link | None]:
        """Return tally, payee and postings."""
        postings = list_link("ledger.ledgertransaction", _("Postings"), q=f"payout:{payout.pk}")
        runs = list_link("payouts.payouttransfer", _("In runs"), payout__id__exact=payout.pk)
        return [object_link(payout.statement), object_link(payout.statement.payee), postings, runs]
