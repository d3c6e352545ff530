"""What stays of a show, as viewers and hosts read it. Places are in ms; for viewers, of what is kept."""

from datetime import date

from django.db.models import F, Min, Q, QuerySet
from django.db.models.functions import Now, TruncDate

from common.errors import NotFound
from common.models import OutboxMessage
from livestreams import storage
from livestreams.models import Chapter, Clip, LiveSession, PinEvent, Replay
from livestreams.selectors.goods import item_data, shown_pins
from livestreams.selectors.sessions import get_session_for, is_presenter
from livestreams.sources import make_source
from livestreams.statuses import ClipStatus, ReplayProblem, ReplayStatus
from shops.models import FarmerAuthorization, Lot, Variant
from shops.statuses import AuthorizationStatus, LotStatus, ProductStatus, ShopStatus

# What a chapter offers: buy it now, sold out, sold out until a harvest with a date, or not sold any more.
BUY, SOLD_OUT, NEXT_HARVEST, GONE = "buy", "sold_out", "next_harvest", "gone"
OFFERS = (BUY, SOLD_OUT, NEXT_HARVEST, GONE)


def shown_span(replay: Replay) -> tuple[int, int]:
    """Return where what people see begins and ends in the whole show."""
    end = replay.trim_end_ms if replay.trim_end_ms is not None else replay.duration_ms or 0
    return replay.trim_start_ms, end


def playable_ms(session: LiveSession) -> int | None:
    """Return how long what people can watch again is; None without a replay."""
    replay = getattr(session, "replay", None)
    if replay is None or replay.duration_ms is None:
        return None
    first, last = shown_span(replay)
    return last - first


def chapters_of(session: LiveSession) -> list[dict]:
    """Return the replay's chapters with the goods at their current price and stock.

    Chapters in what was cut away are left out; `offer` says whether and when the goods can be bought.
    """
    replay = getattr(session, "replay", None)
    if replay is None or replay.status != ReplayStatus.READY:
        return []
    first, last = shown_span(replay)
    chapters = replay.chapters.filter(starts_ms__gte=first, starts_ms__lt=last).order_by("starts_ms", "pk")
    return _with_goods(session, list(chapters), first)


def _with_goods(session: LiveSession, chapters: list[Chapter], first: int) -> list[dict]:
    pins = {pin.pk: pin for pin in shown_pins().filter(pk__in=[chapter.pin_event_id for chapter in chapters])}
    offers = _offers(session, list(pins.values()))
    return [
        {"chapter": chapter.pk, "starts_ms": chapter.starts_ms - first}
        | _goods(session, chapter, pins[chapter.pin_event_id])
        | offers[chapter.pin_event_id]
        for chapter in chapters
    ]


def _goods(session: LiveSession, chapter: Chapter, pin: PinEvent) -> dict:
    item = pin.rundown_item
    source = make_source(
        kind="chapter", session_id=session.pk, chapter_id=chapter.pk, variant_id=item.variant_id
    )
    return item_data(item, source=source, is_on_air=False)


def _offers(session: LiveSession, pins: list[PinEvent]) -> dict[int, dict]:
    """Return what can be had of each pin's goods now: what is shown can be ordered, or says why not."""
    variants = [pin.rundown_item.variant for pin in pins]
    by_shop = Q(shop=session.shop_id) | Q(host=session.host_id)
    consents = set(
        FarmerAuthorization.objects.filter(
            by_shop,
            farmer__in={variant.product.farmer_id for variant in variants if variant.product.farmer_id},
            status=AuthorizationStatus.GRANTED,
        ).values_list("farmer", flat=True)
    )
    harvests = dict(
        Lot.objects.filter(
            variant__in=variants,
            status__in=(LotStatus.DECLARED, LotStatus.GRADED),
            harvested_on__gte=TruncDate(Now()),
        )
        .values_list("variant")
        .annotate(on=Min("harvested_on"))
    )
    is_open = session.shop.status == ShopStatus.OPEN
    return {
        pin.pk: _offer(
            pin.rundown_item.variant,
            is_sold_here=is_open and _is_on_sale(pin.rundown_item.variant, consents),
            harvest_on=harvests.get(pin.rundown_item.variant_id),
        )
        for pin in pins
    }


def _is_on_sale(variant: Variant, consents: set[int]) -> bool:
    product = variant.product
    is_agreed = product.farmer_id is None or product.farmer_id in consents
    return variant.is_active and product.status == ProductStatus.PUBLISHED and is_agreed


def _offer(variant: Variant, *, is_sold_here: bool, harvest_on: date | None) -> dict:
    stock = getattr(variant, "stock", None)
    if not is_sold_here:
        return {"offer": GONE, "next_harvest_on": None}
    if stock is not None and stock.available > 0:
        return {"offer": BUY, "next_harvest_on": None}
    return {"offer": NEXT_HARVEST if harvest_on else SOLD_OUT, "next_harvest_on": harvest_on}


def get_replay_for(user, session_id: int) -> tuple[LiveSession, bool]:
    """Return a session with a replay and whether the person presents it; a hidden one only to presenters."""
    session = get_session_for(user, session_id)
    replay = getattr(session, "replay", None)
    is_mine = is_presenter(user, session)
    if replay is None or (replay.hidden_at is not None and not is_mine):
        raise NotFound()
    return session, is_mine


