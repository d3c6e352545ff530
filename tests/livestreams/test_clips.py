"""Clips: cut to the frame from the file of a show, once each, gone with what was hidden or cut away."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from common.clock import utc_now
from common.models import OutboxMessage
from livestreams.models import Chapter, Clip, LiveSession, Replay
from livestreams.montage.running import Unplayable
from livestreams.services import clipping, keeping
from livestreams.statuses import ClipStatus
from tests.factories.livestreams import add_to_rundown, make_pin, make_session
from tests.livestreams.films import (
    address,
    change,
    end_show,
    folder_of,
    frames_of,
    hold_take,
    make,
    public_names,
    second_at,
    second_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_clip_of_a_chapter_with_one_call(replay, as_host, drain_outbox):
    first, second = replay.chapters.all()

    answer = make(as_host, replay, chapter=first.pk)
    drain_outbox()

    assert answer.status_code == 201
    clip = Clip.objects.get()
    assert (clip.starts_ms, clip.ends_ms) == (first.starts_ms, second.starts_ms)
    assert (clip.status, clip.title, clip.error) == (ClipStatus.READY, first.title, "")
    video = Path(django_settings.MEDIA_ROOT) / clip.video_path
    assert clip.video_path.startswith("public/live/")
    assert abs(frames_of(video)[1] - 5) <= 0.5
    assert [second_at(video, place + 0.5) for place in (0, 2, 4)] == [1, 3, 5]
    assert second_of((Path(django_settings.MEDIA_ROOT) / clip.poster_path).read_bytes()) == 1

    again = make(as_host, replay, chapter=first.pk)

    assert (again.status_code, again.json()["id"]) == (200, clip.pk)
    assert not OutboxMessage.objects.filter(done_at=None).exists()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"starts_ms": 1000},
        {"starts_ms": 1000, "ends_ms": 3999},
        {"starts_ms": 5000, "ends_ms": 4000},
        {"starts_ms": 0, "ends_ms": 90_001},
        {"starts_ms": 8000, "ends_ms": 11_500},
        {"starts_ms": -5, "ends_ms": 5000},
        {"starts_ms": "NaN", "ends_ms": 5000},
    ],
)
def test_senseless_clips_are_refused(replay, as_host, data):
    answer = make(as_host, replay, **data)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert Clip.objects.count() == 0


def test_clip_of_somebody_elses_chapter_is_not_there(replay, as_host, market):
    other = make_session(host=market.host, shop=market.shop, status="ended")
    pin = make_pin(item=add_to_rundown(session=other, variant=market.variant))
    foreign = Chapter.objects.create(
        replay=Replay.objects.create(session=other, created_at=utc_now()),
        pin_event=pin,
        title="x",
        starts_ms=0,
    )

    assert make(as_host, replay, chapter=foreign.pk).status_code == 404
    assert Clip.objects.count() == 0


def test_clip_before_the_master_waits_for_it(session, item, zhuoma, tmp_path, client, drain_outbox):
    hold_take(session, folder=tmp_path, at=utc_now() - timedelta(minutes=1), seconds=5, first=0)
    replay = end_show(session, actor=zhuoma)
    client.force_login(zhuoma)
    assert make(client, replay, starts_ms=0, ends_ms=3000).status_code == 201
    clipping.make_clip(clip_id=Clip.objects.get().pk, now=utc_now())
    assert Clip.objects.get().status == ClipStatus.PROCESSING

    drain_outbox()

    assert Clip.objects.get().status == ClipStatus.READY


def test_deleted_clip_is_gone_with_its_files(replay, as_host, zoya, client, drain_outbox):
    make(as_host, replay, starts_ms=0, ends_ms=3000)
    drain_outbox()
    clip = Clip.objects.get()
    video = Path(django_settings.MEDIA_ROOT) / clip.video_path
    assert video.exists()
    client.force_login(zoya)
    assert client.delete(f"/api/v1/clips/{clip.pk}/").status_code == 404
    assert Clip.objects.count() == 1

    client.force_login(replay.session.host.user)
    assert client.delete(f"/api/v1/clips/{clip.pk}/").status_code == 204
    drain_outbox()

    assert (Clip.objects.count(), video.exists()) == (0, False)
    assert client.delete(f"/api/v1/clips/{clip.pk}/").status_code == 404


def test_clip_deleted_while_it_is_cut_leaves_no_file(replay, as_host, drain_outbox, monkeypatch):
    make(as_host, replay, starts_ms=0, ends_ms=3000)
    original = clipping.cut

    def delete_then_cut(**options):
        Clip.objects.all().delete()
        original(**options)

    monkeypatch.setattr(clipping, "cut", delete_then_cut)
    drain_outbox()

    assert list((folder_of(replay) / "clips").iterdir()) == []


def test_hidden_replay_and_cut_pieces_take_their_clips_along(replay, as_host, client, drain_outbox):
    make(as_host, replay, starts_ms=0, ends_ms=3000)
    make(as_host, replay, starts_ms=4000, ends_ms=8000)
    drain_outbox()
    early, late = Clip.objects.order_by("starts_ms")

    change(as_host, replay, trim_start_ms=2000)
    drain_outbox()

    client.logout()
    assert [one["id"] for one in client.get(address(replay, "clips")).json()["results"]] == [late.pk]
    assert {name for name in public_names(replay) if name.endswith(".mp4") and "clips" in name} == {
        f"clips/{late.pk}.mp4"
    }
    assert client.get(f"/clips/{early.pk}/").status_code == 404
    client.force_login(replay.session.host.user)
    change(client, replay, hidden=True, trim_start_ms=0)
    drain_outbox()
    client.logout()
    assert client.get(address(replay, "clips")).json()["results"] == []
    assert client.get(f"/clips/{late.pk}/").status_code == 404
    assert not folder_of(replay).exists()


def test_clip_that_failed_says_why_and_is_tried_again(replay, as_host, drain_outbox, monkeypatch):
    def fail(**options):
        raise Unplayable("boom")

    make(as_host, replay, starts_ms=0, ends_ms=3000)
    with monkeypatch.context() as broken:
        broken.setattr(clipping, "cut", fail)
        with pytest.raises(AssertionError, match="boom"):
            drain_outbox()
    assert (Clip.objects.get().status, Clip.objects.get().error) == (ClipStatus.FAILED, "unplayable")
    OutboxMessage.objects.filter(done_at=None).update(quarantined_at=utc_now())

    assert make(as_host, replay, starts_ms=0, ends_ms=3000).status_code == 200
    drain_outbox()

    assert (Clip.objects.get().status, Clip.objects.get().error) == (ClipStatus.READY, "")


def test_show_without_a_replay_has_none(session, client, zhuoma):
    client.force_login(zhuoma)
    path = f"/api/v1/live-sessions/{session.pk}/replay/"

    assert client.get(path).status_code == 404
    assert client.patch(path, {"hidden": True}, content_type="application/json").status_code == 404
    assert LiveSession.objects.get().status == "live"


def test_recording_whose_time_is_over_leaves_its_clips(replay, as_host, client, drain_outbox):
    make(as_host, replay, starts_ms=0, ends_ms=3000)
    make(as_host, replay, starts_ms=3000, ends_ms=6000)
    drain_outbox()
    kept, deleted = Clip.objects.order_by("starts_ms")
    keeping._clear(replay.session.broadcast.pk, now=utc_now(), reason="kept for its time")

    assert change(as_host, replay, hidden=False).status_code == 409
    assert as_host.delete(f"/api/v1/clips/{deleted.pk}/").status_code == 204
    drain_outbox()

    client.logout()
    assert [one["id"] for one in client.get(address(replay, "clips")).json()["results"]] == [kept.pk]
    assert public_names(replay) == {f"clips/{kept.pk}.mp4", f"clips/{kept.pk}.jpg"}
