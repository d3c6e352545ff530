"""The file of a show, its chapters and pictures, with real ffmpeg."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from PIL import Image

from common.clock import utc_now
from common.models import OutboxMessage
from livestreams import storage
from livestreams.models import Chapter, FlashDeal, Gift, Replay
from livestreams.montage import joining
from livestreams.montage.running import NoRoom, TooSlow, Unplayable
from livestreams.services import mastering
from livestreams.services.replay_files import take_files
from livestreams.statuses import ReplayProblem, ReplayStatus
from tests.addresses import database_url
from tests.factories.gifts import make_gift_kind
from tests.factories.livestreams import add_to_rundown, make_pin
from tests.factories.shops import make_product
from tests.livestreams.films import (
    VP8,
    end_show,
    frames_of,
    hold_take,
    second_at,
    second_of,
    told_by_ffmpeg,
)

pytestmark = pytest.mark.django_db(transaction=True)
HOSTILE = "盐=1;糖#2\\\n[CHAPTER]\nSTART=0\ntitle=假"


def master_of(replay: Replay) -> Path:
    return Path(django_settings.MEDIA_ROOT) / replay.master_path


def three_pins(session, item, market, at) -> None:
    """Show one thing in the first take, one while the picture is away, one in the second take."""
    others = [make_product(shop=market.shop, title=title) for title in ("蜂蜜", HOSTILE)]
    items = [item, *(add_to_rundown(session=session, variant=one.variants.get()) for one in others)]
    for one, after in zip(items, (2, 7, 12), strict=True):
        opened = at + timedelta(seconds=after)
        make_pin(item=one, at=opened, closed_at=opened + timedelta(seconds=1))


@pytest.mark.parametrize(
    "second",
    [{}, {"size": "320x180"}, {"mime": VP8}],
    ids=["same form", "other size", "VP8"],
)
def test_takes_become_one_file_with_a_chapter_per_pin(
    session, item, market, zhuoma, tmp_path, drain_outbox, second
):
    # 5 s of picture, 4 s without one, 6 s of picture.
    at = utc_now() - timedelta(minutes=1)
    hold_take(session, folder=tmp_path, at=at, seconds=5, first=0)
    hold_take(session, folder=tmp_path, at=at + timedelta(seconds=9), seconds=6, first=5, number=2, **second)
    three_pins(session, item, market, at)
    kind = make_gift_kind()
    for after in (3, 12, 30):  # while the picture is there; in the second take; paid when all was over
        Gift.objects.create(
            session=session, host=market.host, giver=market.host.user, kind=kind, name=str(after), quantity=1,
            amount_fen=999, platform_fen=299, status="paid", paid_at=at + timedelta(seconds=after),
            created_at=at, expires_at=at,
        )  # fmt: skip
    deal = FlashDeal.objects.create(
        session=session, rundown_item=item, price_fen=100, quantity=1, seconds=60, status="ended",
        starts_at=at + timedelta(seconds=12), ends_at=at + timedelta(seconds=72), created_at=at,
        created_by=zhuoma,
    )  # fmt: skip

    end_show(session, actor=zhuoma)
    drain_outbox()

    deal.refresh_from_db()
    assert round(deal.media_time_ms / 1000) == 8
    places = Gift.objects.order_by("pk").values_list("media_time_ms", flat=True)
    assert [round(place / 1000) for place in places] == [3, 8, 11]

    replay = Replay.objects.get()
    assert (replay.status, replay.error) == (ReplayStatus.READY, "")
    master = master_of(replay)
    assert replay.master_path == storage.master_path(session.broadcast.public_id)
    assert hashlib.sha256(master.read_bytes()).hexdigest() == replay.master_sha256
    assert master.stat().st_size == replay.master_bytes
    assert abs(replay.duration_ms - 11_000) <= 500
    assert abs(joining.picture_ms(master) - replay.duration_ms) <= 500
    assert abs(frames_of(master)[1] - 11) <= 0.5
    assert len(take_files(session.broadcast.public_id)) == 2

    chapters = list(Chapter.objects.values_list("title", "starts_ms"))
    assert [title for title, _ in chapters] == [market.product.title, "蜂蜜", HOSTILE]
    # The pin while the picture was away is at the next picture, the first of the second take.
    assert [starts for _, starts in chapters] == pytest.approx([2000, 5000, 8000], abs=150)
    assert [second_at(master, starts / 1000 + 0.2) for _, starts in chapters] == [2, 5, 8]
    told = told_by_ffmpeg(master)
    assert told.count("[CHAPTER]\n") == 3
    assert "title=盐\\=1\\;糖\\#2\\\\ [CHAPTER] START\\=0 title\\=假\n" in told
    assert not (storage.private_folder(session.broadcast.public_id) / "montage").exists()


def test_takes_of_one_form_are_joined_without_another_encoding(session, item, zhuoma, tmp_path, drain_outbox):
    at = utc_now() - timedelta(minutes=1)
    hold_take(session, folder=tmp_path, at=at, seconds=3, first=0)
    hold_take(session, folder=tmp_path, at=at + timedelta(seconds=5), seconds=3, first=3, number=2)
    forms = set()

    end_show(session, actor=zhuoma)
    drain_outbox()

    for take in take_files(session.broadcast.public_id):
        forms.add(joining.form_of(take.read(take.init)))
    assert len(forms) == 1
    assert frames_of(master_of(Replay.objects.get()))[0] == 150
    assert [second_at(master_of(Replay.objects.get()), place + 0.5) for place in range(6)] == [
        0,
        1,
        2,
        3,
        4,
        5,
    ]


@pytest.fixture
def replay(session, item, zhuoma, tmp_path) -> Replay:
    """A show of six seconds whose goods are shown from the third on; nothing of the outbox has run."""
    at = utc_now() - timedelta(minutes=1)
    hold_take(session, folder=tmp_path, at=at, seconds=6, first=0)
    make_pin(item=item, at=at + timedelta(seconds=3), closed_at=at + timedelta(seconds=5))
    return end_show(session, actor=zhuoma)


def test_poster_is_of_the_first_pin_and_the_sheet_of_the_show(replay, drain_outbox, monkeypatch):
    monkeypatch.setattr("livestreams.montage.stills.INTERVAL_MS", 1000)

    drain_outbox()

    replay.refresh_from_db()
    root = Path(django_settings.MEDIA_ROOT)
    assert replay.poster_path.startswith("public/live/")
    assert second_of((root / replay.poster_path).read_bytes()) == 3
    layout = replay.sprite
    assert (layout["columns"], layout["rows"], layout["count"]) == (6, 1, 6)
    assert (layout["starts_ms"], layout["interval_ms"]) == (0, 1000)
    with Image.open(root / replay.sprite_path) as sheet:
        assert sheet.size == (6 * layout["width"], layout["height"])
        greys = [sheet.convert("L").getpixel((layout["width"] * i + 60, 50)) for i in range(6)]
    assert greys == sorted(greys)
    assert len(set(greys)) == 6


def test_long_show_has_at_most_a_hundred_small_pictures(replay, monkeypatch):
    monkeypatch.setattr("livestreams.montage.stills.INTERVAL_MS", 10)
    monkeypatch.setattr("livestreams.montage.stills.SHEET_MOST", 4)

    _, layout = joining_sheet(replay)

    assert (layout.count, layout.columns, layout.rows, layout.interval_ms) == (4, 4, 1, 1500)


def joining_sheet(replay):
    from livestreams.montage.stills import sheet  # noqa: PLC0415 - patched before

    return sheet(take_files(replay.session.broadcast.public_id), starts_ms=0, ends_ms=replay.duration_ms)


MAKE = """
import os, sys, django
django.setup()
from livestreams.montage import joining
from livestreams.services import mastering
from common.clock import utc_now
original = joining._copy
def slow(*arguments, **options):
    original(*arguments, **options)
    print("written", flush=True)
    sys.stdin.readline()
