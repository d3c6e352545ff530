"""What a clock does to many things, one after the other: one that fails keeps no other waiting."""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from common.errors import MarketError

logger = logging.getLogger(__name__)


def sweep_each(things: Iterable[Any], act: Callable[[Any], object], *, what: str) -> int:
    """Do `act` to each of the things and return how many of its answers were true.

    What is refused or fails is logged by its place (`what` and the thing: ids only) and left to the next
    sweep. `act` keeps a transaction of its own for each thing.
    """
    done = 0
    for thing in things:
        try:
            done += bool(act(thing))
        except MarketError as refusal:
            logger.warning("%s %s: not yet, %s", what, thing, refusal.code)
        except Exception:
            logger.exception("%s %s failed", what, thing)
    return done
