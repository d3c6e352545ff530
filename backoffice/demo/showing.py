"""The past show with its recording, chat, pins and sales; the show of tomorrow evening."""

import contextlib
import fcntl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from pathlib import Path

from django.conf import settings

from backoffice.demo.cast import Cast
from backoffice.demo.giving import GIVEN, give_in_show
from backoffice.demo.selling import Buying
from backoffice.demo.steps import Answer, Steps
from backoffice.demo.stocking import HOST, photograph
from backoffice.demo.studio import FILM_GOODS, Studio
from common.masking import mask_name
from livestreams.broadcaster.encoder import ffmpeg_program
from livestreams.broadcaster.loop import Broadcaster
from livestreams.models import PinEvent, Replay
from livestreams.services import chatting, liking, presenting, receiving, rundown, scheduling
from livestreams.services.announcing import announce_sale
from livestreams.sources import make_source
from orders.models import Order

SHOP = "snowline"
PAST_TITLE = "开山第一背松茸，扎西刚下山"
PAST_WORDS = "卓玛在云岭脚村的院坝里开秤：松茸、百花蜜、晒杏干，谁家的、怎么来的，一样一样讲给你听。"
NEXT_TITLE = "秋收赶街：板栗、青稞、酥油一次备齐"
NEXT_WORDS = "明晚七点半，卓玛带你去三户人家的灶房。直播间有实在价，卖完为止。"
NEXT_GOODS = (
    ("chestnuts", 3200),
    ("barley-flour", 2300),
    ("yak-butter", 7900),
    ("dark-honey", 12800),
    ("wool-scarf", None),
    ("barley-biscuit", 2900),
)
LIVE_PRICES = (14800, 8800, 2900)
# At which part of the film each of its goods begins to be shown.
PINNED_AT = (0.22, 0.6, 0.8)
CHUNK_SECONDS = 1.0
RECORDER = "video/mp4;codecs=avc1.64001f,mp4a.40.2"
LIKES = (7, 12, 20, 18, 20, 16)
DEVELOP_SECONDS = 90.0


@dataclass(frozen=True)
class Line:
    """What somebody says in the chat, at a part of the film."""

    at: float
    who: str
    text: str


CHAT = (
    Line(0.02, "zhuoma", "乡亲们好，城里的朋友们好，听得清吗？"),
    Line(0.08, "arun", "听得清！画面真好"),
    Line(0.15, "zoya", "Hello from Chengdu! Where is this?"),
    Line(0.24, "mei", "云岭脚村，海拔 2860 米。今天的松茸是扎西清早采的。"),
    Line(0.32, "arun", "松茸怎么保存？"),
    Line(0.42, "mei", "别洗，厨房纸包好冷藏，三天内吃完。"),
    Line(0.63, "zoya", "Is the honey from one hive?"),
    Line(0.7, "zhuoma", "央金卓嘎家四十箱土蜂，一年只割一次。"),
    Line(0.84, "arun", "杏干酸不酸？"),
    Line(0.93, "mei", "带一点酸，晒的时候没加糖。"),
)


@dataclass(frozen=True)
class Sale:
    """Who buys how much from which pin, so many seconds after it was shown."""

    pin: int
    key: str
    buyer: str
    quantity: int
    after: float


SALES = (
    Sale(0, "live matsutake arun", "arun", 1, 0.6),
    Sale(0, "live matsutake zoya", "zoya", 1, 1.1),
    Sale(1, "live honey", "zoya", 2, 0.7),
    Sale(2, "live apricots", "arun", 2, 0.5),
)


class ShowError(RuntimeError):
    """The film could not be made into a show; the text says why."""


def hold_past_show(steps: Steps, studio: Studio) -> Iterator[str]:
    """Hold the past show, have its recording made into the replay, and send what was sold."""
    show = _PastShow(steps, studio)
    steps.once("past show", show.hold, prepare=show.prepare)
    yield "a show was held"
    develop(session_id=steps.answer("past show")["session"])
    yield "its replay is ready"
    steps.once("past show parcels", show.send_parcels)


