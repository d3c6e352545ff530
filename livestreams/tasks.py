"""Doors of live work after commit and by the clock."""

from celery import shared_task

from common.clock import utc_now
from livestreams.services import announcing, announcing_end, keeping, replaying, timing_deals, watching
from livestreams.services.clipping import make_clip as cut_clip
from livestreams.services.mastering import ask_for_master
from livestreams.services.mastering import make_master as write_master
from livestreams.services.reminding import remind_due, tell_batch
from livestreams.services.replay_files import arrange_files, draw_pictures


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
    """Draw the poster and offer the replay at once; the sheet of small pictures follows."""
    for is_sheet_wanted in (False, True):
        pictures = draw_pictures(session_id=session_id, is_sheet_wanted=is_sheet_wanted)
        replaying.finish_replay(session_id=session_id, pictures=pictures, now=utc_now())


@shared_task(name="livestreams.make_master")
def make_master(session_id: int) -> None:
    """Make the evidence file; a long conversion goes on in a task of its own."""
    if not write_master(session_id=session_id, now=utc_now()):
        ask_for_master(session_id=session_id)


@shared_task(name="livestreams.arrange_replay")
def arrange_replay(session_id: int) -> None:
    """Make public what the replay shows and nothing else."""
    arrange_files(session_id=session_id)


@shared_task(name="livestreams.make_clip")
def make_clip(clip_id: int) -> None:
    """Cut a clip."""
    cut_clip(clip_id=clip_id, now=utc_now())


@shared_task(name="livestreams.keep_recordings")
def keep_recordings() -> dict[str, int]:
    """Remove recordings that are over their time; make room when the disk is nearly full."""
    return keeping.keep_recordings(now=utc_now())


@shared_task(name="livestreams.announce_stock")
def announce_stock(variant_id: int) -> None:
    """Tell rooms what a shop changed about goods that they show."""
    announcing.announce_goods(variant_id=variant_id, now=utc_now())


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
