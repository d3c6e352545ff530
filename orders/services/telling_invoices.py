"""Who is told of an invoice, in their own language (rules.md PR5). Repeatable by dedupe keys."""

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.services.contacts import contact_of
from common.money import yuan_text
from notifications.services.telling import in_language_of, tell
from orders.models import Invoice
from orders.services.telling import buyer_url

DESK_URL = "/desk/invoices/"


def tell_invoice(*, invoice: Invoice, step: str, now: datetime) -> None:
    """Tell the shop what is asked of it, and the buyer what has come of it."""
    for_shop = step in ("requested", "reversal_due")
    contact = invoice.shop.contact if for_shop else contact_of(invoice.order.group.buyer)
    with in_language_of(contact):
        words = {"number": invoice.order.number, "amount": yuan_text(invoice.amount_fen or 0)}
        title, body = {
            "requested": lambda: (
                _("A buyer asks for an invoice"),
                _("It is for order %(number)s.") % words,
            ),
            "reversal_due": lambda: (
                _("An invoice is to be reversed"),
                _("Money of order %(number)s went back after the invoice.") % words,
            ),
            "issued": lambda: (
                _("Your invoice over ¥%(amount)s is there") % words,
                _("It is on the page of order %(number)s.") % words,
            ),
            "refused": lambda: (
                _("There is no invoice for order %(number)s") % words,
                invoice.refused_reason,
            ),
            "reversed": lambda: (
                _("Your invoice over ¥%(amount)s was reversed") % words,
                _("Do not use it any more. It was for order %(number)s.") % words,
            ),
        }[step]()
        tell(
            contact_id=contact.pk,
            kind=f"invoice_{step}",
            title=title,
            body=body,
            url=DESK_URL if for_shop else buyer_url(invoice.order),
            dedupe_key=f"invoice_{step}:{invoice.pk}:{contact.pk}",
            now=now,
        )
