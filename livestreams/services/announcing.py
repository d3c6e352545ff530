"""What other apps want the room to know: stock moved, something was sold."""

from datetime import datetime

from django.utils.translation import gettext as _

from common.clock import utc_now
from livestreams.models import LiveSession
from livestreams.services.chatting import say_for_market
from livestreams.services.telling_room import tell
from livestreams.statuses import ON_AIR, SessionStatus
from shops.models import VariantStock


def announce_stock(*, variant_id: int, now: datetime) -> int:
    """Tell every open room that has the variant in its rundown how many are left; return how many rooms."""
    rooms = LiveSession.objects.filter(
        rundown__variant=variant_id, status__in=ON_AIR | {SessionStatus.SCHEDULED}
    ).values_list("pk", flat=True)
    available = VariantStock.objects.filter(variant=variant_id).values_list("available", flat=True).first()
    for session_id in rooms:
        tell(session_id, "stock", {"variant": variant_id, "available": available or 0})
    return len(rooms)


def announce_sale(
    *, session_id: int, buyer_masked: str, title: str, quantity: int, now: datetime | None = None
) -> None:
    """Show a system line about a sale while the room is on air; the buyer's name comes masked."""
    if not LiveSession.objects.filter(pk=session_id, status__in=ON_AIR).exists():
        return
    text = _("%(buyer)s bought %(title)s × %(quantity)s") % {
        "buyer": buyer_masked,
        "title": title[:60],
        "quantity": quantity,
    }
    say_for_market(session_id=session_id, text=text, now=now or utc_now())
