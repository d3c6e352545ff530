"""`manage.py broadcast`: the broadcaster process."""

import contextlib
import fcntl
import os
import signal
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from common.processes import die_with_parent
from livestreams.broadcaster.commands import ffmpeg_program
from livestreams.broadcaster.loop import Broadcaster


class Command(BaseCommand):
    """Turn acknowledged chunks into the live picture until stopped."""

    help = "Turn acknowledged chunks into the live picture until stopped."

    def handle(self, *args, **options) -> None:
        """Run; a second broadcaster of the same market waits until the first is gone."""
        if os.environ.get("MARKET_SUPERVISED"):
            die_with_parent()
        try:
            ffmpeg_program()
        except RuntimeError as error:
            raise CommandError("No ffmpeg found: run script/setup, or set IMAGEIO_FFMPEG_EXE.") from error
        broadcaster = Broadcaster()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: broadcaster.stop.set())
        with _only_one(broadcaster):
            self.stdout.write("broadcaster ready")
            broadcaster.run()


@contextlib.contextmanager
def _only_one(broadcaster: Broadcaster):
    folder = Path(settings.VAR_DIR) / "ingest"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "broadcaster.lock").open("w") as lock:
        while not broadcaster.stop.is_set():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                broadcaster.stop.wait(0.5)
                continue
            break
        yield
