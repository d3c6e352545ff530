"""Watch every take that is not finished yet; compose the playlists; survive what fails around us."""

import logging
import threading
import time

from django.db import DatabaseError, close_old_connections

from common.clock import utc_now
from livestreams import storage
from livestreams.broadcaster.places import Places
from livestreams.broadcaster.publishing import TakePublisher
from livestreams.models import Broadcast, Replay, Take
from livestreams.services import replaying
from livestreams.services.picture import save_picture
from livestreams.services.playlists import TakePicture, compose
from livestreams.services.receiving import close_receiving_take
from livestreams.statuses import ReplayStatus, SessionStatus, TakeStatus

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.1
LOOK_SECONDS = 0.5
KEEP_SECONDS = 10
REST_SECONDS = 2


class Picture:
    """One broadcast: its takes one after the other, so that the playlist only ever grows at its end."""

    def __init__(self, broadcast: Broadcast, places: Places):
        self.places = places
        self.broadcast_id = broadcast.pk
        self.session_id = broadcast.session_id
        self.public_id = broadcast.public_id
        self.has_picture = broadcast.picture_at is not None
        self.is_over = False
        self.kept_at = self.rests_until = 0.0
        self.publishers: dict[int, TakePublisher] = {}
        self.started: dict[int, Take] = {}

    def look(self) -> None:
        """Take over from the database which takes there are, and which are closed."""
        for take in Take.objects.filter(broadcast=self.broadcast_id).order_by("number"):
            self.started[take.pk] = take
            if take.pk not in self.publishers:
                self.publishers[take.pk] = TakePublisher(
                    take_id=take.pk,
                    number=take.number,
                    mime=take.mime,
                    public_id=self.public_id,
                    places=self.places,
                )
            if take.status == TakeStatus.CLOSED:
                self.publishers[take.pk].close_after(take.next_seq)
        self.is_over = Broadcast.objects.filter(
            pk=self.broadcast_id, session__status=SessionStatus.ENDED
        ).exists()

    def step(self) -> bool:
        """Publish what is ready; return whether the whole broadcast is finished."""
        for take_id, publisher in self.publishers.items():
            if publisher.is_finished:
                self._note_finished(take_id, publisher)
                continue
            if publisher.step():
                self._compose()
                self._tell_first_picture()
                if publisher.is_finished or time.monotonic() - self.kept_at >= KEEP_SECONDS:
                    self._keep_picture()
            if publisher.is_finished:
                self._note_finished(take_id, publisher)
                continue
            return False
        if not self.is_over:
            return False
        self._complete()
        return True

    def takes(self) -> list[TakePicture]:
        """Return what is published, take by take."""
        return [
            TakePicture(
                number=publisher.number,
                began_at=self.started[take_id].began_at or self.started[take_id].started_at,
                renditions=publisher.renditions(),
            )
            for take_id, publisher in self.publishers.items()
            if publisher.count
        ]

    def _compose(self, *, is_live: bool = True, is_over: bool = False) -> None:
        folder = storage.public_folder(self.public_id)
        for name, text in compose(self.takes(), is_live=is_live, is_over=is_over).items():
            storage.write_atomically(folder / name, text.encode(), is_durable=not is_live)

    def _keep_picture(self) -> None:
        """Write down what is published, now and then: it outlives the chunks."""
        self.kept_at = time.monotonic()
        save_picture(self.public_id, self.takes())

    def _tell_first_picture(self) -> None:
        if not self.has_picture and self.takes():
            replaying.note_picture(broadcast_id=self.broadcast_id, now=utc_now())
            self.has_picture = True

    def _note_finished(self, take_id: int, publisher: TakePublisher) -> None:
        if self.started[take_id].finished_at is not None:
            return
        now = utc_now()
        if publisher.refusal:
            close_receiving_take(take_id=take_id, reason=publisher.refusal, now=now)
        Take.objects.filter(pk=take_id).update(finished_at=now, duration_ms=publisher.length_ms)
        self.started[take_id].finished_at = now

    def _complete(self) -> None:
        takes = self.takes()
        if takes:
            self._keep_picture()
            self._compose(is_live=False)
            self._compose(is_over=True)
        replaying.complete_picture(session_id=self.session_id, takes=takes, now=utc_now())
        logger.info("session %s: picture complete, %s takes", self.session_id, len(takes))

    def stop(self) -> None:
        """Let go of every ffmpeg."""
        for publisher in self.publishers.values():
            publisher.stop()


class Broadcaster:
    """The process's loop; `stop` may be set from a signal handler."""

    def __init__(self):
        self.stop = threading.Event()
        self.places = Places()
        self.pictures: dict[int, Picture] = {}

    def run(self) -> None:
        """Work until stopped."""
        looked_at = 0.0
        try:
            while not self.stop.is_set():
                try:
                    if time.monotonic() - looked_at >= LOOK_SECONDS:
                        looked_at = time.monotonic()
                        self.look()
                    self.step()
                except DatabaseError as error:
                    logger.warning("the broadcaster lost the database (%s), trying again", error)
                    close_old_connections()
                    self.stop.wait(1)
                except OSError:
                    logger.exception("the broadcaster could not write, trying again")
                    self.stop.wait(2)
                self.stop.wait(TICK_SECONDS)
        finally:
            for picture in self.pictures.values():
                picture.stop()

    def look(self) -> None:
        """Find the broadcasts that have work."""
        close_old_connections()
        waiting = set(
            Take.objects.filter(finished_at=None).values_list("broadcast", flat=True).distinct()
        ) | set(
            Replay.objects.filter(
                status=ReplayStatus.PROCESSING, playlist_path="", session__status=SessionStatus.ENDED
            ).values_list("session__broadcast", flat=True)
        )
        for broadcast in Broadcast.objects.filter(pk__in=waiting - set(self.pictures)):
            self.pictures[broadcast.pk] = Picture(broadcast, self.places)
        for picture in self.pictures.values():
            picture.look()

    def step(self) -> None:
        """Move every picture on; one that fails must not stop the others."""
        for broadcast_id, picture in list(self.pictures.items()):
            if time.monotonic() < picture.rests_until:
                continue
            try:
                is_complete = picture.step()
            except DatabaseError:
                raise
            except Exception:
                logger.exception("broadcast %s: could not go on, trying again", broadcast_id)
                picture.rests_until = time.monotonic() + REST_SECONDS
                continue
            if is_complete:
                del self.pictures[broadcast_id]
