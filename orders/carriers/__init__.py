"""Who carries parcels, and who tells us where they are."""

from collections.abc import Callable

from django.conf import settings

from orders.carriers.base import Tracker
from orders.carriers.kuaidi100 import Kuaidi100

ADAPTERS: dict[str, Callable[[], Tracker]] = {"kuaidi100": Kuaidi100.from_settings}


def get_tracker() -> Tracker | None:
    """Return who follows our parcels; None when settings.TRACKER names nobody."""
    return ADAPTERS[settings.TRACKER]() if settings.TRACKER else None
