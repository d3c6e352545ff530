"""PDF documents: received whole, told by their bytes, kept where no media door looks."""

from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

from uploads.errors import NotADocument
from uploads.services.storing import StoredFile, forget, store_original

START = b"%PDF-"
END = b"%%EOF"
# Writers may leave some bytes behind the end mark; readers look for it so far from the end.
TAIL_BYTES = 1024
LEAST_BYTES = 200


def store_pdf(chunks: Iterable[bytes], *, name: str, max_bytes: int) -> StoredFile:
    """Keep a PDF privately under a name of ours.

    Raises NotADocument, FileTooLarge and DiskFull; then nothing is left behind.
    """
    stored = store_original(chunks, name=name, max_bytes=max_bytes)
    if not _is_pdf(Path(settings.MEDIA_ROOT) / stored.path, stored.size):
        forget(stored.path)
        raise NotADocument()
    return stored


def _is_pdf(path: Path, size: int) -> bool:
    if size < LEAST_BYTES:
        return False
    with path.open("rb") as file:
        start = file.read(len(START))
        file.seek(max(size - TAIL_BYTES, 0))
        tail = file.read()
    return start == START and END in tail and b"startxref" in tail
