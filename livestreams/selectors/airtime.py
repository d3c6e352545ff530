"""How long each item was shown, and when the picture was away: what the report measures in seconds."""

from datetime import datetime

from livestreams.models import LiveSession, PinEvent


def airtime_by_item(session: LiveSession, *, now: datetime) -> dict[int, tuple[float, int]]:
    """Return, by rundown item, how many seconds it was pinned and how often.

    A pin that is still open counts until now.
    """
    shown: dict[int, tuple[float, int]] = {}
    pins = PinEvent.objects.filter(session=session).values_list("rundown_item_id", "opened_at", "closed_at")
    for item_id, opened_at, closed_at in pins:
        seconds, times = shown.get(item_id, (0.0, 0))
        length = max(((closed_at or now) - opened_at).total_seconds(), 0.0)
        shown[item_id] = (seconds + length, times + 1)
    return shown
