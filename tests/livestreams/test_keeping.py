"""Recordings stay as long as they must, and go when they may: real files, and a disk that says it is full."""

import hashlib
import logging
from collections import namedtuple
from datetime import timedelta
from pathlib import Path

import pytest

from backoffice.selectors import duties
from common.clock import utc_now
from common.models import AuditEntry
from livestreams import storage
from livestreams.errors import DiskFull
from livestreams.models import Broadcast, LiveSession, Replay, Take
from livestreams.services import keeping, receiving
from livestreams.services.picture import save_picture
from livestreams.statuses import ReplayStatus, SessionStatus, TakeStatus
from livestreams.tasks import keep_recordings
from tests.factories.livestreams import MIME, NOW, add_to_rundown, make_session, make_take

pytestmark = pytest.mark.django_db
GIGABYTE = 1024**3
DAY = timedelta(days=1)
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def media(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.LIVE_LEAST_FREE_BYTES = GIGABYTE
    settings.LIVE_TIGHT_FREE_BYTES = 5 * GIGABYTE
    return settings.MEDIA_ROOT


class Disk:
    """So much room, and one gigabyte more for every folder of a recording or of a take that is gone."""

    def __init__(self, free: int):
        self.free, self.broadcasts, self.takes = free, [], []

    def usage(self, path) -> Usage:
        gone = sum(not storage.private_folder(broadcast.public_id).exists() for broadcast in self.broadcasts)
        gone += sum(not storage.ingest_folder(take.pk).exists() for take in self.takes)
        free = self.free + gone * GIGABYTE
        return Usage(100 * GIGABYTE, 100 * GIGABYTE - free, free)


@pytest.fixture(autouse=True)
def disk(monkeypatch) -> Disk:
    disk = Disk(free=50 * GIGABYTE)
    monkeypatch.setattr("livestreams.storage.shutil.disk_usage", disk.usage)
    return disk


def make_recording(market, *, ended_at, is_sale: bool, has_master: bool = True) -> Take:
    """Make an ended show with everything that is kept of one."""
    session = make_session(
        host=market.host, shop=market.shop, status=SessionStatus.ENDED, at=ended_at - timedelta(hours=2)
    )
    session.ended_at = ended_at
    session.save(update_fields=["ended_at"])
    if is_sale:
        add_to_rundown(session=session, variant=market.variant)
    broadcast = session.broadcast
    take = make_take(
        session=session, at=session.started_at, status=TakeStatus.CLOSED, closed_at=ended_at,
        finished_at=ended_at,
    )  # fmt: skip
    public, private = storage.public_folder(broadcast.public_id), storage.private_folder(broadcast.public_id)
    storage.write_atomically(storage.chunk_path(take.pk, 0), b"chunk")
    storage.write_atomically(public / "takes" / "1" / "seg000000.m4s", b"segment")
    storage.write_atomically(public / "full.m3u8", b"#EXTM3U\n")
    storage.write_atomically(public / storage.CLIPS / "7.mp4", b"clip")
    storage.write_atomically(private / "master.mp4", b"the whole show")
    save_picture(broadcast.public_id, [])
    Replay.objects.create(
        session=session, status=ReplayStatus.READY, created_at=ended_at, ready_at=ended_at,
        playlist_path=storage.public_path(broadcast.public_id, "full.m3u8"),
        master_path=f"private/live/{broadcast.public_id}/master.mp4" if has_master else "",
        master_sha256=hashlib.sha256(b"the whole show").hexdigest() if has_master else "",
    )  # fmt: skip
    return take


def is_kept(take: Take) -> bool:
    public_id = take.broadcast.public_id
    there = [
        (storage.private_folder(public_id) / "master.mp4").exists(),
        (storage.take_folder(public_id, 1) / "seg000000.m4s").exists(),
    ]
    assert there[0] == there[1]
    assert (Broadcast.objects.get(pk=take.broadcast_id).cleared_at is None) == there[0]
    return there[0]


def has_chunks(take: Take) -> bool:
    return storage.chunk_path(take.pk, 0).exists()


@pytest.mark.parametrize(("is_sale", "days"), [(True, 1096), (False, 90)], ids=["with goods", "without"])
def test_recording_is_kept_to_its_last_second(market, is_sale, days):
    take = make_recording(market, ended_at=NOW, is_sale=is_sale)

    keeping.keep_recordings(now=NOW + days * DAY - timedelta(seconds=1))
    kept = is_kept(take)
    done = keeping.keep_recordings(now=NOW + days * DAY)

    assert kept
    assert done["recordings"] == 1
    assert not is_kept(take)
    broadcast = Broadcast.objects.get(pk=take.broadcast_id)
    assert (broadcast.keep_until, broadcast.cleared_at) == (NOW + days * DAY, NOW + days * DAY)
    replay = Replay.objects.get()
    assert (replay.status, replay.hidden_at) == (ReplayStatus.HIDDEN, NOW + days * DAY)
    assert (replay.playlist_path, replay.master_path) == ("", "")
    assert replay.master_sha256 == hashlib.sha256(b"the whole show").hexdigest()
    assert not storage.ingest_folder(take.pk).exists()
    clips = storage.public_folder(take.broadcast.public_id) / storage.CLIPS
    assert [path.name for path in clips.parent.iterdir()] == [storage.CLIPS]
    assert (clips / "7.mp4").read_bytes() == b"clip"
    entry = AuditEntry.objects.get(action="livestreams.clear_recording")
    assert entry.reason == "kept for its time"
    assert entry.before["master_sha256"] == replay.master_sha256
    assert keeping.keep_recordings(now=NOW + 2000 * DAY)["recordings"] == 0


def test_wrong_date_does_not_remove_evidence(market):
    take = make_recording(market, ended_at=NOW, is_sale=True)
    Broadcast.objects.update(keep_until=NOW + DAY)

    keeping.keep_recordings(now=NOW + 1096 * DAY - timedelta(seconds=1))

    assert is_kept(take)


def test_chunks_go_two_days_after_the_show(market):
    take = make_recording(market, ended_at=NOW, is_sale=True)

    keeping.keep_recordings(now=NOW + 2 * DAY - timedelta(seconds=1))
    had = has_chunks(take)
    done = keeping.keep_recordings(now=NOW + 2 * DAY)

    assert had
    assert done == {"chunks": 1, "recordings": 0, "is_tight": 0}
    assert not has_chunks(take)
    assert is_kept(take)


def test_chunks_stay_until_the_master_is_what_its_checksum_says(market):
    without = make_recording(market, ended_at=NOW, is_sale=True, has_master=False)
    damaged = make_recording(market, ended_at=NOW, is_sale=True)
    lost = make_recording(market, ended_at=NOW, is_sale=True)
    unfinished = make_recording(market, ended_at=NOW, is_sale=True)
    storage.write_atomically(
        storage.private_folder(damaged.broadcast.public_id) / "master.mp4", b"the whole shoe"
    )
    (storage.private_folder(lost.broadcast.public_id) / "master.mp4").unlink()
    Take.objects.filter(pk=unfinished.pk).update(finished_at=None)

    done = keeping.keep_recordings(now=NOW + 30 * DAY)

    assert done["chunks"] == 0
    assert all(has_chunks(take) for take in (without, damaged, lost, unfinished))


def test_show_on_the_air_loses_nothing(market, session, disk):
    take = make_take(session=session)
    storage.write_atomically(storage.chunk_path(take.pk, 0), b"chunk")
    save_picture(session.broadcast.public_id, [])
    disk.free = 0

    keeping.keep_recordings(now=NOW + 5000 * DAY)

    assert has_chunks(take)
    assert storage.picture_path(session.broadcast.public_id).exists()
    session.broadcast.refresh_from_db()
    assert session.broadcast.keep_until is None


def test_full_disk_takes_the_oldest_that_nobody_must_keep(market, disk):
    sale = make_recording(market, ended_at=NOW - 80 * DAY, is_sale=True, has_master=False)
    takes = [make_recording(market, ended_at=NOW - days * DAY, is_sale=False) for days in (10, 30, 20)]
    for take in takes:
        storage.chunk_path(take.pk, 0).unlink()
        storage.ingest_folder(take.pk).rmdir()
    disk.broadcasts = [take.broadcast for take in takes]
    disk.free = 3 * GIGABYTE

    done = keeping.keep_recordings(now=NOW)

    assert done == {"chunks": 0, "recordings": 2, "is_tight": 0}
    assert [is_kept(take) for take in takes] == [True, False, False]
    assert is_kept(sale)
    assert has_chunks(sale)
    reasons = AuditEntry.objects.order_by("pk").values_list("target", "reason")
    assert list(reasons) == [
        (f"broadcast:{takes[1].broadcast_id}", "disk nearly full"),
        (f"broadcast:{takes[2].broadcast_id}", "disk nearly full"),
    ]


def test_full_disk_takes_chunks_of_a_finished_show_first(market, disk):
    sale = make_recording(market, ended_at=NOW - timedelta(hours=1), is_sale=True)
    other = make_recording(market, ended_at=NOW - 50 * DAY, is_sale=False, has_master=False)
    disk.takes = [sale]
    disk.free = 4 * GIGABYTE

    done = keeping.keep_recordings(now=NOW)

    assert done == {"chunks": 1, "recordings": 0, "is_tight": 0}
    assert (is_kept(sale), is_kept(other)) == (True, True)
    assert (has_chunks(sale), has_chunks(other)) == (False, True)


def test_full_disk_with_evidence_only_is_an_alarm_and_refuses_takes(market, disk, zhuoma, session, caplog):
    sale = make_recording(market, ended_at=utc_now() - 1000 * DAY, is_sale=True, has_master=False)
    disk.free = GIGABYTE - 1

    with caplog.at_level(logging.CRITICAL):
        done = keep_recordings()

    assert done["is_tight"] == 1
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]
    assert "nothing is left that may be removed" in caplog.text
    assert is_kept(sale)
    assert has_chunks(sale)
    assert duties().full_disks == 1
    with pytest.raises(DiskFull):
        receiving.open_take(actor=zhuoma, session_id=session.pk, mime=MIME, now=NOW)
    assert not LiveSession.objects.get(pk=session.pk).broadcast.takes.exists()


