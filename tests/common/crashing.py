"""The market's Celery with two tasks of the tests: one kills its worker, one tells where it ran."""

import os
import signal
import time
from pathlib import Path

from villagemarket.celery import app

__all__ = ["app"]


@app.task(name="tests.crash")
def crash(path: str, times: int) -> None:
    """Kill the worker process until it has happened `times` times."""
    with Path(path).open("a") as log:
        log.write("x")
    if len(Path(path).read_text()) <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0)