def announce_next_show(steps: Steps, studio: Studio) -> Iterator[str]:
    """Announce tomorrow evening's show with its cover and goods."""

    def announce() -> Answer:
        cast, at = Cast(steps), steps.calendar.ago(hours=20)
        host = cast.host()
        cover = photograph(studio, "cover/next", actor=host.user, now=at)
        session = scheduling.save_session(
            actor=host.user,
            shop_id=cast.shop(SHOP).pk,
            host_id=host.pk,
            title=NEXT_TITLE,
            description=NEXT_WORDS,
            scheduled_at=steps.calendar.next_show_at,
            cover_id=cover.pk,
            allow_clash=True,
            now=at,
        )
        for key, live_price_fen in NEXT_GOODS:
            rundown.add_item(
                actor=host.user,
                session_id=session.pk,
                variant_id=cast.variant_id(key),
                live_price_fen=live_price_fen,
                now=at,
            )
        scheduling.schedule_session(actor=host.user, session_id=session.pk, allow_clash=True, now=at)
        return {"session": session.pk}

    steps.once("next show", announce, prepare=partial(studio.picture, "cover/next"))
    yield "the next show is announced"


class _PastShow:
    """The show on a Friday evening: on air for as long as the film lasts."""

    def __init__(self, steps: Steps, studio: Studio):
        self.steps, self.studio = steps, studio
        self.cast = Cast(steps)
        self.buying = Buying(self.cast)
        self.begins = steps.calendar.show_at
        self.pins: dict[int, PinEvent] = {}

    def prepare(self) -> None:
        """Wait for the cover and the film."""
        self.studio.picture("cover/past")
        self.studio.film()

    def at(self, share: float, plus_seconds: float = 0) -> datetime:
        """Return the moment of a part of the film."""
        return self.begins + timedelta(seconds=self.studio.film_seconds * share + plus_seconds)

    def hold(self) -> Answer:
        """Plan, go on air, send the recording, show, talk, sell, end; all of it or nothing."""
        planned = self.begins - timedelta(days=3)
        host = self.cast.host()
        session = scheduling.save_session(
            actor=host.user,
            shop_id=self.cast.shop(SHOP).pk,
            host_id=host.pk,
            title=PAST_TITLE,
            description=PAST_WORDS,
            scheduled_at=self.begins,
            cover_id=photograph(self.studio, "cover/past", actor=host.user, now=planned).pk,
            allow_clash=True,
            now=planned,
        )
        scheduling.schedule_session(actor=host.user, session_id=session.pk, allow_clash=True, now=planned)
        items = [
            rundown.add_item(
                actor=host.user,
                session_id=session.pk,
                variant_id=self.cast.variant_id(key),
                live_price_fen=live_price_fen,
                now=planned,
            )
            for key, live_price_fen in zip(FILM_GOODS, LIVE_PRICES, strict=True)
        ]
        presenting.start_session(actor=host.user, session_id=session.pk, now=self.begins)
        self._record(session.pk)
        orders = self._perform(session.pk, [item.pk for item in items])
        for count in LIKES:
            liking.like_session(session_id=session.pk, count=count)
        presenting.end_session(actor=host.user, session_id=session.pk, now=self.at(1, 1))
        return {"session": session.pk, "orders": [order.pk for order in orders]}

    def send_parcels(self) -> None:
        """Send what was sold; all of it arrives within last week."""
        for order in Order.objects.filter(pk__in=self.steps.answer("past show")["orders"]).order_by("pk"):
            self.buying.send(order, at=self.begins + timedelta(hours=15))
            self.buying.receive(order, at=self.begins + timedelta(hours=46))

    def _record(self, session_id: int) -> None:
        actor = self.cast.user(HOST)
        grant = receiving.open_take(actor=actor, session_id=session_id, mime=RECORDER, now=self.begins)
        for seq, chunk in enumerate(_recorded(self.studio.film(), self.studio.film_seconds)):
            receiving.accept_chunk(
                take_id=grant.take.pk,
                seq=seq,
                content_type=RECORDER,
                data=chunk,
                now=self.begins + timedelta(seconds=(seq + 1) * CHUNK_SECONDS),
            )

    def _perform(self, session_id: int, item_ids: list[int]) -> list[Order]:
        """Talk, show, sell and be given to, one after the other as it happened; return the orders."""
        acts = [(self.at(line.at), partial(self._say, session_id, line)) for line in CHAT]
        acts += [
            (self.at(PINNED_AT[number]), partial(self._pin, session_id, number, item_id))
            for number, item_id in enumerate(item_ids)
        ]
        acts += [(self.at(PINNED_AT[sale.pin], sale.after), partial(self._sell, sale)) for sale in SALES]
        acts += [(self.at(given.at), partial(give_in_show, self.cast, session_id, given)) for given in GIVEN]
        orders = []
        for at, act in sorted(acts, key=itemgetter(0)):
            orders += act(at) or []
        return orders

    def _say(self, session_id: int, line: Line, at: datetime) -> None:
        author = self.cast.user(line.who)
        chatting.post_message(author=author, session_id=session_id, text=line.text, now=at)

    def _pin(self, session_id: int, number: int, item_id: int, at: datetime) -> None:
        self.pins[number] = presenting.pin_item(
            actor=self.cast.user(HOST), session_id=session_id, item_id=item_id, now=at
        )

    def _sell(self, sale: Sale, at: datetime) -> list[Order]:
        pin = self.pins[sale.pin]
        variant = pin.rundown_item.variant
        source = make_source(
            kind="pin", session_id=pin.session_id, pin_event_id=pin.pk, variant_id=variant.pk
        )
        goods = ((FILM_GOODS[sale.pin], sale.quantity),)
        orders = self.buying.buy(sale.key, buyer=sale.buyer, goods=goods, at=at, source=source)
        announce_sale(
            session_id=pin.session_id,
            buyer_masked=mask_name(self.cast.user(sale.buyer).display_name),
            title=variant.product.title,
            quantity=sale.quantity,
            now=at,
        )
        return orders


