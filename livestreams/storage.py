"""Where the pieces of a broadcast lie. Names are made from numbers and UUIDs of ours only (rules.md E4)."""

import os
import shutil
from pathlib import Path
from uuid import UUID

from django.conf import settings

LIVE_PLAYLIST = "live.m3u8"
FULL_PLAYLIST = "full.m3u8"
POSTER = "poster.jpg"
INIT = "init.mp4"
SOURCE = "source"
CLIPS = "clips"


def ingest_folder(take_id: int) -> Path:
    """Return the folder of a take's acknowledged chunks: evidence, never trimmed (decisions.md 20)."""
    return Path(settings.VAR_DIR) / "ingest" / str(int(take_id))


def chunk_path(take_id: int, seq: int) -> Path:
    """Return the file of one chunk; what lies under this name is complete."""
    return ingest_folder(take_id) / f"{int(seq):08d}.chunk"


def free_bytes() -> int:
    """Return how much room there is for pictures: of the disks of chunks and of media, the fuller one's."""
    folders = [Path(settings.VAR_DIR), Path(settings.MEDIA_ROOT)]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    return min(shutil.disk_usage(folder).free for folder in folders)


def rtmp_folder() -> Path:
    """Return where the media server writes what OBS and streaming apps send, until it is cut into chunks."""
    return Path(settings.VAR_DIR) / "rtmp"


def rtmp_name(take_id: int) -> str:
    """Return the stream name that stands for the sender's secret from the first moment on."""
    return f"take-{int(take_id)}"


def rtmp_path(take_id: int) -> Path:
    """Return the media server's file of one take."""
    return rtmp_folder() / f"{rtmp_name(take_id)}.flv"


def state_path(take_id: int) -> Path:
    """Return the broadcaster's memory of a take: which segments are published."""
    return ingest_folder(take_id) / "published.json"


def work_folder(take_id: int) -> Path:
    """Return where ffmpeg works before publication, on the disk of the media so that a rename publishes."""
    return Path(settings.MEDIA_ROOT) / "live-work" / str(int(take_id))


def public_path(public_id: UUID, name: str = "") -> str:
    """Return the path of a broadcast's public file, relative to MEDIA_ROOT."""
    return f"public/live/{public_id}/{name}".rstrip("/")


def public_folder(public_id: UUID) -> Path:
    """Return the broadcast's public folder."""
    return Path(settings.MEDIA_ROOT) / public_path(public_id)


def share_folder(session_id: int) -> Path:
    """Return the folder of a show's drawn announcements; the media door does not serve it."""
    return Path(settings.MEDIA_ROOT) / "private" / "share" / str(int(session_id))


def private_folder(public_id: UUID) -> Path:
    """Return the broadcast's folder that the media door does not serve."""
    return Path(settings.MEDIA_ROOT) / "private" / "live" / str(public_id)


def picture_path(public_id: UUID) -> Path:
    """Return the file that tells what of a broadcast is published."""
    return private_folder(public_id) / "picture.json"


def take_folder(public_id: UUID, number: int) -> Path:
    """Return the public folder of one take's init and segments."""
    return public_folder(public_id) / "takes" / str(int(number))


def init_name(rendition: str = SOURCE) -> str:
    """Return the file name of a take's init."""
    return INIT if rendition == SOURCE else f"{rendition}-{INIT}"


def segment_name(index: int, rendition: str = SOURCE) -> str:
    """Return the file name of a take's segment."""
    return f"seg{index:06d}.m4s" if rendition == SOURCE else f"{rendition}-{index:06d}.m4s"


def media_url(path: str) -> str:
    """Return the address of a public path relative to MEDIA_ROOT; the media door serves MEDIA_ROOT/public."""
    return f"{settings.MEDIA_URL}{path.removeprefix('public/')}"


def write_atomically(path: Path, content: bytes, *, is_durable: bool = True) -> None:
    """Replace a file so that readers see the old or the new one; if durable, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(content)
        if is_durable:
            file.flush()
            os.fsync(file.fileno())
    temporary.replace(path)


def master_path(public_id: UUID) -> str:
    """Return the path of the whole show in one file, relative to MEDIA_ROOT; never served."""
    return f"private/live/{public_id}/master.mp4"


def hidden_folder(public_id: UUID) -> Path:
    """Return where the public folder lies while the replay is hidden."""
    return private_folder(public_id) / "hidden"


def withheld_folder(public_id: UUID) -> Path:
    """Return where pieces lie that were cut away from the replay, under the names of the public folder."""
    return private_folder(public_id) / "withheld"
