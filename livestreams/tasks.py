"""Doors of live work after commit and by the clock."""

import logging

from celery import shared_task

from common.clock import utc_now
from livestreams import storage
from livestreams.broadcaster.encoder import still
from livestreams.models import Replay
from livestreams.services import announcing, announcing_end, keeping, replaying, timing_deals, watching
from livestreams.services.reminding import remind_due, tell_batch

logger = logging.getLogger(__name__)

POSTER_WIDTH = 720


@shared_task(name="livestreams.watch_interruptions")
def watch_interruptions() -> dict[str, int]:
    """Notice lost and returned pictures."""
    return watching.watch_sessions(now=utc_now())


@shared_task(name="livestreams.tell_ended_dark")
def tell_ended_dark(session_id: int) -> None:
    """The host learns why the show is over."""
    announcing_end.tell_ended_dark(session_id=session_id, now=utc_now())


@shared_task(name="livestreams.watch_deals")
def watch_deals() -> int:
    """Keep deals on the clock, and what rooms show of stock true."""
    announcing.announce_late_stock()
    return timing_deals.watch_deals()


@shared_task(name="livestreams.make_replay")
def make_replay(session_id: int) -> None:
    """Draw the poster and offer the replay; without a drawable frame the replay has no poster."""
    replay = Replay.objects.select_related("session__broadcast").get(session=session_id)
    public_id = replay.session.broadcast.public_id
    poster_path = ""
    try:
        takes = sorted((storage.public_folder(public_id) / "takes").iterdir(), key=lambda f: int(f.name))
        first = takes[0]
        segments = sorted(first.glob("seg*.m4s"))
        chosen = segments[min(2, len(segments) - 1)]
        picture = still(parts=[(first / storage.INIT).read_bytes(), chosen.read_bytes()], width=POSTER_WIDTH)
        poster_path = storage.public_path(public_id, storage.POSTER)
        storage.write_atomically(storage.public_folder(public_id) / storage.POSTER, picture)
    except (OSError, RuntimeError, IndexError) as error:
        logger.warning("no poster for session %s: %s", session_id, error)
        poster_path = ""
    replaying.finish_replay(session_id=session_id, poster_path=poster_path, now=utc_now())


@shared_task(name="livestreams.keep_recordings")
def keep_recordings() -> dict[str, int]:
    """Remove recordings that are over their time; make room when the disk is nearly full."""
    return keeping.keep_recordings(now=utc_now())


@shared_task(name="livestreams.announce_stock")
def announce_stock(variant_id: int) -> None:
    """Tell rooms how many are left."""
    announcing.announce_stock(variant_id=variant_id, now=utc_now())


@shared_task(name="livestreams.tell_sales")
def tell_sales(message_id: int) -> None:
    """Rooms see how many bought within the same seconds."""
    announcing.tell_sales(message_id=message_id)


@shared_task(name="livestreams.remind")
def remind() -> int:
    """Begin to tell who asked for it that a show is near."""
    return remind_due(now=utc_now())


@shared_task(name="livestreams.tell_reminded")
def tell_reminded(session_id: int, word: str, after: int, revision: int, at: int) -> None:
    """Tell the next batch of people who asked to be reminded."""
    tell_batch(session_id=session_id, word=word, after=after, revision=revision, at=at, now=utc_now())
