"""What operators call the comparisons; a new one shows its name until it has words here."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from common.money import money_text

JOB_WORDS = {
    "stock": _("stock and its movements"),
    "lots": _("deliveries and what was sold of them"),
    "balances": _("balances and their entries"),
    "chain": _("chain over the book"),
    "book_documents": _("the book and its documents"),
    "payments_book": _("payments and the book"),
    "provider_bills": _("payments and the providers' bills"),
    "orders_money": _("orders and their money"),
    "gifts_money": _("gifts and their money"),
    "payouts_tallies": _("payouts and tallies"),
    "seals": _("tallies and their seals"),
    "outbox": _("messages that wait too long"),
    "rooms_takes": _("shows and their recordings"),
    "processes": _("programs that record"),
    "coupons": _("coupons and purchases"),
    "parcels": _("orders and parcels"),
    "files": _("photos and their files"),
}

KIND_WORDS = {
    "payment_not_posted": _("paid, but not in the book"),
    "payment_amount": _("the book holds another sum than was paid"),
    "payment_not_succeeded": _("in the book, but not paid"),
    "refund_not_posted": _("given back, but not in the book"),
    "refund_amount": _("the book holds another sum than was given back"),
    "refund_given_twice": _("given back twice: by the provider and by hand"),
    "unmatched_waiting": _("money without an order that nobody has looked at"),
    "unmatched_proposed": _("money without an order that waits for its checker"),
    "unmatched_not_assigned": _("assigned, but not in the book"),
    "unmatched_not_returned": _("to be given back, but the refund is not so"),
    "order_captured": _("the orders say another sum than was paid"),
    "order_refunds": _("the order says another sum than its refunds"),
    "refund_request_open": _("given back, but still waits"),
    "completion_not_posted": _("completed, but nobody's money is in the book"),
    "completed_too_early": _("in the book, but not completed"),
    "shipped_without_parcel": _("sent, but there is no parcel"),
    "units_in_parcels": _("the parcels hold another number than was sent"),
    "document_missing": _("the book names a document that is not there"),
    "transaction_unbalanced": _("debits and credits differ"),
    "snapshot": _("a noted balance is not the sum of its entries"),
    "tally_lines": _("the lines do not add up to the tally"),
    "tally_entry": _("a line says another sum than the book"),
    "payout_amount": _("another sum than its tally"),
    "payout_posted": _("what left the market is not what was paid"),
    "payout_missing": _("a tally without its payout"),
    "tally_of_somebody_else": _("somebody else's money on the tally"),
    "tally_altered": _("a tally was altered after it was sealed"),
    "entry_on_no_tally": _("owed, and on no tally"),
    "owed": _("the book owes another sum than the tallies say"),
    "period_overdue": _("a period that should be closed, hours late"),
    "transfer_never_ends": _("a payout on its way for too long, in days"),
    "outbox_late": _("a message waits too long"),
    "outbox_quarantined": _("a message failed for good"),
    "take_after_the_show": _("recorded on after the show"),
    "take_silent": _("nothing comes from the phone any more"),
    "process_without_take": _("a program runs for no recording"),
    "processes_of_a_take": _("two programs run for one recording"),
    "take_without_process": _("a recording without a program"),
    "parcel_never_delivered": _("on its way for too long"),
    "coupons_claimed": _("another number was taken than is counted"),
    "coupon_used": _("used, but nothing was paid with it"),
    "coupon_not_used": _("paid with, but not marked used"),
    "coupon_held": _("held for a purchase that is over"),
    "coupon_discount": _("the lines take off another sum than the order"),
    "bill_amount": _("the provider's bill says another sum"),
    "bill_state": _("on the provider's bill, but not done here"),
    "bill_number": _("on the bill with another number"),
    "bill_unknown": _("on the bill, unknown to us"),
    "bill_other_movement": _("money moved that is no payment or refund"),
    "bill_twice": _("twice on the bill"),
    "bill_missing": _("not on the provider's bill"),
    "bill_absent": _("the bill of that day is missing"),
    "bill_fees": _("the fees in the book are not those of the bill"),
    "bill_sums": _("the bill does not add up"),
    "bill_funds": _("the two bills of a day differ"),
    "gift_paid": _("the gift says another sum than was paid"),
    "gift_of_host": _("the host's part in the book differs"),
    "gift_returned": _("taken back, but the refund is not so"),
    "gift_not_returned": _("the money went back, the gift did not"),
    "gift_waits_too_long": _("waits for its payment too long"),
    "tally_gifts": _("the gifts on the tally do not add up"),
    "cached_balance": _("a balance is not the sum of its entries"),
    "book_total": _("debits and credits of the whole book differ"),
    "chain_altered": _("a posting was altered after it was sealed"),
    "chain_deleted": _("a sealed posting is gone"),
    "chain_slipped_in": _("a posting was slipped in between sealed ones"),
    "chain_link_missing": _("a link of the chain is missing"),
    "chain_other_anchor": _("the chain was rewritten"),
    "variant_units": _("stock and its movements differ"),
    "variant_held": _("held stock and its reservations differ"),
    "variant_in_deals": _("stock in flash deals differs"),
    "deal_held": _("held in a deal and its reservations differ"),
    "deal_sold": _("sold in a deal and its orders differ"),
    "deal_open": _("a deal that is over still holds stock"),
    "deal_quantity": _("a deal does not add up"),
    "deal_overdue": _("a deal should have ended"),
    "deal_line": _("an order line does not fit its deal"),
    "deal_price": _("sold at another price than the deal"),
    "lot_taken": _("sold of a delivery and what was given out differ"),
    "line_allotted": _("an order line has another number of pieces of deliveries"),
    "line_unpaid": _("pieces of deliveries given to an unpaid order"),
    "pool_units": _("a shared stock and its deliveries differ"),
    "lot_depleted": _("a delivery that is empty is not marked so"),
    "line_shares": _("the growers' shares do not add up"),
    "line_below_floor": _("sold below the price agreed with a grower"),
    "file_missing": _("a photo without its file"),
}
SIDE_WORDS = {
    "no file": _("no file"),
    "sum of entries": _("sum of entries"),
    "another balance": _("another balance"),
    "as sealed": _("as sealed"),
    "altered": _("altered"),
}
# What these expect and find is fen.
MONEY_KINDS = frozenset(
    {
        "payment_not_posted",
        "payment_amount",
        "refund_not_posted",
        "refund_amount",
        "unmatched_waiting",
        "unmatched_proposed",
        "unmatched_not_assigned",
        "unmatched_not_returned",
        "order_captured",
        "order_refunds",
        "completion_not_posted",
        "transaction_unbalanced",
        "snapshot",
        "tally_lines",
        "tally_entry",
        "payout_amount",
        "payout_posted",
        "payout_missing",
        "entry_on_no_tally",
        "owed",
        "coupon_discount",
        "bill_amount",
        "bill_state",
        "bill_number",
        "bill_unknown",
        "bill_other_movement",
        "bill_missing",
        "bill_fees",
        "bill_sums",
        "bill_funds",
        "gift_paid",
        "gift_of_host",
        "gift_returned",
        "gift_not_returned",
        "tally_gifts",
        "book_total",
    }
)


def job_words(job: str) -> Any:
    """Return what a comparison is called."""
    return JOB_WORDS.get(job, job)


def kind_words(kind: str) -> Any:
    """Return what a kind of difference is called."""
    return KIND_WORDS.get(kind, kind)


def side_text(kind: str, value: str) -> Any:
    """Return what one side says; fen are shown as money, what the code calls a state in words."""
    if value in SIDE_WORDS:
        return SIDE_WORDS[value]
    is_money = kind in MONEY_KINDS and value.removeprefix("-").isdecimal()
    return money_text(int(value)) if is_money else value
