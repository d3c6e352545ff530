"""Plan a show: draft, announce, cancel."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from common import audit
from common.errors import Invalid, MoveRefused, NotFound
from common.moves import check_move
from livestreams.errors import HostNotActive
from livestreams.models import LiveSession
from livestreams.services.clashing import check_clash
from livestreams.services.reminding import tell_everyone_reminded
from livestreams.services.repeating import Repeat, following_ids, start_series, times_of
from livestreams.services.telling_room import tell_status
from livestreams.statuses import SESSION_MOVES, ReminderWord, SessionStatus
from shops.models import FarmerAuthorization, Host, Photo, Shop
from shops.statuses import AuthorizationStatus, HostStatus

JUST_NOW = timedelta(minutes=2)  # a form knows whole minutes only, and takes a while to fill in
FURTHEST = timedelta(days=366)
DEFAULT_MINUTES = 120
SHORTEST_MINUTES, LONGEST_MINUTES = 10, 720
PLANNED = frozenset({SessionStatus.DRAFT, SessionStatus.SCHEDULED})


def presentable_shops(actor) -> list[Shop]:
    """Return the shops for which the person may hold a show: their own, and as a host those of farmers
    who granted them the right to present."""
    own = Shop.objects.open().for_member(actor)
    granted = FarmerAuthorization.objects.filter(host__user=actor, status=AuthorizationStatus.GRANTED).values(
        "farmer"
    )
    hosted = Shop.objects.open().filter(products__farmer__in=granted)
    return list(Shop.objects.filter(pk__in=own.values("pk").union(hosted.values("pk"))).order_by("pk"))


def presentable_hosts(actor, shop: Shop) -> list[Host]:
    """Return who may present for the shop on this person's word: the person, and members of the shop."""
    hosts = Host.objects.filter(status=HostStatus.ACTIVE)
    if shop.memberships.filter(user=actor).exists():
        granted = FarmerAuthorization.objects.filter(
            status=AuthorizationStatus.GRANTED, farmer__products__shop=shop, host__isnull=False
        ).values("host")
        members = shop.memberships.values("user")
        either = hosts.filter(user__in=members) | hosts.filter(pk__in=granted)
        return list((either | hosts.filter(user=actor)).distinct().order_by("pk"))
    return list(hosts.filter(user=actor))


@transaction.atomic
def save_session(
    *,
    actor,
    shop_id: int,
    title: str,
    scheduled_at: datetime,
    now: datetime,
    host_id: int | None = None,
    description: str = "",
    cover_id: int | None = None,
    planned_minutes: int | None = None,
    session_id: int | None = None,
    repeat: Repeat | None = None,
    is_following_too: bool = False,
    allow_clash: bool = False,
) -> LiveSession:
    """Create a draft (or a series of them), or change a show that is not on air yet (and those that follow).

    Who asked to be reminded of an announced show is told its new time. Raises NotFound for a shop, host,
    cover or session that is not the person's; HostNotActive; Invalid; SessionClash unless `allow_clash`.
    """
    changed = [] if session_id is None else locked_sessions(actor, session_id, is_following_too)
    if any(session.status not in PLANNED for session in changed):
        raise MoveRefused()
    shop = next((shop for shop in presentable_shops(actor) if shop.pk == shop_id), None)
    if shop is None:
        raise NotFound()
    host = _host_for(actor, shop, host_id)
    if any(session.shop_id != shop.pk and session.rundown.exists() for session in changed):
        raise Invalid(fields={"shop": _("Empty the list of goods before you change the shop.")})
    minutes = planned_minutes or (changed[0].planned_minutes if changed else DEFAULT_MINUTES)
    values = {
        "shop": shop,
        "host": host,
        "title": " ".join(title.split()),
        "description": description.strip()[:2000],
        "planned_minutes": minutes,
        "cover": _cover_for(actor, shop, cover_id),
    }
    is_moved = not changed or changed[0].scheduled_at != scheduled_at
    _check_values(values, scheduled_at if is_moved else None, now)
    if changed:
        shift = scheduled_at - changed[0].scheduled_at
        starts = [session.scheduled_at + shift for session in changed]
    else:
        starts = times_of(repeat, scheduled_at) if repeat else [scheduled_at]
    if not allow_clash and _takes_other_time(changed, values, starts):
        # Two phones that plan for one host at the same moment see each other's show.
        Host.objects.select_for_update(no_key=True).get(pk=host.pk)
        check_clash(
            actor=actor, host_id=host.pk, shop_id=shop.pk, starts=starts, minutes=minutes,
            but=[session.pk for session in changed],
        )  # fmt: skip
    if changed:
        for session, start in zip(changed, starts, strict=True):
            _change(session, values | {"scheduled_at": start})
        return changed[0]
    series = start_series(actor=actor, repeat=repeat, count=len(starts), now=now) if repeat else None
    made = [
        LiveSession.objects.create(created_at=now, series=series, scheduled_at=start, **values)
        for start in starts
    ]
    return made[0]


def _takes_other_time(changed: list[LiveSession], values: dict, starts: list[datetime]) -> bool:
    """Say whether the plan is new, or asks for another time, length, host or shop than it had."""
    names = ("shop", "host", "planned_minutes")
    return not changed or any(
        session.scheduled_at != start or any(getattr(session, name) != values[name] for name in names)
        for session, start in zip(changed, starts, strict=True)
    )


