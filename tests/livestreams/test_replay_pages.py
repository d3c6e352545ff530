"""The pages of what stays of a show: buyers' replay and clip, the desk's part. They work without scripts."""

from datetime import timedelta

import pytest

from accounts.models import User
from common.models import OutboxMessage
from livestreams.models import Chapter, Clip, Replay
from livestreams.services.picture import save_picture
from livestreams.statuses import ClipStatus, ReplayStatus, SessionStatus
from orders.models import CartLine
from sellerdesk.replay_forms import place_text, read_place
from shops.models import Product, VariantStock
from tests.factories.livestreams import NOW, add_to_rundown, make_pin, make_session
from tests.livestreams.test_playlists import take

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert(1)</script>"&'
SPRITE = {
    "columns": 3, "rows": 2, "width": 120, "height": 214, "count": 6, "starts_ms": 0, "interval_ms": 10_000,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _in_english(client, zhuoma, arun, zoya) -> None:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    User.objects.update(language="en")


@pytest.fixture
def replay(market, valkey) -> Replay:
    """A replay of a minute with one chapter at 0:21, as rows; only what is published is on disk."""
    session = make_session(
        host=market.host, shop=market.shop, status=SessionStatus.ENDED, ended_at=NOW + timedelta(minutes=1)
    )
    item = add_to_rundown(session=session, variant=market.variant, live_price_fen=5800)
    found = Replay.objects.create(
        session=session, status=ReplayStatus.READY, playlist_path="public/live/x/full.m3u8",
        poster_path="public/live/x/poster-1.jpg", sprite_path="public/live/x/sprite-1.webp", sprite=SPRITE,
        duration_ms=60_000, created_at=NOW, ready_at=NOW, master_sha256="a" * 64, master_bytes=1_500_000,
    )  # fmt: skip
    pin = make_pin(item=item, at=NOW + timedelta(seconds=21))
    Chapter.objects.create(replay=found, pin_event=pin, title=market.product.title, starts_ms=21_000)
    save_picture(session.broadcast.public_id, [take(1, 60)])
    return found


def page(client, replay: Replay, query: str = "") -> str:
    answer = client.get(f"/live/{replay.session_id}/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_replay_page_lists_chapters_with_todays_price_to_buy(client, replay, market):
    chapter = replay.chapters.get()
    html = page(client, replay)

    assert 'href="?t=21" data-jump="21000"' in html
    assert 'viewBox="240 0 120 214"' in html
    assert 'width="360" height="428"' in html
    assert "/media/live/x/full.m3u8#t=0" in html
    assert '<span class="price__sign">¥</span>68' in html
    assert f'data-buy-chapter="{chapter.pk}"' in html
    assert "full.m3u8#t=30" in page(client, replay, "?t=30")
    assert "full.m3u8#t=0" in page(client, replay, "?t=-1")


def test_chapter_is_bought_without_scripts(client, replay, arun, market):
    client.force_login(arun)
    html = page(client, replay)
    source = html.partition('name="source" value="')[2].partition('"')[0]
    wanted = {"variant": market.variant.pk, "quantity": 1, "source": source, "then": "checkout"}

    answer = client.post("/cart/add/", wanted)

    assert answer.status_code == 302
    assert answer.url.startswith("/checkout/")
    assert CartLine.objects.get(cart__user=arun).source == source


@pytest.mark.parametrize(
    ("become", "words"), [("sold out", "Sold out"), ("archived", "Not sold any more")], ids=str
)
def test_what_cannot_be_bought_has_no_button(client, replay, market, become, words):
    VariantStock.objects.filter(pk=market.variant.pk).update(available=0)
    if become == "archived":
        Product.objects.update(status="archived")

    html = page(client, replay, "?part=chapters")

    assert words in html
    assert "data-buy-chapter" not in html


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("processing", "The replay is being prepared"),
        ("failed", "This show has no replay."),
        ("hidden", "The host has taken this replay down."),
    ],
)
def test_replay_that_cannot_be_watched_says_so_and_names_no_file(client, replay, status, words):
    Replay.objects.update(status=status, hidden_at=NOW if status == "hidden" else None)

    html = page(client, replay)

    assert words in html
    assert "full.m3u8" not in html
    assert "poster-1" not in html
    assert "高山青稞米" in html


def test_show_without_a_replay_shows_its_goods(client, market, valkey):
    session = make_session(host=market.host, shop=market.shop, status=SessionStatus.ENDED)
    add_to_rundown(session=session, variant=market.variant)

    html = client.get(f"/live/{session.pk}/").content.decode()

    assert "This show has no replay." in html
    assert f'href="/products/{market.product.pk}/"' in html


@pytest.fixture
def clip(replay) -> Clip:
    return Clip.objects.create(
        replay=replay, chapter=replay.chapters.get(), title=HOSTILE, starts_ms=21_000, ends_ms=41_000,
        status=ClipStatus.READY, video_path="public/live/x/clips/1.mp4",
        poster_path="public/live/x/clips/1.jpg", created_at=NOW,
    )  # fmt: skip


