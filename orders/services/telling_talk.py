"""Who is told of a private message, in their own language (rules.md PR5)."""

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.services.contacts import contact_of
from notifications.services.telling import in_language_of, tell
from orders.models import PrivateMessage
from orders.statuses import TalkSide


def tell_message(*, message: PrivateMessage, now: datetime) -> None:
    """Tell the other side that something was said: once, until it has read."""
    talk = message.conversation
    if message.side == TalkSide.BUYER:
        contact, read, name = talk.shop.contact, talk.read_by_shop, talk.buyer.display_name
        url = f"/desk/messages/{talk.pk}/"
    else:
        contact, read, name = contact_of(talk.buyer), talk.read_by_buyer, talk.shop.name
        url = f"/shops/{talk.shop_id}/talk/"
    if message.pk <= read:
        return
    first = talk.messages.filter(side=message.side, pk__gt=read).earliest("pk")
    with in_language_of(contact):
        tell(
            contact_id=contact.pk,
            kind="private_message",
            title=(_("A message from %(name)s") % {"name": name})[:120],
            body=message.text[:200],
            url=url,
            dedupe_key=f"private_message:{first.pk}:{contact.pk}",
            now=now,
        )
