"""`manage.py receive_rtmp`: what OBS and apps send becomes chunks of their takes."""

import contextlib
import fcntl
import logging
import os
import signal
import threading
import time

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, close_old_connections

from common.clock import utc_now
from common.processes import die_with_parent
from livestreams import storage
from livestreams.models import Take
from livestreams.services import rtmp_receiving
from livestreams.statuses import TakeKind, TakeStatus

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.25
SWEEP_SECONDS = 5.0


class Command(BaseCommand):
    """Cut the media server's growing files into chunks until stopped."""

    help = "Cut the media server's growing files into chunks until stopped."

    def handle(self, *args, **options) -> None:
        """Run; a second one of the same market waits until the first is gone."""
        if os.environ.get("MARKET_SUPERVISED"):
            die_with_parent()
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        folder = storage.rtmp_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid not in (os.geteuid(), 0):
            raise CommandError(f"{folder} belongs to somebody else: nginx and this process share one user.")
        folder.chmod(0o700)
        with (folder / "receiver.lock").open("w") as lock:
            while not stop.is_set():
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    stop.wait(0.5)
            self.stdout.write("rtmp receiver ready")
            _work(stop)


def _work(stop: threading.Event) -> None:
    swept_at = 0.0
    while not stop.is_set():
        try:
            close_old_connections()
            for take_id in Take.objects.filter(kind=TakeKind.RTMP, status=TakeStatus.RECEIVING).values_list(
                "pk", flat=True
            ):
                _step(take_id)
            if time.monotonic() - swept_at > SWEEP_SECONDS:
                swept_at = time.monotonic()
                rtmp_receiving.remove_finished()
        except DatabaseError as error:
            logger.warning("the receiver lost the database (%s), trying again", error)
            with contextlib.suppress(DatabaseError):
                close_old_connections()
            stop.wait(1)
        except OSError:
            logger.exception("the receiver could not read or write, trying again")
            stop.wait(2)
        stop.wait(TICK_SECONDS)


def _step(take_id: int) -> None:
    now = utc_now()
    if rtmp_receiving.drain(take_id=take_id, now=now):
        rtmp_receiving.close_silent(take_id=take_id, now=now)
