"""Keep how many people watched a show, minute by minute, for the report."""

from datetime import datetime

from django.db.models import F
from django.db.models.functions import Greatest

from livestreams.models import LiveSession, ViewerSample
from livestreams.services.telling_room import channel_of
from realtime.services import presence


def keep_sample(*, session_id: int, now: datetime) -> None:
    """Note the most viewers of this minute, the hearts so far, and the most viewers of the show.

    Called every few seconds while a show is on air; two callers at once lose nothing.
    """
    viewers = presence.count(channel=channel_of(session_id))
    likes = LiveSession.objects.values_list("like_count", flat=True).get(pk=session_id)
    minute_at = now.replace(second=0, microsecond=0)
    ViewerSample.objects.bulk_create(
        [ViewerSample(session_id=session_id, minute_at=minute_at, viewers=viewers, likes=likes)],
        ignore_conflicts=True,
    )
    ViewerSample.objects.filter(session=session_id, minute_at=minute_at).update(
        viewers=Greatest(F("viewers"), viewers), likes=Greatest(F("likes"), likes)
    )
    LiveSession.objects.filter(pk=session_id, peak_viewers__lt=viewers).update(peak_viewers=viewers)
