"""The book, for reading: accounts, transactions, entries, with ways to their documents and back."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin_base import BaseAdmin, ReadOnlyInline
from common.admin_links import Link, list_link, object_link, related, source_column, source_link, yuan
from common.money import yuan_text
from ledger.models import LedgerAccount, LedgerEntry, LedgerTransaction
from ledger.selectors import summed_balance
from ledger.statuses import OwnerKind


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
        return f"¥{yuan_text(summed_balance(account))}"

    extra_columns = ("owner", "summed")

    def links(self, account: LedgerAccount) -> list[Link | None]:
        """Return the owner and the entries."""
        entries = list_link("ledger.ledgerentry", _("Entries"), account__id__exact=account.pk)
        owner = source_link(f"{account.owner_kind}:{account.owner_id}")
        return [owner, entries]


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

    def links(self, posted: LedgerTransaction) -> list[Link | None]:
        """Return the document and the reversal."""
        reversal = getattr(posted, "ledgertransaction", None)
        return [source_link(posted.source), object_link(posted.reversal_of), object_link(reversal)]


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