joining._copy = slow
mastering.make_master(session_id=int(sys.argv[1]), now=utc_now())
"""


def test_killed_task_leaves_nothing_half_made_and_is_repeated(replay, settings):
    environment = os.environ | {
        "DATABASE_URL": database_url(),
        "MARKET_VAR": str(settings.VAR_DIR),
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "DJANGO_SETTINGS_MODULE": "villagemarket.settings",
    }
    worker = subprocess.Popen(
        [sys.executable, "-c", MAKE, str(replay.session_id)], cwd=django_settings.BASE_DIR, env=environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert worker.stdout.readline() == "written\n"
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    public_id = replay.session.broadcast.public_id
    target = Path(settings.MEDIA_ROOT) / storage.master_path(public_id)
    replay.refresh_from_db()
    assert (target.exists(), replay.master_sha256, replay.master_path) == (False, "", "")

    assert mastering.make_master(session_id=replay.session_id, now=utc_now()) is True

    replay.refresh_from_db()
    assert hashlib.sha256(target.read_bytes()).hexdigest() == replay.master_sha256
    assert not (storage.private_folder(public_id) / "montage").exists()


def test_master_is_made_once(replay, drain_outbox):
    drain_outbox()
    replay.refresh_from_db()
    before = master_of(replay).stat().st_mtime_ns

    assert mastering.make_master(session_id=replay.session_id, now=utc_now()) is True

    assert master_of(replay).stat().st_mtime_ns == before


def test_long_conversion_goes_on_in_another_task(session, item, zhuoma, tmp_path, monkeypatch, drain_outbox):
    at = utc_now() - timedelta(minutes=1)
    hold_take(session, folder=tmp_path, at=at, seconds=4, first=0)
    hold_take(
        session, folder=tmp_path, at=at + timedelta(seconds=9), seconds=4, first=4, number=2, size="320x180"
    )
    end_show(session, actor=zhuoma)
    monkeypatch.setattr(joining, "SLICE_SEGMENTS", 2)
    monkeypatch.setattr(mastering, "RUN_SECONDS", -1)
    made = []
    original = joining._bring_to_form

    def one_each_run(piece, **options):
        made.append(options["name"])
        monkeypatch.setattr(mastering, "RUN_SECONDS", -1)
        original(piece, **options)

    monkeypatch.setattr(joining, "_bring_to_form", one_each_run)
    assert mastering.make_master(session_id=session.pk, now=utc_now()) is False
    assert made == []
    monkeypatch.setattr(mastering, "RUN_SECONDS", 60)

    names = drain_outbox()

    assert made == ["part-0000.mp4", "part-0001.mp4", "part-0002.mp4", "part-0003.mp4"]
    assert names[:2] == ["livestreams.make_replay", "livestreams.make_master"]
    master = master_of(Replay.objects.get())
    assert [second_at(master, place + 0.5) for place in range(8)] == list(range(8))


@pytest.mark.parametrize(
    ("error", "problem", "status"),
    [
        (NoRoom("full"), ReplayProblem.NO_ROOM, ReplayStatus.READY),
        (TooSlow("late"), ReplayProblem.TOO_SLOW, ReplayStatus.READY),
        (OSError(28, "No space left on device"), ReplayProblem.NO_ROOM, ReplayStatus.READY),
        (Unplayable("moov"), ReplayProblem.UNPLAYABLE, ReplayStatus.FAILED),
        (FileNotFoundError("seg"), ReplayProblem.PIECE_MISSING, ReplayStatus.FAILED),
    ],
    ids=["room", "time", "disk", "unplayable", "missing"],
)
def test_failure_is_told_counted_and_mended_by_the_next_try(
    replay, drain_outbox, monkeypatch, error, problem, status
):
    def fail(**options):
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(mastering, "join", fail)
        with pytest.raises(AssertionError, match="make_master failed"):
            drain_outbox()
    replay.refresh_from_db()
    assert (replay.status, replay.error, replay.master_sha256) == (status, problem, "")
    message = OutboxMessage.objects.get(task="livestreams.make_master")
    assert (message.attempts, message.done_at) == (1, None)

    drain_outbox(now=utc_now() + timedelta(minutes=1))

    replay.refresh_from_db()
    assert (replay.status, replay.error) == (ReplayStatus.READY, "")
    assert len(replay.master_sha256) == 64


def test_file_of_another_length_is_refused(replay, drain_outbox):
    Replay.objects.update(duration_ms=replay.duration_ms + 501)

    with pytest.raises(AssertionError, match="ms long"):
        drain_outbox()

    replay.refresh_from_db()
    assert (replay.status, replay.error, replay.master_path) == (ReplayStatus.FAILED, "unplayable", "")


def test_cut_off_segment_is_found(replay, drain_outbox):
    folder = storage.take_folder(replay.session.broadcast.public_id, 1)
    last = sorted(folder.glob("seg*.m4s"))[-1]
    last.write_bytes(last.read_bytes()[:200])

    with pytest.raises(AssertionError, match="make_master failed"):
        drain_outbox()

    assert Replay.objects.get().status == ReplayStatus.FAILED


def test_ffmpeg_is_bounded_in_time(replay):
    from livestreams.montage.running import run  # noqa: PLC0415 - beside the one test of it

    began = time.monotonic()
    with pytest.raises(TooSlow):
        run(["-re", "-f", "lavfi", "-i", "testsrc2", "-f", "null", "-"], seconds=1, file_bytes=1 << 20)

    assert time.monotonic() - began < 20
