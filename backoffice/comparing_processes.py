"""Do the takes that are being received and the ffmpegs that run for them belong together (rules.md 15)?

An ffmpeg works in a folder of its take (livestreams/storage.py), which the kernel tells of every process.
Only what runs on the machine of this worker is seen; without the folder of the takes there is nothing to say.
"""

import os
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Q

from livestreams.models import Take
from livestreams.statuses import TakeStatus

STARTING = timedelta(minutes=1)
SENDING = timedelta(seconds=30)
PROCESSES = Path("/proc")


def take_differences(*, now: datetime) -> list[tuple[str, str, str, str]]:
    """Return (kind, subject, expected, found) for processes without a take and takes without a process."""
    root = Path(os.path.realpath(settings.MEDIA_ROOT)) / "live-work"
    if not root.is_dir():
        return []
    running = _running(root)
    known = set(Take.objects.filter(pk__in=running, finished_at=None).values_list("pk", flat=True))
    stray = [
        ("process_without_take", f"take:{pk}", "0", str(len(folders)))
        for pk, folders in running.items()
        if pk not in known
    ]
    twice = [
        ("processes_of_a_take", f"take:{pk}", "1", str(len(folders)))
        for pk, folders in running.items()
        if pk in known and len(folders) > 1
    ]
    sending = Take.objects.filter(
        Q(status=TakeStatus.RECEIVING), finished_at=None, next_seq__gt=0,
        started_at__lte=now - STARTING, last_chunk_at__gte=now - SENDING,
    )  # fmt: skip
    idle = [
        ("take_without_process", f"take:{pk}", "1", "0")
        for pk in sending.order_by("pk").values_list("pk", flat=True)
        if pk not in running
    ]
    return sorted(stray + twice + idle)


def _running(root: Path) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for process in PROCESSES.iterdir():
        if not process.name.isdigit():
            continue
        try:
            folder = Path(os.readlink(process / "cwd"))
        except OSError:  # it ended, or is somebody else's
            continue
        if folder.is_relative_to(root):
            take, *rest = folder.relative_to(root).parts or ("",)
            if take.isdigit():
                found[int(take)].add(rest[0] if rest else "")
    return found
