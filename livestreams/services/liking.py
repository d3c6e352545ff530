"""Hearts: free, anonymous, counted."""

from django.db.models import F

from common.errors import NotFound
from livestreams.errors import NotOnAir
from livestreams.models import LiveSession
from livestreams.services.telling_room import tell
from livestreams.statuses import ON_AIR

AT_ONCE = 20


def like_session(*, session_id: int, count: int) -> int:
    """Add hearts (at most 20 a call, the page collects taps) and return how many there are."""
    session = LiveSession.objects.public().filter(pk=session_id).first()
    if session is None:
        raise NotFound()
    if session.status not in ON_AIR:
        raise NotOnAir()
    added = min(max(count, 1), AT_ONCE)
    LiveSession.objects.filter(pk=session_id).update(like_count=F("like_count") + added)
    total = LiveSession.objects.values_list("like_count", flat=True).get(pk=session_id)
    tell(session_id, "likes", {"count": total})
    return total
