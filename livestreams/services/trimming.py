"""What people see of a replay: hide it, show it again, cut its ends. The master is never touched."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common import audit, outbox
from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from livestreams.errors import ReplayBarred, ReplayNotReady
from livestreams.models import Replay
from livestreams.services.picture import load_picture
from livestreams.services.playlists import kept_span_ms
from livestreams.services.replaying import tell_replay
from livestreams.services.scheduling import locked_session
from livestreams.statuses import ReplayProblem, ReplayStatus

Trim = tuple[int, int | None]
SHORTEST_MS = 2_000


def locked_replay(*, actor: User, session_id: int) -> Replay:
    """Return the replay of a show that the person presents, its row locked; NotFound otherwise."""
    session = locked_session(actor=actor, session_id=session_id)
    replay = Replay.objects.select_for_update().filter(session=session).first()
    if replay is None:
        raise NotFound()
    return replay


@transaction.atomic
def change_replay(
    *, actor: User, session_id: int, now: datetime, hidden: bool | None = None, trim: Trim | None = None
) -> Replay:
    """Hide or show the replay and cut its ends, both or neither; what is not named stays.

    `trim` is where it begins and ends (None: where the show ends), in ms of the whole show; the cut falls on
    the edges of segments, so that what was asked for is kept. Presenters only.
    Raises NotFound, Invalid, ReplayNotReady, ReplayBarred, MoveRefused when the recording is gone.
    """
    replay = locked_replay(actor=actor, session_id=session_id)
    if hidden is False and replay.is_barred:
        raise ReplayBarred()
    _check_kept(replay)
    before = _seen(replay)
    if trim is not None:
        _trim(replay, trim)
    if hidden is not None:
        _set_hidden(replay, hidden, now)
    if _seen(replay) != before:
        _record(replay, before=before, actor=actor, action="livestreams.change_replay", reason="", now=now)
    return replay


@transaction.atomic
def bar_replay(*, actor: User, replay_id: int, is_barred: bool, reason: str, now: datetime) -> Replay:
    """Take a replay down for good, or allow it again; operators only. NotAllowed, Invalid, NotFound."""
    replay = _for_operator(actor, replay_id, reason)
    if not is_barred:
        _check_kept(replay)
    before = _seen(replay)
    replay.is_barred = is_barred
    _set_hidden(replay, is_barred, now)
    replay.save(update_fields=["is_barred"])
    action = "livestreams.bar_replay" if is_barred else "livestreams.unbar_replay"
    _record(replay, before=before, actor=actor, action=action, reason=reason, now=now)
    return replay


@transaction.atomic
def remake_by_operator(*, actor: User, replay_id: int, reason: str, now: datetime) -> Replay:
    """Have the file of a show tried again. NotAllowed, Invalid, NotFound, MoveRefused."""
    replay = _for_operator(actor, replay_id, reason)
    _remake(replay, actor=actor, reason=reason.strip()[:200], now=now)
    return replay


@transaction.atomic
def remake_replay(*, actor: User, session_id: int, now: datetime) -> Replay:
    """Have the file of the host's show tried again after it failed. NotFound, MoveRefused."""
    replay = locked_replay(actor=actor, session_id=session_id)
    _remake(replay, actor=actor, reason="", now=now)
    return replay


def _remake(replay: Replay, *, actor: User, reason: str, now: datetime) -> None:
    _check_kept(replay)
    if replay.master_sha256 or not replay.error or replay.error == ReplayProblem.NO_PICTURE:
        raise MoveRefused()
    before, replay.error = replay.error, ""
    replay.save(update_fields=["error"])
    outbox.enqueue("livestreams.make_master", queue="media", session_id=replay.session_id)
    audit.record(
        actor=audit.actor_of(actor), action="livestreams.remake_replay", target=f"replay:{replay.pk}",
        now=now, before={"error": before}, reason=reason,
    )  # fmt: skip


def _for_operator(actor: User, replay_id: int, reason: str) -> Replay:
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    if not reason.strip():
        raise Invalid(fields={"reason": Invalid.message})
    replay = Replay.objects.select_for_update().filter(pk=replay_id).first()
    if replay is None:
        raise NotFound()
    return replay


def _check_kept(replay: Replay) -> None:
    """MoveRefused when the recording's time is over: there is nothing to show any more."""
    if replay.session.broadcast.cleared_at is not None:
        raise MoveRefused()


def _seen(replay: Replay) -> dict:
    return {
        "hidden": replay.hidden_at is not None,
        "trim_start_ms": replay.trim_start_ms,
        "trim_end_ms": replay.trim_end_ms,
    }


def _trim(replay: Replay, trim: Trim) -> None:
    if not replay.playlist_path:
        raise ReplayNotReady()
    starts_ms, ends_ms = trim
    duration_ms = replay.duration_ms
    if starts_ms < 0 or starts_ms >= duration_ms:
        raise Invalid(fields={"trim_start_ms": _("Choose a place within the show.")})
    if ends_ms is not None and min(ends_ms, duration_ms) - starts_ms < min(SHORTEST_MS, duration_ms):
        raise Invalid(fields={"trim_end_ms": _("At least two seconds of the show must stay.")})
    takes = load_picture(replay.session.broadcast.public_id)
    if not takes:
        raise ReplayNotReady()
    first, last = kept_span_ms(takes, start_ms=starts_ms, end_ms=ends_ms)
    kept = (first, last if last < duration_ms else None)
    if kept == (replay.trim_start_ms, replay.trim_end_ms):
        return
    replay.trim_start_ms, replay.trim_end_ms = kept
    replay.poster_path, replay.sprite_path, replay.sprite = "", "", {}
    replay.save(update_fields=["trim_start_ms", "trim_end_ms", "poster_path", "sprite_path", "sprite"])
    outbox.enqueue("livestreams.make_replay", queue="media", session_id=replay.session_id)


def _set_hidden(replay: Replay, hidden: bool, now: datetime) -> None:
    if hidden == (replay.hidden_at is not None):
        return
    replay.hidden_at = now if hidden else None
    if replay.status == (ReplayStatus.READY if hidden else ReplayStatus.HIDDEN):
        replay.status = ReplayStatus.HIDDEN if hidden else ReplayStatus.READY
    replay.save(update_fields=["hidden_at", "status"])


def _record(replay: Replay, *, before: dict, actor: User, action: str, reason: str, now: datetime) -> None:
    audit.record(
        actor=audit.actor_of(actor), action=action, target=f"replay:{replay.pk}", now=now, before=before,
        after=_seen(replay), reason=reason.strip()[:200],
    )  # fmt: skip
    outbox.enqueue("livestreams.arrange_replay", session_id=replay.session_id)
    tell_replay(replay.session_id)