def test_clip_page_plays_sells_and_can_be_shared(client, clip, market):
    answer = client.get(f"/clips/{clip.pk}/")
    html = answer.content.decode()

    assert answer.status_code == 200
    assert 'src="/media/live/x/clips/1.mp4"' in html
    assert '<meta property="og:video" content="http://testserver/media/live/x/clips/1.mp4">' in html
    assert '<meta property="og:image" content="http://testserver/media/live/x/clips/1.jpg">' in html
    assert "data-buy-chapter" in html
    assert f"/live/{clip.replay.session_id}/?t=21" in html
    assert HOSTILE not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;" in html


def test_clip_in_the_making_is_for_its_presenters(client, clip, zhuoma, zoya):
    Clip.objects.update(status=ClipStatus.PROCESSING)

    assert client.get(f"/clips/{clip.pk}/").status_code == 404
    client.force_login(zoya)
    assert client.get(f"/clips/{clip.pk}/").status_code == 404
    client.force_login(zhuoma)
    assert "The clip is being cut" in client.get(f"/clips/{clip.pk}/").content.decode()


# ---- The desk


@pytest.fixture
def desk(client, zhuoma):
    client.force_login(zhuoma)
    return client


def do(client, replay: Replay, **data) -> str:
    answer = client.post(f"/desk/live/{replay.session_id}/replay/", data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_desk_hides_and_shows(desk, replay):
    html = desk.get(f"/desk/live/{replay.session_id}/").content.decode()
    assert "Kept as one file of 1.4\xa0MB" in html

    html = do(desk, replay, do="hide")

    assert "Nobody but you sees the replay" in html
    replay.refresh_from_db()
    assert replay.status == ReplayStatus.HIDDEN
    assert [message.task for message in OutboxMessage.objects.all()] == ["livestreams.arrange_replay"]
    assert "Everybody can watch the replay again." in do(desk, replay, do="show")
    replay.refresh_from_db()
    assert (replay.status, replay.hidden_at) == (ReplayStatus.READY, None)


def test_desk_cuts_the_ends_and_takes_it_back(desk, replay):
    do(desk, replay, do="trim", starts="0:05.5", ends="0:50")
    replay.refresh_from_db()
    assert (replay.trim_start_ms, replay.trim_end_ms) == (5000, 50_000)

    do(desk, replay, do="whole")

    replay.refresh_from_db()
    assert (replay.trim_start_ms, replay.trim_end_ms) == (0, None)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"starts": "soon", "ends": ""}, "Write a place such as 1:05."),
        ({"starts": "5:00", "ends": ""}, "Choose a place within the show."),
        ({"starts": "0:10", "ends": "0:11"}, "At least two seconds of the show must stay."),
        ({"starts": "", "ends": ""}, "This field is required."),
    ],
)
def test_desk_says_what_is_wrong_with_a_place(desk, replay, data, words):
    assert words in do(desk, replay, do="trim", **data)

    replay.refresh_from_db()
    assert (replay.trim_start_ms, replay.trim_end_ms) == (0, None)


def test_desk_clips_a_chapter_with_one_tap_and_deletes_it(desk, replay):
    chapter = replay.chapters.get()
    path = f"/desk/live/{replay.session_id}/clips/"

    html = desk.post(path, {"chapter": chapter.pk}, follow=True).content.decode()

    clip = Clip.objects.get()
    assert (clip.chapter, clip.starts_ms, clip.ends_ms) == (chapter, 21_000, 60_000)
    assert "The clip is being cut" in html
    assert (
        'hx-trigger="load delay:2s"'
        in desk.get(f"/desk/live/{replay.session_id}/replay/?part=clips").content.decode()
    )
    assert desk.post(f"{path}{clip.pk}/delete/").status_code == 302
    assert Clip.objects.count() == 0


def test_strangers_find_nothing_on_the_desk(client, replay, clip, zoya):
    client.force_login(zoya)
    base = f"/desk/live/{replay.session_id}/"

    assert client.get(f"{base}replay/").status_code == 404
    assert client.post(f"{base}replay/", {"do": "hide"}).status_code == 404
    assert client.post(f"{base}clips/", {"chapter": replay.chapters.get().pk}).status_code == 404
    assert client.post(f"{base}clips/{clip.pk}/delete/").status_code == 404
    replay.refresh_from_db()
    assert (replay.hidden_at, Clip.objects.count()) == (None, 1)


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1:05", 65_000), ("65", 65_000), ("0:01:05", 65_000), ("1：05", 65_000), ("65.5", 65_500),
        ("0:00", 0), ("90:00", 5_400_000), ("", None), ("-1", None), ("1:5x", None), ("1e3", None),
    ],
)  # fmt: skip
def test_places_are_read_as_people_write_them(text, ms):
    assert read_place(text) == ms


def test_places_are_written_as_they_are_read():
    assert [place_text(ms) for ms in (0, 65_000, 65_500, 3_675_000)] == ["0:00", "1:05", "1:05.5", "61:15"]
