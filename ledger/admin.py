"""The book, for reading: accounts, transactions, entries, with ways to their documents and back."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin_base import BaseAdmin, Move, ReadOnlyInline
from common.admin_links import (
    Link,
    list_link,
    object_link,
    related,
    source_column,
    source_link,
    state,
    yuan,
)
from common.clock import utc_now
from common.errors import MarketError
from common.money import money_text
from common.sheets import csv_text
from ledger import comparing_admin as comparing_admin  # registers them
from ledger.forms import AdjustmentForm, WindowForm
from ledger.models import (
    LedgerAccount,
    LedgerAdjustment,
    LedgerAdjustmentLine,
    LedgerEntry,
    LedgerSeal,
    LedgerSealer,
    LedgerSnapshot,
    LedgerTransaction,
)
from ledger.selectors import account_statement, statement_table, summed_balance
from ledger.services.adjusting import (
    approve_adjustment,
    propose_adjustment,
    propose_reversal,
    reject_adjustment,
)
from ledger.statuses import AdjustmentStatus, OwnerKind


@admin.register(LedgerAccount)
class LedgerAccountAdmin(BaseAdmin):
    """What each owner and purpose holds."""

    noun, title = _("account"), _("Accounts of the book")
    list_display = ["purpose", "owner", yuan("balance_fen", _("balance"))]
    list_filter = ["purpose", "owner_kind"]
    search_fields = ["purpose", "=owner_id"]

    @display(description=_("owner"), ordering="owner_id")
    def owner(self, account: LedgerAccount) -> str:
        """Return the owner's link."""
        if account.owner_kind == OwnerKind.SYSTEM:
            return account.get_owner_kind_display()
        return source_column("source", "")(_Named(f"{account.owner_kind}:{account.owner_id}"))

    @display(description=_("sum of entries"))
    def summed(self, account: LedgerAccount) -> str:
        """Return the sum that the cached balance must equal."""
        return money_text(summed_balance(account))

    extra_columns = ("owner", "summed")
    moves = (
        Move(
            name="adjust",
            label=_("Propose a correction"),
            told=_(
                "Nothing is posted yet: another operator looks at it under Corrections and posts it "
                "or turns it down."
            ),
            run=lambda request, account, data: propose_adjustment(
                actor=request.user,
                lines=data["lines_for"](account),
                reason=data["reason"],
                now=utc_now(),
            ),
            form=AdjustmentForm,
            permission="ledger.add_ledgeradjustment",
        ),
    )

    def links(self, account: LedgerAccount) -> list[Link | None]:
        """Return the owner, the statement, the entries and the snapshots."""
        entries = list_link("ledger.ledgerentry", _("Entries"), account__id__exact=account.pk)
        owner = source_link(f"{account.owner_kind}:{account.owner_id}")
        statement = Link(_("Statement"), reverse("admin:ledger_ledgeraccount_statement", args=[account.pk]))
        return [owner, statement, entries]

    def get_urls(self) -> list:
        """Add the statement's page."""
        view = self.admin_site.admin_view(self.statement_view)
        return [
            path("<path:object_id>/statement/", view, name="ledger_ledgeraccount_statement"),
            *super().get_urls(),
        ]

    def statement_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what moved an account between two days, or hand it out as a table (`?format=csv`)."""
        account = self._thing(request, object_id)
        form = WindowForm(request.GET if "first" in request.GET else None, now=utc_now())
        statement, refusal = None, ""
        window = form.window()
        if window is not None:
            try:
                statement = account_statement(account=account, starts_at=window[0], ends_at=window[1])
            except MarketError as error:
                refusal = error.message
        if statement is not None and request.GET.get("format") == "csv":
            response = HttpResponse(
                csv_text(statement_table(statement)), content_type="text/csv; charset=utf-8"
            )
            response["Content-Disposition"] = f'attachment; filename="account-{account.pk}.csv"'
            response["X-Content-Type-Options"] = "nosniff"
            response["Cache-Control"] = "no-store"
            return response
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Statement of %(account)s") % {"account": account},
            "form": form,
            "refusal": refusal,
            "statement": statement,
            "csv_url": f"?{form.query()}&format=csv" if statement is not None else "",
            "back_url": self._url("change", account),
        }
        return TemplateResponse(request, "admin/account_statement.html", context)


class _Named:
    def __init__(self, source: str):
        self.source = source


class EntryInline(ReadOnlyInline):
    """The lines of a transaction."""

    model = LedgerEntry
    fields = readonly_fields = [
        related("account", _("account")),
        yuan("amount_fen", _("amount")),
        source_column("source", _("document")),
    ]


@admin.register(LedgerTransaction)
class LedgerTransactionAdmin(BaseAdmin):
    """Balanced postings. Search by document ("order:12"), by order number on the order's page."""

    noun, title = _("posting"), _("Postings")
    list_display = ["kind", source_column("source", _("document")), "key", "memo", "posted_at"]
    list_filter = ["kind"]
    search_fields = ["=source", "=key", "memo"]
    date_hierarchy = "posted_at"
    ordering = ["-pk"]
    inlines = [EntryInline]
    moves = (
        Move(
            name="reverse",
            label=_("Propose to take it back"),
            told=_(
                "The same sums are proposed the other way round. Another operator looks at it under "
                "Corrections and posts it."
            ),
            run=lambda request, posted, data: propose_reversal(
                actor=request.user, transaction_id=posted.pk, reason=data["reason"], now=utc_now()
            ),
            permission="ledger.add_ledgeradjustment",
            is_dangerous=True,
        ),
    )

    def links(self, posted: LedgerTransaction) -> list[Link | None]:
        """Return the document, the reversal, the correction it came from, and the link of the chain."""
        return [
            source_link(posted.source),
            object_link(posted.reversal_of),
            object_link(getattr(posted, "ledgertransaction", None)),
            object_link(getattr(posted, "adjustment", None)),
            object_link(getattr(posted, "seal", None)),
            list_link("ledger.ledgeradjustment", _("Corrections"), reverses__id__exact=posted.pk),
        ]