def _check_values(values: dict, scheduled_at: datetime | None, now: datetime) -> None:
    fields = {}
    if not 2 <= len(values["title"]) <= 80:
        fields["title"] = _("Give the show a name of 2 to 80 characters.")
    if scheduled_at is not None and scheduled_at < now - JUST_NOW:
        fields["scheduled_at"] = _("This time is past. Choose a later one.")
    elif scheduled_at is not None and scheduled_at > now + FURTHEST:
        fields["scheduled_at"] = _("Choose a time within the next year.")
    if not SHORTEST_MINUTES <= values["planned_minutes"] <= LONGEST_MINUTES:
        fields["planned_minutes"] = _("A show lasts from 10 minutes to 12 hours.")
    if fields:
        raise Invalid(fields=fields)


def _cover_for(actor, shop: Shop, cover_id: int | None) -> Photo | None:
    if cover_id is None:
        return None
    cover = (
        Photo.objects.filter(pk=cover_id, product__shop=shop).first()
        or Photo.objects.filter(pk=cover_id, uploaded_by=actor, is_private=False).first()
    )
    if cover is None:
        raise NotFound()
    return cover


def _change(session: LiveSession, values: dict) -> None:
    changed = [name for name, value in values.items() if getattr(session, name) != value]
    if not changed:
        return
    for name in changed:
        setattr(session, name, values[name])
    if session.status == SessionStatus.SCHEDULED and set(changed) - {"cover"}:
        session.revision += 1
        changed.append("revision")
    session.save(update_fields=changed)
    if session.status == SessionStatus.SCHEDULED and "scheduled_at" in changed:
        tell_everyone_reminded(session=session, word=ReminderWord.MOVED)
        tell_status(session)


def _host_for(actor, shop: Shop, host_id: int | None) -> Host:
    hosts = presentable_hosts(actor, shop)
    if host_id is None:
        own = [host for host in hosts if host.user_id == actor.pk]
        host = (own or hosts or [None])[0]
        if host is None:
            raise HostNotActive()
        return host
    host = next((host for host in hosts if host.pk == host_id), None)
    if host is None:
        if Host.objects.filter(pk=host_id, user=actor).exists():
            raise HostNotActive()
        raise NotFound()
    return host


def locked_session(*, actor, session_id: int, is_crew_enough: bool = False) -> LiveSession:
    """Return the session, its row locked, when the person may present it; NotFound otherwise.

    `is_crew_enough` lets its moderators in, too: for pins, deals and the chat.
    """
    scope = LiveSession.objects.for_crew if is_crew_enough else LiveSession.objects.for_presenter
    if not scope(actor).filter(pk=session_id).exists():
        raise NotFound()
    # Not the key: orders refer to the session, and buyers must not wait for whoever pins or prices.
    locked = LiveSession.objects.select_for_update(of=("self",), no_key=True)
    return locked.select_related("host", "shop").get(pk=session_id)


def locked_sessions(actor, session_id: int, is_following_too: bool) -> list[LiveSession]:
    """Return the session and, when asked, those that follow in its series; rows locked in the order of pk."""
    session = LiveSession.objects.for_presenter(actor).filter(pk=session_id).first()
    if session is None:
        raise NotFound()
    wanted = [session.pk, *(following_ids(actor, session) if is_following_too else ())]
    found = {
        one.pk: one
        for one in LiveSession.objects.select_for_update(of=("self",))
        .select_related("host", "shop")
        .filter(pk__in=wanted)
        .order_by("pk")
    }
    # What somebody cancelled or started meanwhile is no longer one that follows.
    later = [one for one in found.values() if one.pk != session.pk and one.status in PLANNED]
    return [found[session.pk], *sorted(later, key=lambda one: one.scheduled_at)]


@transaction.atomic
def schedule_session(
    *, actor, session_id: int, now: datetime, allow_clash: bool = False, is_following_too: bool = False
) -> LiveSession:
    """Announce a draft (and the drafts that follow in its series) to everybody.

    Raises MoveRefused, HostNotActive, SessionClash unless `allow_clash`.
    """
    first, *later = locked_sessions(actor, session_id, is_following_too)
    check_move(SESSION_MOVES, first.status, SessionStatus.SCHEDULED)
    for session in [first, *(one for one in later if one.status == SessionStatus.DRAFT)]:
        if session.host.status != HostStatus.ACTIVE:
            raise HostNotActive()
        if not allow_clash:
            Host.objects.select_for_update(no_key=True).get(pk=session.host_id)
            check_clash(
                actor=actor, host_id=session.host_id, shop_id=session.shop_id,
                starts=[session.scheduled_at], minutes=session.planned_minutes, but=[session.pk],
            )  # fmt: skip
        session.status, session.announced_at = SessionStatus.SCHEDULED, now
        session.save(update_fields=["status", "announced_at"])
        tell_status(session)
    return first


@transaction.atomic
def cancel_session(
    *, actor, session_id: int, now: datetime, reason: str = "", is_following_too: bool = False
) -> LiveSession:
    """Call off a show that was not held (and those that follow); everyone who asked for it is told why."""
    first, *later = locked_sessions(actor, session_id, is_following_too)
    check_move(SESSION_MOVES, first.status, SessionStatus.CANCELLED)
    reason = " ".join(reason.split())[:200]
    for session in [first, *later]:
        before = session.status
        session.status, session.cancel_reason = SessionStatus.CANCELLED, reason
        session.revision += 1
        session.save(update_fields=["status", "cancel_reason", "revision"])
        audit.record(
            actor=audit.actor_of(actor), action="livestreams.cancel", target=f"livesession:{session.pk}",
            now=now, before={"status": before}, after={"status": session.status}, reason=reason,
        )  # fmt: skip
        tell_everyone_reminded(session=session, word=ReminderWord.CANCELLED)
        tell_status(session)
    return first
