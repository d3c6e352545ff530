"""Who may not speak, who may not come in. The last word of a moderator about a person counts, for each."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from livestreams.models import LiveSession, ModerationAction
from livestreams.statuses import ModerationKind

MUTING = (ModerationKind.MUTE, ModerationKind.UNMUTE)
BANNING = (ModerationKind.BAN, ModerationKind.UNBAN)


@dataclass(frozen=True)
class Standing:
    """The mute and the ban that hold now."""

    mute: ModerationAction | None
    ban: ModerationAction | None


def standing_of(*, session_id: int, person_id: int, now: datetime) -> Standing:
    """Return what holds for the person in this room."""
    said = ModerationAction.objects.filter(session=session_id, person=person_id)
    mute = said.filter(kind__in=MUTING).order_by("-pk").first()
    ban = said.filter(kind__in=BANNING).order_by("-pk").first()
    is_muted = mute and mute.kind == ModerationKind.MUTE and (mute.until is None or mute.until > now)
    return Standing(mute if is_muted else None, ban if ban and ban.kind == ModerationKind.BAN else None)


def is_banned(*, session_id: int, person_id: int) -> bool:
    """Say whether the person was asked to leave this room; a ban lasts until it is lifted."""
    last = (
        ModerationAction.objects.filter(session=session_id, person=person_id, kind__in=BANNING)
        .order_by("-pk")
        .values_list("kind", flat=True)
        .first()
    )
    return last == ModerationKind.BAN


def banned_among(*, session_ids: Collection[int], person_ids: Collection[int]) -> set[tuple[int, int]]:
    """Return every (session, person) of these in which a ban holds: one question, however many watch."""
    last = (
        ModerationAction.objects.filter(session__in=session_ids, person__in=person_ids, kind__in=BANNING)
        .order_by("session", "person", "-pk")
        .distinct("session", "person")
        .values_list("session_id", "person_id", "kind")
    )
    return {(session, person) for session, person, kind in last if kind == ModerationKind.BAN}


def list_silenced(session: LiveSession, *, now: datetime) -> list[ModerationAction]:
    """Return the mutes and bans that hold now, the newest first; one row a person and kind."""
    mutes = _last_words(session, MUTING).filter(kind=ModerationKind.MUTE)
    bans = _last_words(session, BANNING).filter(kind=ModerationKind.BAN)
    holding = [*mutes.filter(Q(until=None) | Q(until__gt=now)), *bans]
    return sorted(holding, key=lambda action: -action.pk)


def _last_words(session: LiveSession, kinds: tuple[str, str]) -> QuerySet[ModerationAction]:
    last = (
        ModerationAction.objects.filter(session=session, kind__in=kinds)
        .order_by("person", "-pk")
        .distinct("person")
    )
    return ModerationAction.objects.filter(pk__in=last.values("pk")).select_related("person", "moderator")


def list_moderation(session: LiveSession, *, limit: int = 100) -> list[ModerationAction]:
    """Return what moderators did in this room, the newest first."""
    return list(
        ModerationAction.objects.filter(session=session)
        .select_related("person", "moderator", "message")
        .order_by("-pk")[:limit]
    )
