"""Two shows of one host or one shop at the same time: a warning, which a person may overrule."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from livestreams.errors import SessionClash
from livestreams.models import LiveSession
from livestreams.statuses import ON_AIR, SessionStatus

LONGEST = timedelta(hours=12)  # of a show, as planned


def find_clash(
    *,
    actor,
    host_id: int,
    shop_id: int,
    starts: Sequence[datetime],
    minutes: int,
    but: Collection[int] = (),
) -> LiveSession | None:
    """Return an announced or running show, or a draft of the person's, that overlaps one of the times.

    Shows of another host and another shop do not clash; `but` names shows that are being moved.
    """
    length = timedelta(minutes=minutes)
    drafts = LiveSession.objects.for_presenter(actor).filter(status=SessionStatus.DRAFT).values("pk")
    others = (
        LiveSession.objects.filter(Q(status__in=ON_AIR | {SessionStatus.SCHEDULED}) | Q(pk__in=drafts))
        .filter(Q(host=host_id) | Q(shop=shop_id))
        .filter(scheduled_at__gt=min(starts) - LONGEST, scheduled_at__lt=max(starts) + length)
        .exclude(pk__in=list(but))
        .order_by("scheduled_at", "pk")
    )
    for other in others:
        end = ends_at(other)
        if any(other.scheduled_at < start + length and start < end for start in starts):
            return other
    return None


def check_clash(**where) -> None:
    """Raise SessionClash with the other show's name and time."""
    other = find_clash(**where)
    if other is not None:
        words = clash_words(other)
        raise SessionClash(words, fields={"scheduled_at": words})


def ends_at(session: LiveSession) -> datetime:
    """Return when the show is planned to end."""
    return session.scheduled_at + timedelta(minutes=session.planned_minutes)


def clash_words(other: LiveSession) -> str:
    """Say which show is at that time, in the village's time."""
    return _(
        "“%(title)s” is planned from %(start)s to %(end)s. Choose another time, or plan it all the same."
    ) % {
        "title": other.title,
        "start": timezone.localtime(other.scheduled_at).strftime("%Y-%m-%d %H:%M"),
        "end": timezone.localtime(ends_at(other)).strftime("%H:%M"),
    }
