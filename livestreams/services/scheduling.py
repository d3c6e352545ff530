"""Plan a show: draft, announce, cancel."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from common import audit
from common.errors import Invalid, MoveRefused, NotFound
from common.moves import check_move
from livestreams.errors import HostNotActive
from livestreams.models import LiveSession
from livestreams.services.telling_room import tell_status
from livestreams.statuses import SESSION_MOVES, SessionStatus
from shops.models import FarmerAuthorization, Host, Photo, Shop
from shops.statuses import AuthorizationStatus, HostStatus

EARLIEST = timedelta(minutes=10)
FURTHEST = timedelta(days=366)


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
    session_id: int | None = None,
) -> LiveSession:
    """Create a draft, or change a show that is not on air yet.

    Raises NotFound for a shop, host, cover or session that is not the person's; HostNotActive; Invalid.
    """
    shop = next((shop for shop in presentable_shops(actor) if shop.pk == shop_id), None)
    if shop is None:
        raise NotFound()
    host = _host_for(actor, shop, host_id)
    title = " ".join(title.split())
    fields = {}
    if not 2 <= len(title) <= 80:
        fields["title"] = _("Give the show a name of 2 to 80 characters.")
    if not now - EARLIEST <= scheduled_at <= now + FURTHEST:
        fields["scheduled_at"] = _("Choose a time within the next year.")
    if fields:
        raise Invalid(fields=fields)
    cover = None
    if cover_id is not None:
        cover = (
            Photo.objects.filter(pk=cover_id, product__shop=shop).first()
            or Photo.objects.filter(pk=cover_id, uploaded_by=actor).first()
        )
        if cover is None:
            raise NotFound()
    values = {
        "shop": shop,
        "host": host,
        "title": title,
        "description": description.strip()[:2000],
        "scheduled_at": scheduled_at,
        "cover": cover,
    }
    if session_id is None:
        return LiveSession.objects.create(created_at=now, **values)
    session = locked_session(actor=actor, session_id=session_id)
    if session.status not in (SessionStatus.DRAFT, SessionStatus.SCHEDULED):
        raise MoveRefused()
    if session.shop_id != shop.pk and session.rundown.exists():
        raise Invalid(fields={"shop": _("Empty the list of goods before you change the shop.")})
    for name, value in values.items():
        setattr(session, name, value)
    session.save(update_fields=list(values))
    return session


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


@transaction.atomic
def schedule_session(*, actor, session_id: int, now: datetime) -> LiveSession:
    """Announce a draft to everybody."""
    session = locked_session(actor=actor, session_id=session_id)
    check_move(SESSION_MOVES, session.status, SessionStatus.SCHEDULED)
    if session.host.status != HostStatus.ACTIVE:
        raise HostNotActive()
    session.status = SessionStatus.SCHEDULED
    session.save(update_fields=["status"])
    tell_status(session)
    return session


@transaction.atomic
def cancel_session(*, actor, session_id: int, now: datetime) -> LiveSession:
    """Call off a show that was not held."""
    session = locked_session(actor=actor, session_id=session_id)
    check_move(SESSION_MOVES, session.status, SessionStatus.CANCELLED)
    before = session.status
    session.status = SessionStatus.CANCELLED
    session.save(update_fields=["status"])
    audit.record(
        actor=audit.actor_of(actor), action="livestreams.cancel", target=f"livesession:{session.pk}", now=now,
        before={"status": before}, after={"status": session.status},
    )  # fmt: skip
    tell_status(session)
    return session
