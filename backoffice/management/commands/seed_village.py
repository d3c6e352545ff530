"""`manage.py seed_village`: the demo village, with everything that has happened in it so far."""

import contextlib
import logging
import time
from collections.abc import Iterator
from pathlib import Path

from celery import current_app
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from backoffice.demo.caring import care_for_buyers
from backoffice.demo.film import FilmError
from backoffice.demo.freighting import write_freight
from backoffice.demo.giving import offer_gifts
from backoffice.demo.pieces import PiecesMissingError
from backoffice.demo.pooling import pool_honey
from backoffice.demo.provider import ProviderError, played_provider, tell_provider
from backoffice.demo.reviewing import review_what_came
from backoffice.demo.selling import sell_last_week, sell_this_week
from backoffice.demo.settling import read_old_mail, settle_last_week
from backoffice.demo.showing import ShowError, announce_next_show, hold_past_show
from backoffice.demo.steps import Steps
from backoffice.demo.stocking import pictures_to_draw, stock_village
from backoffice.demo.studio import FILM, Studio
from common import outbox
from common.clock import utc_now
from common.errors import MarketError
from common.models import OutboxMessage

FAULTS = (FilmError, PiecesMissingError, ProviderError, ShowError)


class Command(BaseCommand):
    """Fill an empty demo; a second run changes nothing, and a killed one is completed by the next."""

    help = "Fill the demo village: people, goods, shows, orders, tallies. Repeatable; refuses in production."

    def add_arguments(self, parser) -> None:
        """Take the size of the pictures."""
        parser.add_argument("--small", action="store_true", help="small pictures and a short film, for tests")

    def handle(self, *args, **options) -> None:
        """Seed."""
        if settings.IS_PRODUCTION:
            raise CommandError("seed_village makes demo people with known passwords: not in production.")
        started = time.monotonic()
        steps = Steps(now=utc_now())
        if steps.is_done("village"):
            self._say("the demo village is there already", options)
            return
        self._say("making the demo village: pictures, a film, orders (half a minute or so)", options)
        try:
            with Studio(is_small=options["small"]) as studio, played_provider():
                for line in _story(steps, studio):
                    self._say(f"{time.monotonic() - started:5.1f} s  {line}", options)
        except MarketError as error:
            raise CommandError(f"the demo village could not be seeded: {error} ({error.code})") from error
        except FAULTS as error:
            raise CommandError(f"the demo village could not be seeded: {error}") from error
        self._say(f"the demo village is ready ({time.monotonic() - started:.0f} s)", options)

    def _say(self, line: str, options: dict) -> None:
        if options["verbosity"]:
            self.stdout.write(line)
            self.stdout.flush()


def _story(steps: Steps, studio: Studio) -> Iterator[str]:
    if not steps.is_done("past show"):
        # The film takes longest: it is shot while everything else is set up.
        studio.order([FILM])
    studio.order(pictures_to_draw(steps))
    studio.order(f"cover/{when}" for when in ("past", "next") if not steps.is_done(f"{when} show"))
    yield from stock_village(steps, studio)
    yield from offer_gifts(steps)
    yield from hold_past_show(steps, studio)
    yield from sell_last_week(steps)
    yield from settle_last_week(steps)
    yield from sell_this_week(steps)
    yield from pool_honey(steps, studio)
    yield from pool_honey(steps, studio)
    yield from review_what_came(steps)
    yield from write_freight(steps)
    yield from announce_next_show(steps, studio)
    yield from care_for_buyers(steps)
    read_old_mail(steps)
    yield f"the provider knows of {tell_provider()} payments"
    yield f"{run_waiting_work()} messages and announcements are out"
    steps.once("village", lambda: None)


def run_waiting_work() -> int:
    """Run what the outbox holds instead of leaving hundreds to the worker; return how many ran.

    What fails stays in the outbox, where the worker finds it again.
    """
    current_app.loader.import_default_modules()  # the tasks.py of every app, as a worker does
    done, last = 0, 0
    with _quiet_channels():
        while True:
            waiting = OutboxMessage.objects.filter(done_at=None, quarantined_at=None, pk__gt=last)
            batch = list(waiting.order_by("pk").values_list("pk", flat=True)[:200])
            if not batch:
                return done
            for last in batch:
                done += outbox.deliver(last, now=utc_now())


@contextlib.contextmanager
def _quiet_channels() -> Iterator[None]:
    """Keep old messages off the terminal: SMS are in var/log/sms.log as ever, mail goes to mail.log."""
    sms = logging.getLogger("notifications.channels.sms")
    level = sms.level
    sms.setLevel(logging.WARNING)
    log = Path(settings.VAR_DIR) / "log" / "mail.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("a", encoding="utf-8") as file, contextlib.redirect_stdout(file):
            yield
    finally:
        sms.setLevel(level)
