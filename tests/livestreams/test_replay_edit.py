"""What people see of a replay: hidden, cut, bought from; clips. Files follow the database."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from common.clock import utc_now
from common.models import AuditEntry, OutboxMessage
from livestreams import selectors
from livestreams.models import Chapter, Clip, Replay
from livestreams.statuses import ReplayStatus
from orders.models import OrderLine
from shops.models import FarmerAuthorization, Lot, Product, Shop, VariantStock
from tests.factories.orders import place_one
from tests.livestreams.films import (
    address,
    change,
    end_show,
    folder_of,
    hold_take,
    make,
    public_names,
    second_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_hidden_replay_is_gone_for_people_and_comes_back_whole(replay, as_host, client, drain_outbox):
    before = public_names(replay)
    assert before
    master = Path(django_settings.MEDIA_ROOT) / replay.master_path

    answer = change(as_host, replay, hidden=True)
    drain_outbox()

    assert (answer.status_code, answer.json()["own"]["hidden"]) == (200, True)
    assert answer.json()["playback_url"] is None
    assert not folder_of(replay).exists()
    assert master.stat().st_size == replay.master_bytes
    client.logout()
    assert client.get(address(replay)).status_code == 404
    room = client.get(f"/api/v1/live-sessions/{replay.session_id}/").json()
    assert (room["replay"], room["playback_url"], room["chapters"]) == ("hidden", None, [])
    assert selectors.list_replays() == []
    assert selectors.poster_url(selectors.get_session_for(None, replay.session_id)) == ""

    client.force_login(replay.session.host.user)
    assert change(client, replay, hidden=False).json()["status"] == "ready"
    drain_outbox()

    assert public_names(replay) == before
    entries = AuditEntry.objects.filter(action="livestreams.change_replay").order_by("pk")
    assert [(entry.before["hidden"], entry.after["hidden"]) for entry in entries] == [
        (False, True),
        (True, False),
    ]


def test_cut_ends_are_not_served_and_chapters_move(replay, as_host, drain_outbox):
    master_before = (replay.master_sha256, replay.master_bytes)

    answer = change(as_host, replay, trim_start_ms=2500, trim_end_ms=8200)
    drain_outbox()

    replay.refresh_from_db()
    assert answer.status_code == 200
    # Cuts fall on the edges of segments, so that all that was asked for is kept.
    assert (replay.trim_start_ms, replay.trim_end_ms) == (2000, 9000)
    assert (replay.master_sha256, replay.master_bytes) == master_before
    names = public_names(replay)
    assert {name for name in names if "/seg" in name} == {f"takes/1/seg{i:06d}.m4s" for i in range(2, 9)}
    assert not names & {"live.m3u8", "source.m3u8", "audio.m3u8"}
    playlist = (folder_of(replay) / "full-source.m3u8").read_text()
    assert playlist.count("#EXTINF") == 7
    assert "seg000001" not in playlist
    shown = as_host.get(address(replay)).json()
    assert (shown["duration_ms"], shown["own"]["whole_ms"]) == (7000, replay.duration_ms)
    assert [(one["title"], one["starts_ms"]) for one in shown["chapters"]] == [("蜂蜜", 4000)]
    assert second_of((Path(django_settings.MEDIA_ROOT) / replay.poster_path).read_bytes()) == 6
    assert shown["sprite"]["starts_ms"] == 0

    change(as_host, replay, trim_start_ms=0, trim_end_ms=None)
    drain_outbox()

    replay.refresh_from_db()
    assert (replay.trim_start_ms, replay.trim_end_ms) == (0, None)
    assert len([name for name in public_names(replay) if "/seg" in name]) == 10
    assert len(as_host.get(address(replay)).json()["chapters"]) == 2


@pytest.mark.parametrize(
    "data",
    [
        {"trim_start_ms": -1},
        {"trim_start_ms": 60_000},
        {"trim_start_ms": 9000, "trim_end_ms": 9500},
        {"trim_start_ms": 5000, "trim_end_ms": 4000},
        {"trim_end_ms": 0},
        {"trim_start_ms": "1.5"},
        {"trim_start_ms": 10**30},
        {"hidden": "perhaps"},
    ],
)
def test_senseless_cuts_change_nothing(replay, as_host, data):
    before = public_names(replay)

    answer = change(as_host, replay, **data)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    replay.refresh_from_db()
    assert (replay.trim_start_ms, replay.trim_end_ms, replay.hidden_at) == (0, None, None)
    assert not OutboxMessage.objects.filter(done_at=None).exists()
    assert public_names(replay) == before


def test_replay_is_changed_by_its_presenters_only(replay, client, zoya, mei):
    chapter = replay.chapters.first()
    client.force_login(zoya)

    assert change(client, replay, hidden=True).status_code == 404
    assert make(client, replay, chapter=chapter.pk).status_code == 404
    replay.refresh_from_db()
    assert (replay.hidden_at, Clip.objects.count()) == (None, 0)
    assert client.get(address(replay)).json()["own"] is None
    client.force_login(mei)
    assert change(client, replay, hidden=True).status_code == 200


def test_what_an_operator_took_down_its_host_cannot_offer_again(
    replay, as_host, operator, client, drain_outbox
):
    page = f"/admin/livestreams/replay/{replay.pk}/"
    client.force_login(operator)
    assert client.post(page + "move/bar/", {"reason": "假货投诉"}).status_code == 302
    drain_outbox()
    replay.refresh_from_db()
    assert (replay.status, replay.is_barred) == (ReplayStatus.HIDDEN, True)
    assert not folder_of(replay).exists()
    entry = AuditEntry.objects.get(action="livestreams.bar_replay")
    assert (entry.actor, entry.reason) == (f"user:{operator.pk}", "假货投诉")

    client.force_login(replay.session.host.user)
    answer = change(client, replay, hidden=False)

    assert (answer.status_code, answer.json()["code"]) == (403, "replay_barred")
    client.force_login(operator)
    assert client.post(page + "move/unbar/", {"reason": "查清了"}).status_code == 302
    drain_outbox()
    replay.refresh_from_db()
    assert (replay.status, replay.is_barred, folder_of(replay).exists()) == (ReplayStatus.READY, False, True)


def test_show_hidden_before_its_replay_is_ready_stays_hidden(
    session, item, zhuoma, tmp_path, client, drain_outbox
):
    hold_take(session, folder=tmp_path, at=utc_now() - timedelta(minutes=1), seconds=4, first=0)
    end_show(session, actor=zhuoma)
    client.force_login(zhuoma)
    assert change(client, Replay.objects.get(), hidden=True).status_code == 200

    drain_outbox()

    replay = Replay.objects.get()
    assert (replay.status, len(replay.master_sha256)) == (ReplayStatus.HIDDEN, 64)
    assert not folder_of(replay).exists()


# ---- Buying from a chapter


def chapters(client, replay: Replay) -> list[dict]:
    return client.get(address(replay)).json()["chapters"]


def test_chapter_offers_todays_price_and_stock_and_sells_as_a_chapter(replay, client, arun, market):
    market.variant.price_fen = 7100
    market.variant.save(update_fields=["price_fen"])
    VariantStock.objects.filter(pk=market.variant.pk).update(available=3)

    rice = chapters(client, replay)[0]

    assert (rice["price_fen"], rice["was_fen"], rice["available"]) == (7100, None, 3)
    assert (rice["offer"], rice["next_harvest_on"]) == ("buy", None)
    order = place_one(buyer=arun, variant=market.variant, source=rice["source"])
    line = OrderLine.objects.get(order=order)
    assert line.pin_event == Chapter.objects.get(pk=rice["chapter"]).pin_event
    assert (line.live_session, line.price_fen) == (replay.session, 7100)


def today(days: int = 0):
    return utc_now().date() + timedelta(days=days)


@pytest.mark.parametrize(
    ("become", "offer"),
    [
        ("sold out", "sold_out"),
        ("harvest coming", "next_harvest"),
        ("harvest long past", "sold_out"),
        ("archived", "gone"),
        ("variant withdrawn", "gone"),
        ("shop closed", "gone"),
        ("consent withdrawn", "gone"),
    ],
)
def test_chapter_never_offers_what_cannot_be_bought(replay, client, market, become, offer):
    variant = market.variant
    if become in ("sold out", "harvest coming", "harvest long past"):
        VariantStock.objects.filter(pk=variant.pk).update(available=0)
    if become.startswith("harvest"):
        for status, days in (("declared", 40 if become == "harvest coming" else -40), ("available", 3)):
            Lot.objects.create(
                variant=variant, shop=market.shop, quantity=10, status=status, harvested_on=today(days),
                declared_at=utc_now(),
            )  # fmt: skip
    Product.objects.filter(pk=variant.product_id).update(
        status="archived" if become == "archived" else "published"
    )
    type(variant).objects.filter(pk=variant.pk).update(is_active=become != "variant withdrawn")
    Shop.objects.filter(pk=market.shop.pk).update(status="closed" if become == "shop closed" else "open")
    if become == "consent withdrawn":
        FarmerAuthorization.objects.update(status="revoked")

    rice = chapters(client, replay)[0]

    assert rice["offer"] == offer
    assert rice["next_harvest_on"] == (today(40).isoformat() if offer == "next_harvest" else None)
