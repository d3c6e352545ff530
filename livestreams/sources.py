"""Which show led to a sale: a signed source, bound to the variant and the session (decisions.md 12)."""

from dataclasses import dataclass

from django.conf import settings

from common.signing import BadToken, read_token, sign_token
from livestreams.errors import BadSource
from livestreams.models import Chapter, FlashDeal, LiveSession, PinEvent
from livestreams.statuses import ON_AIR
from shops.models import Host

PURPOSE = "source"


@dataclass(frozen=True)
class Source:
    """What a valid source stands for; `live_price_fen` only while the session is on air.

    `pin_event` is None for a deal that was bought while its item was not being shown.
    """

    session: LiveSession
    host: Host
    pin_event: PinEvent | None
    live_price_fen: int | None
    is_on_air: bool


def make_source(
    *,
    kind: str,
    session_id: int,
    variant_id: int,
    pin_event_id: int | None = None,
    chapter_id: int | None = None,
) -> str:
    """Return the token of a pin ("pin" with pin_event_id) or a chapter ("chapter" with chapter_id)."""
    reference = {"pin": pin_event_id, "chapter": chapter_id}[kind]
    payload = {"kind": kind, "session": session_id, "reference": reference, "variant": variant_id}
    return sign_token(purpose=PURPOSE, payload=payload)


def read_source(token: str, *, variant_id: int) -> Source:
    """Return what the token stands for; BadSource when forged, too old, or made for another variant."""
    try:
        payload = read_token(token, purpose=PURPOSE, max_age_seconds=settings.ATTRIBUTION_HOURS * 3600)
    except BadToken as error:
        raise BadSource() from error
    if payload.get("variant") != variant_id:
        raise BadSource()
    pins = PinEvent.objects.select_related("session__host", "rundown_item")
    if payload.get("kind") == "pin":
        pin = pins.filter(pk=payload["reference"]).first()
    else:
        chapter = Chapter.objects.filter(pk=payload.get("reference")).first()
        pin = pins.filter(pk=chapter.pin_event_id).first() if chapter else None
    if pin is None or pin.session_id != payload["session"] or pin.rundown_item.variant_id != variant_id:
        raise BadSource()
    is_on_air = pin.session.status in ON_AIR
    return Source(
        session=pin.session,
        host=pin.session.host,
        pin_event=pin,
        live_price_fen=pin.rundown_item.live_price_fen if is_on_air else None,
        is_on_air=is_on_air,
    )


def source_of_deal(deal: FlashDeal) -> Source:
    """Return the show that sells a deal: the deal itself is the proof, nothing has to be signed."""
    pin = PinEvent.objects.filter(
        session=deal.session_id, rundown_item=deal.rundown_item_id, closed_at=None
    ).first()
    session = deal.session
    return Source(
        session=session,
        host=session.host,
        pin_event=pin,
        live_price_fen=None,
        is_on_air=session.status in ON_AIR,
    )