@admin.register(LedgerEntry)
class LedgerEntryAdmin(BaseAdmin):
    """Single lines, with the statement that claimed them."""

    noun, title = _("entry"), _("Entries of the book")
    list_display = [
        "id",
        related("account", _("account")),
        yuan("amount_fen", _("amount")),
        source_column("source", _("document")),
        related("transaction", _("posting")),
        related("statement_line.statement", _("tally")),
    ]
    list_filter = ["account__purpose"]
    list_select_related = ["account", "transaction", "statement_line__statement"]
    search_fields = ["=source", "=transaction__source", "=transaction__key"]
    date_hierarchy = "transaction__posted_at"
    ordering = ["-pk"]

    def links(self, entry: LedgerEntry) -> list[Link | None]:
        """Return posting, document, and the tally that claimed it."""
        line = getattr(entry, "statement_line", None)
        return [
            object_link(entry.transaction),
            source_link(entry.source),
            object_link(line.statement if line else None),
        ]


class AdjustmentLineInline(ReadOnlyInline):
    """The lines of a correction."""

    model = LedgerAdjustmentLine
    fields = readonly_fields = [
        related("account", _("account")),
        yuan("amount_fen", _("amount")),
        source_column("source", _("document")),
    ]


@admin.register(LedgerAdjustment)
class LedgerAdjustmentAdmin(BaseAdmin):
    """Corrections: who proposed, who checked."""

    noun, title = _("correction"), _("Corrections")
    list_display = [
        "id",
        state({"proposed": "warning", "posted": "success", "rejected": "danger"}),
        related("reverses", _("takes back")),
        "reason",
        "proposed_by",
        "decided_by",
        "proposed_at",
    ]
    list_filter = ["status"]
    list_select_related = ["reverses", "proposed_by", "decided_by"]
    search_fields = ["reason", "=reverses__source", "=lines__source"]
    date_hierarchy = "proposed_at"
    ordering = ["-pk"]
    inlines = [AdjustmentLineInline]
    moves = (
        Move(
            name="approve",
            label=_("Post to the book"),
            told=_(
                "It goes into the book as it stands and is never changed again. Who proposed it "
                "cannot post it."
            ),
            run=lambda request, adjustment, data: approve_adjustment(
                actor=request.user, adjustment_id=adjustment.pk, now=utc_now(), note=data["reason"]
            ),
            states=frozenset({AdjustmentStatus.PROPOSED}),
        ),
        Move(
            name="reject",
            label=_("Turn down"),
            told=_("Nothing is posted. The reason stays with the correction."),
            run=lambda request, adjustment, data: reject_adjustment(
                actor=request.user, adjustment_id=adjustment.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({AdjustmentStatus.PROPOSED}),
            is_dangerous=True,
        ),
    )

    def links(self, adjustment: LedgerAdjustment) -> list[Link | None]:
        """Return what it takes back and what it posted."""
        return [object_link(adjustment.reverses), object_link(adjustment.posted)]


@admin.register(LedgerAdjustmentLine)
class LedgerAdjustmentLineAdmin(BaseAdmin):
    """Lines of corrections."""

    noun, title = _("line of a correction"), _("Lines of corrections")
    list_display = [
        related("adjustment", _("correction")),
        related("account", _("account")),
        yuan("amount_fen", _("amount")),
        source_column("source", _("document")),
    ]
    list_select_related = ["adjustment", "account"]
    search_fields = ["=source"]
    ordering = ["-pk"]


@admin.register(LedgerSeal)
class LedgerSealAdmin(BaseAdmin):
    """The chain over the postings; `manage.py verify_ledger` recomputes it."""

    noun, title = _("link of the chain"), _("Chain over the book")
    list_display = ["id", related("transaction", _("posting")), "digest", "sealed_at"]
    list_select_related = ["transaction"]
    search_fields = ["=digest", "=transaction__source"]
    ordering = ["-pk"]

    def links(self, seal: LedgerSeal) -> list[Link | None]:
        """Return the posting."""
        return [object_link(seal.transaction)]


@admin.register(LedgerSealer)
class LedgerSealerAdmin(BaseAdmin):
    """Where the sealer stands."""

    noun, title = _("sealer"), _("Sealer of the book")
    list_display = ["id", "seen_id", "seen_in"]
    search_fields = ["=seen_id"]


@admin.register(LedgerSnapshot)
class LedgerSnapshotAdmin(BaseAdmin):
    """What busy accounts held."""

    noun, title = _("snapshot"), _("Snapshots of busy accounts")
    list_display = [
        related("account", _("account")),
        yuan("balance_fen", _("balance")),
        "upto_id",
        "taken_at",
    ]
    list_select_related = ["account"]
    search_fields = ["=upto_id", "account__purpose"]
    ordering = ["-pk"]