def replay_data(session: LiveSession, *, is_mine: bool, playback_url: str | None) -> dict:
    """Return a replay; what only presenters see is None for everybody else."""
    replay = session.replay
    is_ready = replay.status == ReplayStatus.READY
    first, _last = shown_span(replay)
    sprite = replay.sprite if replay.sprite_path and is_ready else None
    private = {
        "hidden": replay.hidden_at is not None,
        "is_barred": replay.is_barred,
        "trim_start_ms": replay.trim_start_ms,
        "trim_end_ms": replay.trim_end_ms,
        "whole_ms": replay.duration_ms,
        "master_bytes": replay.master_bytes,
        "master_sha256": replay.master_sha256,
        "error": problem_text(replay.error),
    }
    return {
        "status": replay.status,
        "playback_url": playback_url,
        "poster_url": storage.media_url(replay.poster_path) if replay.poster_path and is_ready else None,
        "sprite_url": storage.media_url(replay.sprite_path) if sprite else None,
        "sprite": sprite | {"starts_ms": sprite["starts_ms"] - first} if sprite else None,
        "duration_ms": playable_ms(session),
        "chapters": chapters_of(session),
        "own": private if is_mine else None,
    }


def problem_text(problem: str) -> str:
    """Return in the reader's words why something could not be made; "" without a problem."""
    if not problem:
        return ""
    known = problem if problem in ReplayProblem.values else ReplayProblem.BROKEN
    return str(ReplayProblem(known).label)


def desk_replay(session: LiveSession) -> dict | None:
    """Return what the desk shows of a replay: places in the whole show, cut or not; None without one."""
    replay = Replay.objects.filter(session=session).first()
    if replay is None:
        return None
    first, last = shown_span(replay)
    waiting = OutboxMessage.objects.filter(
        task="livestreams.make_master", kwargs__session_id=session.pk, done_at=None, quarantined_at=None
    )
    return {
        "status": replay.status,
        "status_text": replay.get_status_display(),
        "is_hidden": replay.hidden_at is not None,
        "is_barred": replay.is_barred,
        "is_complete": bool(replay.playlist_path),
        "has_master": bool(replay.master_sha256),
        "is_working": not replay.master_sha256 and waiting.exists(),
        "master_bytes": replay.master_bytes,
        "master_sha256": replay.master_sha256,
        "duration_ms": replay.duration_ms or 0,
        "starts_ms": first,
        "ends_ms": last,
        "is_trimmed": bool(replay.trim_start_ms) or replay.trim_end_ms is not None,
        "problem": problem_text(replay.error),
        "can_retry": bool(replay.error)
        and replay.error != ReplayProblem.NO_PICTURE
        and not waiting.exists()
        and not replay.master_sha256,
        "chapters": [
            {
                "pk": chapter.pk,
                "title": chapter.title,
                "starts_ms": chapter.starts_ms,
                "is_kept": first <= chapter.starts_ms < last,
            }
            for chapter in replay.chapters.order_by("starts_ms", "pk")
        ],
    }


def _clips() -> QuerySet[Clip]:
    return Clip.objects.select_related(
        "chapter", "replay__session__host__portrait", "replay__session__shop", "replay__session__cover"
    )


def _public_clips() -> QuerySet[Clip]:
    """Return clips that everybody may see: of an offered replay, with nothing in it that was cut away.

    A recording whose time is over leaves its clips, unless it was hidden before.
    """
    is_over = Q(replay__is_barred=False, replay__hidden_at=F("replay__session__broadcast__cleared_at"))
    return _clips().filter(
        Q(replay__status=ReplayStatus.READY) | is_over,
        Q(replay__trim_end_ms=None) | Q(ends_ms__lte=F("replay__trim_end_ms")),
        status=ClipStatus.READY,
        starts_ms__gte=F("replay__trim_start_ms"),
    )


def list_clips(user, session_id: int) -> QuerySet[Clip]:
    """Return the clips of a show, all of them to its presenters; NotFound for a show one may not see."""
    session = get_session_for(user, session_id)
    found = _clips() if is_presenter(user, session) else _public_clips()
    return found.filter(replay__session=session).order_by("-pk")


def get_clip_for(user, clip_id: int) -> Clip:
    """Return a clip that everybody may see, or one of the person's own; NotFound otherwise."""
    clip = _public_clips().filter(pk=clip_id).first()
    if clip is None and user.is_authenticated:
        mine = LiveSession.objects.for_presenter(user).values("pk")
        clip = _clips().filter(pk=clip_id, replay__session__in=mine).first()
    if clip is None:
        raise NotFound()
    return clip


def clip_data(clip: Clip) -> dict:
    """Return a clip; `error` is in words."""
    return {
        "id": clip.pk,
        "session": clip.replay.session_id,
        "chapter": clip.chapter_id,
        "title": clip.title,
        "starts_ms": clip.starts_ms,
        "ends_ms": clip.ends_ms,
        "status": clip.status,
        "duration_ms": clip.duration_ms,
        "video_url": storage.media_url(clip.video_path) if clip.video_path else None,
        "poster_url": storage.media_url(clip.poster_path) if clip.poster_path else None,
        "url": f"/clips/{clip.pk}/",
        "error": problem_text(clip.error),
    }


def desk_clips(session: LiveSession) -> list[dict]:
    """Return a show's clips for its desk, the newest first."""
    return [clip_data(clip) for clip in _clips().filter(replay__session=session).order_by("-pk")]


def goods_of_clip(clip: Clip) -> dict | None:
    """Return what a clip shows as its chapter would: the one it was cut from, else the one it begins in."""
    chapter = clip.chapter
    if chapter is None:
        before = clip.replay.chapters.filter(starts_ms__lt=clip.ends_ms).order_by("starts_ms", "pk")
        chapter = before.filter(starts_ms__lte=clip.starts_ms).last() or before.first()
    if chapter is None:
        return None
    return _with_goods(clip.replay.session, [chapter], 0)[0]
