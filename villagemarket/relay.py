"""`python -m villagemarket.relay`: brings the rooms to nginx's nchan (ROOM_STREAM=nchan)."""

import asyncio
import contextlib
import os
import signal

import django
from django.conf import settings

from common.processes import die_with_parent


def main() -> None:
    """Work until told to stop."""
    if os.environ.get("MARKET_SUPERVISED"):
        die_with_parent()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "villagemarket.settings")
    django.setup()
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_work())


async def _work() -> None:
    # They use models: they can be imported only now.
    from realtime.relay import Relay  # noqa: PLC0415
    from villagemarket.grants import recheck  # noqa: PLC0415

    working = asyncio.current_task()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, working.cancel)
    await Relay(valkey=settings.REDIS_URL, nchan=settings.NCHAN_PUBLISH, recheck=recheck).run()


if __name__ == "__main__":
    main()
