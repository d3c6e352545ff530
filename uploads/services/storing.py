"""Files arrive whole or not at all: temp file → fsync → rename (rules.md 9)."""

import errno
import hashlib
import os
import tempfile
import time
from collections.abc import Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from uploads.errors import DiskFull, FileTooLarge

PART_PREFIX = ".part-"
PART_KEPT_SECONDS = 3600
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class StoredFile:
    """A received file: its path relative to MEDIA_ROOT, its size in bytes and its SHA-256."""

    path: str
    size: int
    sha256: str


def public_root() -> Path:
    """Return the folder that the media door serves to everybody."""
    return Path(settings.MEDIA_ROOT) / "public"


def private_root() -> Path:
    """Return the folder of originals, which no door serves, and of photos for a few eyes."""
    return Path(settings.MEDIA_ROOT) / "private"


@contextmanager
def whole_file(target: Path, *, mode: int = 0o644):
    """Yield a writable binary file that appears as `target` only when it is complete and on disk.

    Raises DiskFull when there is no room; then, and at any other error, nothing is left behind.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=PART_PREFIX, dir=target.parent)
    except OSError as error:
        raise _refusal(error) from error
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        part.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        raise _refusal(error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def store_original(chunks: Iterable[bytes], *, name: str, max_bytes: int) -> StoredFile:
    """Keep what a phone sent, privately and under a name of ours, counting bytes as they arrive.

    `name` is made by the server. Raises FileTooLarge past `max_bytes` and DiskFull.
    """
    relative = Path("private") / "originals" / name[:2] / f"{name}.bin"
    digest = hashlib.sha256()
    size = 0
    with whole_file(Path(settings.MEDIA_ROOT) / relative, mode=0o600) as file:
        for chunk in chunks:
            size += len(chunk)
            if size > max_bytes:
                raise FileTooLarge()
            digest.update(chunk)
            file.write(chunk)
    return StoredFile(path=str(relative), size=size, sha256=digest.hexdigest())


def forget(path: str) -> None:
    """Delete a stored file by its path relative to MEDIA_ROOT; missing is fine."""
    (Path(settings.MEDIA_ROOT) / path).unlink(missing_ok=True)


def clear_parts(folder: Path) -> None:
    """Delete what killed processes left unfinished in a folder more than an hour ago."""
    for part in folder.glob(f"{PART_PREFIX}*"):
        with suppress(OSError):
            if part.stat().st_mtime < time.time() - PART_KEPT_SECONDS:
                part.unlink()


def _refusal(error: OSError) -> Exception:
    return DiskFull() if error.errno in _FULL else error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