def _recorded(film: Path, seconds: float) -> list[bytes]:
    """Return the film as a phone's recorder sends it: fragments as they come, cut into a chunk a second."""
    done = subprocess.run(
        [
            ffmpeg_program(), "-v", "error", "-i", str(film), "-c", "copy",
            "-movflags", "frag_keyframe+empty_moov+default_base_moof", "-f", "mp4", "pipe:1",
        ],
        capture_output=True,
    )  # fmt: skip
    if done.returncode:
        raise ShowError(done.stderr.decode(errors="replace").strip()[-300:])
    size = -(-len(done.stdout) // max(int(seconds / CHUNK_SECONDS), 1))
    return [done.stdout[start : start + size] for start in range(0, len(done.stdout), size)]


def develop(*, session_id: int) -> None:
    """Have the broadcaster make the replay's picture: the one that runs, or else one in this process."""
    give_up = time.monotonic() + DEVELOP_SECONDS
    waiting = Replay.objects.filter(session=session_id, playlist_path="")
    with _broadcaster() as broadcaster:
        while waiting.exists():
            if time.monotonic() > give_up:
                raise ShowError("the broadcaster did not finish the recording in time")
            if broadcaster is not None:
                broadcaster.look()
                broadcaster.step()
            time.sleep(0.05)


@contextlib.contextmanager
def _broadcaster() -> Iterator[Broadcaster | None]:
    """Yield a broadcaster of our own; None while `manage.py broadcast` holds the lock and does the work."""
    folder = Path(settings.VAR_DIR) / "ingest"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "broadcaster.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        broadcaster = Broadcaster()
        try:
            yield broadcaster
        finally:
            for picture in broadcaster.pictures.values():
                picture.stop()