def test_clearing_goes_on_after_a_crash(market, monkeypatch):
    take = make_recording(market, ended_at=NOW, is_sale=False)
    whole = keeping.shutil.rmtree

    def dies(path, *args, **options):
        if "takes" in str(path):
            raise SystemExit("power cut")
        whole(path, *args, **options)

    monkeypatch.setattr("livestreams.services.keeping.shutil.rmtree", dies)
    with pytest.raises(SystemExit, match="power cut"):
        keeping.keep_recordings(now=NOW + 90 * DAY)
    assert Replay.objects.get().status == ReplayStatus.HIDDEN
    assert Broadcast.objects.get().cleared_at is None
    monkeypatch.setattr("livestreams.services.keeping.shutil.rmtree", whole)

    keeping.keep_recordings(now=NOW + 91 * DAY)

    assert not is_kept(take)
    assert Broadcast.objects.get().cleared_at == NOW + 91 * DAY


def test_recording_that_cannot_be_removed_does_not_stop_the_others(market, monkeypatch):
    stuck, free = (make_recording(market, ended_at=NOW, is_sale=False) for _ in range(2))
    whole = keeping.shutil.rmtree

    def refuses(path, *args, **options):
        if path == storage.private_folder(stuck.broadcast.public_id):
            raise PermissionError("read-only")
        whole(path, *args, **options)

    monkeypatch.setattr("livestreams.services.keeping.shutil.rmtree", refuses)

    done = keeping.keep_recordings(now=NOW + 90 * DAY)

    assert done["recordings"] == 1
    assert not is_kept(free)
    assert Broadcast.objects.get(pk=stuck.broadcast_id).cleared_at is None
