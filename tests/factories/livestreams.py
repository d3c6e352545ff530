"""Shows, their goods, their recordings."""

import subprocess
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import imageio_ffmpeg

from common.clock import database_now
from livestreams.models import Broadcast, FlashDeal, LiveSession, PinEvent, RundownItem, Take
from livestreams.services.dealing import create_deal
from livestreams.statuses import ON_AIR, SessionStatus
from shops.models import Host, Shop, Variant

NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
MIME = "video/webm;codecs=h264,opus"


def make_session(
    *, host: Host, shop: Shop, status: str = SessionStatus.LIVE, at: datetime = NOW, **fields
) -> LiveSession:
    """Make a show; on air it has a broadcast and began at `at`."""
    values = {"title": "青稞丰收", "scheduled_at": at, "created_at": at - timedelta(days=1)} | fields
    if status in ON_AIR or status == SessionStatus.ENDED:
        values.setdefault("started_at", at)
    if status != SessionStatus.DRAFT:
        values.setdefault("announced_at", values["created_at"])
    session = LiveSession.objects.create(host=host, shop=shop, status=status, **values)
    if status in ON_AIR or status == SessionStatus.ENDED:
        Broadcast.objects.create(session=session, public_id=uuid.uuid4(), created_at=at)
    return session


def add_to_rundown(
    *, session: LiveSession, variant: Variant, live_price_fen: int | None = None, **fields
) -> RundownItem:
    """Put a variant into the rundown."""
    position = session.rundown.count() + 1
    return RundownItem.objects.create(
        session=session, variant=variant, position=position, live_price_fen=live_price_fen, **fields
    )


def make_pin(*, item: RundownItem, at: datetime = NOW, closed_at: datetime | None = None) -> PinEvent:
    """Show an item."""
    return PinEvent.objects.create(session=item.session, rundown_item=item, opened_at=at, closed_at=closed_at)


def make_deal(
    *,
    item: RundownItem,
    price_fen: int = 5000,
    quantity: int = 10,
    per_buyer: int | None = None,
    seconds: int = 300,
    countdown: int = 0,
    starts: bool = True,
) -> FlashDeal:
    """Let the host sell some of an item at a deal's price, by the database's clock; the session is on air."""
    return create_deal(
        actor=item.session.host.user, session_id=item.session_id, item_id=item.pk, price_fen=price_fen,
        quantity=quantity, per_buyer=per_buyer, seconds=seconds, countdown=countdown, starts=starts,
        now=database_now(),
    )  # fmt: skip


def make_take(
    *, session: LiveSession, number: int = 1, mime: str = MIME, at: datetime = NOW, **fields
) -> Take:
    """Make a recording that is being received."""
    return Take.objects.create(broadcast=session.broadcast, number=number, mime=mime, started_at=at, **fields)


_recordings: dict[tuple, bytes] = {}


def record(
    *,
    seconds: float,
    folder: Path,
    keyframe_seconds: float = 1,
    codec: str = "libx264",
    frequency: int = 440,
    container: str = "matroska",
    size: str = "180x320",
    is_reordered: bool = False,
    scene: str = "",
) -> bytes:
    """Return what a recorder would give: a stream with a test card and a tone.

    `container`: matroska or fragmented mp4 (browsers), flv (OBS). `is_reordered`: with B-frames.
    The same wishes are recorded once in each process.
    """
    wishes = (seconds, keyframe_seconds, codec, frequency, container, size, is_reordered, scene)
    if wishes in _recordings:
        return _recordings[wishes]
    target = folder / f"recording-{uuid.uuid4().hex}"
    picture = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-sc_threshold",
        "0",
        "-bf",
        "2" if is_reordered else "0",
    ]
    if codec == "libvpx":
        picture = ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "400k"]
    frames = str(int(25 * keyframe_seconds))
    wrapping = {
        "matroska": ["-c:a", "libopus", "-f", "matroska", "-live", "1", "-cluster_time_limit", "500"],
        "mp4": ["-c:a", "aac", "-f", "mp4", "-movflags", "frag_keyframe+empty_moov+default_base_moof"],
        "flv": ["-c:a", "aac", "-ar", "44100", "-f", "flv", "-flvflags", "no_duration_filesize"],
    }[container]
    subprocess.run(
        [
            imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y",
            "-f", "lavfi", "-i", scene or f"testsrc2=size={size}:rate=25",
            "-f", "lavfi", "-i", f"sine={frequency}:sample_rate=48000",
            "-t", str(seconds), *picture, "-g", frames, "-keyint_min", frames, "-pix_fmt", "yuv420p",
            *wrapping, str(target),
        ],
        check=True,
    )  # fmt: skip
    _recordings[wishes] = target.read_bytes()
    return _recordings[wishes]


def cut(recording: bytes, pieces: int) -> list[bytes]:
    """Cut a recording into so many chunks, anywhere, as a recorder does."""
    size = -(-len(recording) // pieces)
    return [recording[start : start + size] for start in range(0, len(recording), size)]
